// synapse-model-turns: how long requests wait for their models, by the gateway's rules and by plain
// order of arrival. Simulated time, the same traffic for all; the rules are the gateway's own code.
//
//   synapse-model-turns [--hours N] [--seed N]
#include "actors/models/turns/schedule.hpp"
#include "bench/models/simulated_router.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace synapse::models;

constexpr time_ns ms = 1'000'000;
constexpr time_ns sec = 1'000'000'000;
constexpr time_ns load_takes = 6 * sec;
constexpr time_ns unload_takes = 100 * ms;
constexpr std::size_t models = 5;
constexpr std::size_t slots = 4;
constexpr double mean_request_s = 2;

struct request {
  time_ns arrives = 0;
  std::string model;
  time_ns takes = 0;
};

struct load_level {
  double per_minute = 0;
  double favourite = 0; ///< share of requests for the first model, beyond its fifth of the rest
};

std::vector<request> traffic(const load_level& level, double hours, unsigned seed) {
  std::mt19937_64 dice(seed);
  std::exponential_distribution<double> gap(level.per_minute / 60);
  std::exponential_distribution<double> length(1 / mean_request_s);
  std::uniform_int_distribution<std::size_t> any(0, models - 1);
  std::bernoulli_distribution first(level.favourite);
  std::vector<request> all;
  for (double at = gap(dice); at < hours * 3600; at += gap(dice))
    all.push_back({sec + static_cast<time_ns>(at * sec),
                   "model-" + std::to_string(first(dice) ? 0 : any(dice)),
                   static_cast<time_ns>(length(dice) * sec)});
  return all;
}

struct result {
  std::vector<time_ns> waits; ///< of those served: until the router began to work on it
  std::size_t given_up = 0;
  unsigned loads = 0;
  time_ns loading = 0;
  time_ns ended = 0;
};

/// What both have in common: time, a router with one model, and its slots.
class site {
public:
  explicit site(const std::vector<request>& all) : all_(all), router_(names(), 1) {
    for (std::size_t i = 0; i < all.size(); ++i)
      at(all[i].arrives, [this, i] { arrived(i); });
  }
  virtual ~site() = default;
  site(const site&) = delete;
  site& operator=(const site&) = delete;

  result run() {
    while (!queue_.empty()) {
      auto node = queue_.extract(queue_.begin());
      now_ = node.key().first;
      router_.pass(now_);
      node.mapped()();
    }
    found_.ended = now_;
    return std::move(found_);
  }

protected:
  virtual void arrived(std::size_t which) = 0;
  virtual void finished(std::size_t which) = 0;

  static std::vector<std::string> names() {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < models; ++i)
      all.push_back("model-" + std::to_string(i));
    return all;
  }
  void at(time_ns when, std::function<void()> what) {
    queue_.emplace(std::pair{when, ++order_}, std::move(what));
  }
  /// The router has the request; it begins when a slot is free.
  void begin(std::size_t which) {
    if (running_ == slots) {
      in_router_.push_back(which);
      return;
    }
    ++running_;
    found_.waits.push_back(now_ - all_[which].arrives);
    at(now_ + all_[which].takes, [this, which] {
      --running_;
      if (!in_router_.empty()) {
        const auto next = in_router_.front();
        in_router_.pop_front();
        begin(next);
      }
      finished(which);
    });
  }
  router_answer load(const std::string& model) {
    const auto answer = router_.load(model, now_ + load_takes);
    if (answer == router_answer::accepted) {
      ++found_.loads;
      found_.loading += load_takes;
    }
    return answer;
  }

  const std::vector<request>& all_;
  simulated_router router_;
  time_ns now_ = 0;
  std::size_t running_ = 0;
  result found_;

private:
  std::map<std::pair<time_ns, std::uint64_t>, std::function<void()>> queue_;
  std::uint64_t order_ = 0;
  std::deque<std::size_t> in_router_;
};

/// Strictly one after the other: whoever is first decides which model is loaded.
class in_order final : public site {
public:
  in_order(const std::vector<request>& all, schedule_limits limits) : site(all), limits_(limits) {}

private:
  void arrived(std::size_t which) override {
    if (waiting_.size() >= limits_.max_waiting) {
      ++found_.given_up;
      return;
    }
    waiting_.push_back(which);
    at(now_ + limits_.max_wait, [this, which] {
      found_.given_up += std::erase(waiting_, which);
      go_on();
    });
    go_on();
  }
  void finished(std::size_t) override { go_on(); }

  void go_on() {
    while (!waiting_.empty() && !switching_) {
      const auto& model = all_[waiting_.front()].model;
      if (model == loaded_) {
        if (running_ == slots)
          return;
        begin(waiting_.front());
        waiting_.pop_front();
        continue;
      }
      if (running_ > 0)
        return; // nothing that runs is cut off
      switching_ = true;
      if (!loaded_.empty())
        router_.unload(loaded_, now_ + unload_takes);
      loaded_ = model;
      at(now_ + unload_takes, [this] {
        load(loaded_);
        at(now_ + load_takes, [this] {
          switching_ = false;
          go_on();
        });
      });
    }
  }

  schedule_limits limits_;
  std::deque<std::size_t> waiting_;
  std::string loaded_;
  bool switching_ = false;
};

/// The gateway's rules, with one lane, and a router whose events tell at once when a load ends.
class in_turns final : public site {
public:
  in_turns(const std::vector<request>& all, schedule_limits limits)
      : site(all), subject_(1, limits) {
    at(sec / 2, [this] {
      subject_.listed(router_.list(), now_, now_);
      follow();
    });
  }

private:
  void arrived(std::size_t which) override {
    const auto& model = all_[which].model;
    if (subject_.turn_of(model).open) {
      enter(which);
    } else {
      askers_[subject_.ask(model, purpose::request, now_)] = which;
    }
    follow();
  }
  void finished(std::size_t which) override {
    const auto& model = all_[which].model;
    auto& of = uses_[model];
    of.second = now_;
    if (--of.first > 0)
      return;
    subject_.usage(0, model, 0, now_, now_);
    subject_.drained(0, model, subject_.turn_of(model).closing, now_);
    follow();
  }
  void enter(std::size_t which) {
    const auto& model = all_[which].model;
    auto& of = uses_[model];
    of.second = now_;
    if (++of.first == 1)
      subject_.usage(0, model, 1, now_, now_);
    begin(which);
  }

  void follow() {
    for (;;) {
      const auto actions = subject_.take_actions();
      if (actions.empty())
        break;
      for (const auto& one : actions)
        follow(one);
    }
    if (const auto due = subject_.due(); due != 0 && due != tick_at_) {
      tick_at_ = due;
      at(due, [this] {
        tick_at_ = 0;
        subject_.tick(now_);
        follow();
      });
    }
  }
  void follow(const action& what) {
    switch (what.what) {
    case action::kind::decide:
      if (what.verdict.why == denial::none)
        enter(askers_.at(what.verdict.ticket));
      else
        ++found_.given_up;
      askers_.erase(what.verdict.ticket);
      break;
    case action::kind::view:
      look();
      break;
    case action::kind::load:
      subject_.load_answered(what.model, load(what.model), {}, now_);
      look_when_done();
      break;
    case action::kind::unload:
      subject_.unload_answered(what.model, router_.unload(what.model, now_ + unload_takes), {},
                               now_);
      look_when_done();
      break;
    case action::kind::list:
    case action::kind::failed:
      break;
    }
  }
  /// What a lane says when it sees a new view.
  void look() {
    for (const auto& model : names()) {
      const auto turn = subject_.turn_of(model);
      const auto& [count, last] = uses_[model];
      if (subject_.contended() && turn.open)
        subject_.usage(0, model, count, last, now_);
      if (turn.closing != 0 && count == 0)
        subject_.drained(0, model, turn.closing, now_);
    }
  }
  void look_when_done() {
    if (const auto next = router_.next(); next != 0)
      at(next, [this] {
        subject_.listed(router_.list(), now_, now_);
        follow();
      });
  }

  schedule subject_;
  std::map<ticket_id, std::size_t> askers_;
  std::map<std::string, std::pair<std::uint32_t, time_ns>> uses_; ///< now, and when last
  time_ns tick_at_ = 0;
};

double seconds(time_ns value) {
  return static_cast<double>(value) / static_cast<double>(sec);
}

void print(const std::string& rule, const load_level& level, result found) {
  std::sort(found.waits.begin(), found.waits.end());
  const auto all = found.waits.size() + found.given_up;
  const auto at = [&](double part) {
    if (found.waits.empty())
      return 0.0;
    const auto last = static_cast<double>(found.waits.size() - 1);
    return seconds(found.waits[static_cast<std::size_t>(part * last)]);
  };
  const auto percent = [](double part, double whole) { return whole > 0 ? 100 * part / whole : 0; };
  std::printf("| %g%s | %s | %.2f | %.1f | %.1f | %.1f | %.0f %% | %zu of %zu (%.1f %%) |\n",
              level.per_minute, level.favourite > 0 ? ", most for one model" : "", rule.c_str(),
              found.loads / (seconds(found.ended) / 60), at(0.5), at(0.95), at(1),
              percent(seconds(found.loading), seconds(found.ended)), found.waits.size(), all,
              percent(static_cast<double>(found.waits.size()), static_cast<double>(all)));
}

double number(const char* text) {
  char* end = nullptr;
  const auto value = std::strtod(text, &end);
  if (end == text || *end != '\0' || !(value > 0 && value <= 1000)) {
    std::fprintf(stderr, "synapse-model-turns: '%s' is no number from 0 to 1000\n", text);
    std::exit(2);
  }
  return value;
}

} // namespace

int main(int count, char** args) {
  double hours = 8;
  unsigned seed = 1;
  for (int i = 1; i < count; i += 2) {
    if (i + 1 < count && std::strcmp(args[i], "--hours") == 0) {
      hours = number(args[i + 1]);
    } else if (i + 1 < count && std::strcmp(args[i], "--seed") == 0) {
      seed = static_cast<unsigned>(number(args[i + 1]));
    } else {
      std::fprintf(stderr, "usage: synapse-model-turns [--hours N] [--seed N]\n");
      return 2;
    }
  }
  std::printf(
      "| requests/min | rule | loads/min | median wait s | p95 s | longest s | time loading | "
      "served |\n|---|---|---|---|---|---|---|---|\n");
  for (const auto& level : {load_level{2, 0}, {6, 0}, {20, 0}, {60, 0}, {60, 0.75}}) {
    const auto all = traffic(level, hours, seed);
    schedule_limits limits;
    print("order of arrival", level, in_order(all, limits).run());
    for (const auto window : {2 * sec, limits.batch_window, 30 * sec}) {
      const bool usual = window == limits.batch_window;
      limits.batch_window = window;
      print("turns, window " + std::to_string(window / sec) + " s" + (usual ? " (default)" : ""),
            level, in_turns(all, limits).run());
      limits = {};
    }
  }
}
