// The schedule among lanes, clients and a router that do what chance wants, for hours of their
// time.
#include "actors/models/turns/schedule.hpp"
#include "bench/models/simulated_router.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>

namespace synapse::models {
namespace {

constexpr time_ns ms = 1'000'000;
constexpr time_ns sec = 1'000'000'000;

struct plan {
  unsigned seed = 1;
  std::size_t models = 4;
  unsigned room = 1;
  bool chaos = false; ///< restarts, slow lists, lost answers, other people's loads
  time_ns between = 1 * sec;
};

/// Messages between the parties take their time, and overtake nobody on their way.
class world {
public:
  world(const plan& what, schedule_limits limits)
      : plan_(what), limits_(limits), subject_(lane_count, limits), dice_(what.seed) {
    for (std::size_t i = 0; i < what.models; ++i)
      names_.push_back("m" + std::to_string(i));
    router_ = std::make_unique<simulated_router>(names_, what.room);
    lanes_.resize(lane_count);
  }

  void run(time_ns busy_for) {
    const auto end = now_ + busy_for;
    after(0, [this] { ask_list(); });
    arrive(end);
    if (plan_.chaos)
      mishap(end);
    events(end);
    // Nobody comes any more: all that waits is decided, all that runs ends.
    const auto quiet = end + 4 * limits_.max_wait + 4 * limits_.load_timeout;
    events(quiet);
    EXPECT_EQ(subject_.waiting(), 0U);
    EXPECT_FALSE(subject_.contended());
    EXPECT_FALSE(subject_.changing());
    EXPECT_EQ(subject_.due(), 0);
    EXPECT_TRUE(open_tickets_.empty()) << open_tickets_.size() << " were never decided";
    for (const auto& one : lanes_)
      for (const auto& [model, count] : one.uses)
        EXPECT_EQ(count, 0) << model;
  }

  unsigned granted = 0;
  unsigned denied = 0;
  unsigned abandoned = 0;
  unsigned unloads = 0;
  unsigned steps = 0;

private:
  static constexpr std::size_t lane_count = 3;

  struct view {
    bool contended = false;
    std::map<std::string, turn> turns;
  };
  struct lane {
    view known;
    std::map<std::string, int> uses;
    std::map<std::string, time_ns> last;
    time_ns inbox = 0;  ///< when the last message on its way arrives there
    time_ns outbox = 0; ///< likewise at the schedule
  };
  struct asked {
    std::size_t lane = 0;
    time_ns since = 0;
    purpose what = purpose::request;
  };

  // ---- time ----

  void after(time_ns delay, std::function<void()> what) {
    queue_.emplace(std::pair{now_ + delay, ++order_}, std::move(what));
  }
  /// In order with what went the same way before.
  void send(time_ns& channel, std::function<void()> what) {
    channel = std::max(channel, now_ + any(0, 3 * ms));
    queue_.emplace(std::pair{channel, ++order_}, std::move(what));
  }
  time_ns any(time_ns from, time_ns to) {
    return std::uniform_int_distribution<time_ns>{from, to}(dice_);
  }
  bool chance(unsigned percent) { return any(0, 99) < static_cast<time_ns>(percent); }
  const std::string& model() { return names_[static_cast<std::size_t>(any(0, plan_.models - 1))]; }

  void events(time_ns until) {
    while (!queue_.empty() && queue_.begin()->first.first <= until) {
      auto node = queue_.extract(queue_.begin());
      ASSERT_GE(node.key().first, now_);
      now_ = node.key().first;
      router_->pass(now_);
      ++steps;
      node.mapped()();
    }
    now_ = until;
  }

  /// What the manager does after every word to its schedule.
  void follow() {
    const auto actions = subject_.take_actions();
    const auto has = [&](action::kind what) {
      return std::any_of(actions.begin(), actions.end(),
                         [&](const action& one) { return one.what == what; });
    };
    // A lane has to hear of a grant before it hears that the model closes.
    for (const auto& one : actions)
      if (one.what == action::kind::decide)
        decided(one.verdict);
    if (has(action::kind::view))
      publish();
    for (const auto& one : actions)
      if (one.what == action::kind::load || one.what == action::kind::unload)
        tell_router(one.what == action::kind::load, one.model);
    if (has(action::kind::list))
      ask_list();
    const auto due = subject_.due();
    if (due == 0 || (tick_at_ != 0 && tick_at_ <= due && tick_at_ > now_))
      return;
    ASSERT_GT(due, now_) << "there is something to do, and it was not done";
    tick_at_ = due;
    after(due - now_, [this] {
      subject_.tick(now_);
      follow();
    });
  }

  // ---- lanes and clients ----

  void publish() {
    view now;
    now.contended = subject_.contended();
    for (const auto& name : names_)
      now.turns[name] = subject_.turn_of(name);
    for (std::size_t i = 0; i < lane_count; ++i)
      send(lanes_[i].inbox, [this, i, now] { on_view(i, now); });
  }

  void on_view(std::size_t index, const view& next) {
    auto& mine = lanes_[index];
    const auto before = std::exchange(mine.known, next);
    for (const auto& [name, turn] : next.turns) {
      const auto old = before.turns.contains(name) ? before.turns.at(name) : models::turn{};
      if (next.contended && turn.open && (!before.contended || !old.open))
        tell_usage(index, name);
      if (turn.closing != old.closing)
        tell_drained(index, name);
    }
  }
  void tell_usage(std::size_t index, const std::string& name) {
    auto& mine = lanes_[index];
    const auto count = static_cast<std::uint32_t>(mine.uses[name]);
    send(mine.outbox, [this, index, name, count, last = mine.last[name]] {
      subject_.usage(index, name, count, last, now_);
      follow();
    });
  }
  void tell_drained(std::size_t index, const std::string& name) {
    auto& mine = lanes_[index];
    const auto closing = mine.known.turns[name].closing;
    if (closing != 0 && mine.uses[name] == 0)
      send(mine.outbox, [this, index, name, closing] {
        subject_.drained(index, name, closing, now_);
        follow();
      });
  }
  void begin(std::size_t index, const std::string& name) {
    auto& mine = lanes_[index];
    mine.last[name] = now_;
    if (++mine.uses[name] == 1 && mine.known.contended)
      tell_usage(index, name);
    const auto long_one = chance(3);
    after(long_one ? any(10 * sec, 60 * sec) : any(10 * ms, 4 * sec), [this, index, name] {
      auto& user = lanes_[index];
      user.last[name] = now_;
      if (--user.uses[name] > 0)
        return;
      if (user.known.contended)
        tell_usage(index, name);
      tell_drained(index, name);
    });
  }

  void arrive(time_ns end) {
    if (now_ >= end)
      return;
    const auto index = static_cast<std::size_t>(any(0, lane_count - 1));
    const auto name = chance(1) ? std::string{"unknown"} : model();
    if (chance(1))
      everything();
    if (lanes_[index].known.turns[name].open && !chance(3)) {
      begin(index, name);
    } else {
      const auto what = chance(80)   ? purpose::request
                        : chance(50) ? purpose::no_wait
                        : chance(50) ? purpose::load
                                     : purpose::unload;
      send(lanes_[index].outbox, [this, index, name, what] { ask(index, name, what); });
    }
    after(any(0, 2 * plan_.between), [this, end] { arrive(end); });
  }

  void ask(std::size_t index, const std::string& name, purpose what) {
    const auto ticket = subject_.ask(name, what, now_);
    EXPECT_TRUE(open_tickets_.emplace(ticket, asked{index, now_, what}).second);
    follow();
    if (chance(15))
      after(any(0, 20 * sec), [this, ticket] {
        if (open_tickets_.erase(ticket) == 0)
          return;
        ++abandoned;
        subject_.abandon(ticket, now_);
        follow();
      });
  }

  void everything() {
    if (holding_)
      return;
    const auto ticket = subject_.ask({}, purpose::everything, now_);
    holding_ = ticket;
    open_tickets_.emplace(ticket, asked{0, now_, purpose::everything});
    follow();
  }

  void decided(const verdict& word) {
    auto node = open_tickets_.extract(word.ticket);
    ASSERT_TRUE(node) << "decided twice, or after it was given up";
    EXPECT_LE(now_ - node.mapped().since, limits_.max_wait);
    (word.why == denial::none ? granted : denied) += 1;
    if (node.mapped().what == purpose::everything)
      return has_everything(word);
    const bool begins =
        node.mapped().what == purpose::request || node.mapped().what == purpose::no_wait;
    if (word.why != denial::none || !begins)
      return;
    EXPECT_EQ(word.id, word.model);
    ++on_their_way_[word.model];
    send(lanes_[node.mapped().lane].inbox, [this, index = node.mapped().lane, word] {
      --on_their_way_[word.model];
      begin(index, word.model);
    });
  }

  void has_everything(const verdict& word) {
    if (word.why != denial::none) {
      holding_.reset();
      return;
    }
    // What a router lost when it crashed is not in use, although its clients may not have noticed.
    for (const auto& name : names_)
      EXPECT_TRUE(!router_->can_answer(name) || users(name) == 0)
          << "everything was given away while " << name << " was in use";
    if (chance(50))
      router_->restart();
    after(any(0, 90 * sec), [this] {
      holding_.reset();
      subject_.release(now_);
      follow();
    });
  }

  int users(const std::string& name) const {
    int all = 0;
    for (const auto& one : lanes_)
      if (const auto found = one.uses.find(name); found != one.uses.end())
        all += found->second;
    const auto coming = on_their_way_.find(name);
    return all + (coming == on_their_way_.end() ? 0 : coming->second);
  }

  // ---- the router ----

  void tell_router(bool load, const std::string& name) {
    after(any(0, 20 * ms), [this, load, name] {
      auto how = router_answer::unreachable;
      const bool lost = plan_.chaos && (down_ || chance(5));
      if (!lost)
        how = load ? begin_load(name) : begin_unload(name);
      if (plan_.chaos && !lost && chance(5))
        how = router_answer::unreachable; // it was done, and nobody heard
      if (plan_.chaos && chance(3))
        how = router_answer::refused;
      after(any(0, 20 * ms), [this, load, name, how] {
        if (load)
          subject_.load_answered(name, how, "because", now_);
        else
          subject_.unload_answered(name, how, "because", now_);
        follow();
      });
    });
  }
  router_answer begin_load(const std::string& name) {
    if (!plan_.chaos) {
      EXPECT_FALSE(router_->can_answer(name)) << name << " is loaded already";
      EXPECT_TRUE(plan_.room == 0 || router_->resident() < plan_.room) << "there is no room";
    }
    const bool never = plan_.chaos && chance(3);
    return router_->load(name, now_ + (never ? 10 * limits_.load_timeout : any(1 * sec, 12 * sec)),
                         chance(4));
  }
  router_answer begin_unload(const std::string& name) {
    ++unloads;
    // A router that was started anew has cut off all by itself, so only what is there counts.
    if (router_->can_answer(name)) {
      EXPECT_EQ(users(name), 0) << name << " is in use";
    }
    return router_->unload(name, now_ + (chance(5) ? 9 * sec : any(5 * ms, 300 * ms)));
  }

  void ask_list() {
    if (list_asked_ != 0) {
      list_again_ = true;
      return;
    }
    list_asked_ = now_;
    const bool slow = plan_.chaos && chance(2);
    after(any(0, 10 * ms), [this, slow] {
      auto said = down_ ? std::optional<catalog>{} : router_->list();
      if (slow)
        said.reset();
      after(slow ? 5 * sec : any(0, 10 * ms), [this, slow, said] {
        const auto asked_at = std::exchange(list_asked_, 0);
        if (said)
          subject_.listed(*said, asked_at, now_);
        else
          subject_.list_failed(!slow, slow && chance(30), "it is away", now_);
        if (std::exchange(list_again_, false))
          ask_list();
        follow();
        // It is asked for again for as long as something changes, and now and then anyway.
        const auto number = ++list_number_;
        after(subject_.changing() || holding_ ? limits_.poll : 15 * sec, [this, number] {
          if (number == list_number_)
            ask_list();
        });
      });
    });
  }

  /// What nobody had asked for.
  void mishap(time_ns end) {
    if (now_ >= end) {
      down_ = false;
      for (const auto& name : names_)
        if (router_->state_of(name) == router_state::loading)
          router_->set(name, router_state::loading, now_ + 1 * sec);
      return;
    }
    const auto& name = model();
    if (chance(20)) {
      router_->restart();
      down_ = true;
      after(any(1 * sec, 2 * limits_.restart_patience), [this] { down_ = false; });
    } else if (chance(30)) {
      if (router_->state_of(name) == router_state::unloaded)
        router_->load(name, now_ + any(1 * sec, 90 * sec)); // somebody else's
    } else if (chance(30)) {
      router_->set(name, chance(50) ? router_state::unloaded : router_state::failed); // it crashed
    } else {
      subject_.suspect(name, now_);
      follow();
    }
    after(any(5 * sec, 120 * sec), [this, end] { mishap(end); });
  }

  plan plan_;
  schedule_limits limits_;
  schedule subject_;
  std::mt19937 dice_;
  std::vector<std::string> names_;
  std::unique_ptr<simulated_router> router_;
  std::vector<lane> lanes_;
  std::map<std::pair<time_ns, std::uint64_t>, std::function<void()>> queue_;
  std::uint64_t order_ = 0;
  time_ns now_ = 1000 * sec;
  time_ns tick_at_ = 0;
  time_ns list_asked_ = 0;
  bool list_again_ = false;
  std::uint64_t list_number_ = 0;
  bool down_ = false;
  std::optional<ticket_id> holding_;
  std::map<ticket_id, asked> open_tickets_;
  std::map<std::string, int> on_their_way_;
};

void run(plan what) {
  for (unsigned seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    what.seed = seed;
    schedule_limits limits;
    limits.max_loaded = what.room;
    limits.max_waiting = 40;
    limits.max_wait = 120 * sec;
    limits.load_timeout = 60 * sec;
    limits.batch_window = (seed % 3) * 5 * sec;
    world all{what, limits};
    all.run(3600 * sec);
    EXPECT_GT(all.steps, 5'000U);
    EXPECT_GT(all.granted, 100U);
    EXPECT_GT(all.denied, 10U);
    EXPECT_GT(all.abandoned, 5U);
    if (what.room != 0) {
      EXPECT_GT(all.unloads, 20U);
    }
    if (testing::Test::HasFailure())
      return;
  }
}

TEST(schedule_at_random, with_room_for_one) {
  run({.room = 1});
}
TEST(schedule_at_random, with_room_for_two) {
  run({.models = 5, .room = 2});
}
TEST(schedule_at_random, with_room_for_all) {
  run({.room = 0});
}
TEST(schedule_at_random, with_many_requests) {
  run({.models = 3, .room = 1, .between = 100 * ms});
}
TEST(schedule_at_random, with_a_router_that_fails_in_every_way) {
  run({.room = 1, .chaos = true});
}
TEST(schedule_at_random, with_a_larger_router_that_fails_in_every_way) {
  run({.models = 5, .room = 2, .chaos = true, .between = 500 * ms});
}

} // namespace
} // namespace synapse::models
