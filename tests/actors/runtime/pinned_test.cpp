#include "actors/protocol/actor_interfaces.hpp"
#include "actors/protocol/error.hpp"
#include "actors/runtime/ask.hpp"
#include "actors/runtime/pinned.hpp"
#include "tests/support/io_runner.hpp"

#include <caf/actor_registry.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/blocking_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/typed_response_promise.hpp>
#include <gtest/gtest.h>

#include <fstream>
#include <unistd.h>

namespace synapse::actors {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

using echo_actor =
    caf::typed_actor<caf::replies_to<std::string>::with<std::string>, caf::reacts_to<int>>;

/// Answers with what it was asked; "error" by an error, "never" not at all.
class echo : public pinned<echo_actor::base> {
public:
  using pinned::pinned;
  echo_actor::behavior_type make_behavior() override {
    return {[this](const std::string& text) -> caf::result<std::string> {
              EXPECT_TRUE(unit().thread().is_current());
              if (text == "error")
                return caf::make_error(ec::unavailable, text);
              if (text == "never") {
                kept_.push_back(make_response_promise<std::string>());
                return kept_.back();
              }
              return text;
            },
            [this](int number) { sum += number; }};
  }
  void on_exit() override { kept_.clear(); }
  long sum = 0;

private:
  std::vector<caf::typed_response_promise<std::string>> kept_;
};

class test_session : public coroutine_actor<session_actor::base> {
public:
  using coroutine_actor::coroutine_actor;
  session_actor::behavior_type make_behavior() override {
    return {
        [this](cancel_atom) {
          ++canceled;
          unit().defer(wake());
        },
        [](drain_atom) {},
        [](outcome_atom) { return request_outcome{}; },
    };
  }
  int canceled = 0;
};

using session_ref = pinned_ref<test_session, session_actor>;

session_ref make_session(io_unit& unit, net::wake_ptr wake) {
  return spawn_here<test_session, session_actor>(unit, std::move(wake));
}

/// Two I/O threads and one worker of CAF's scheduler. Its end is the stop order that every program
/// has to keep: actors, then threads, then the system; units outlive it.
struct pinned_actors : testing::Test {
  pinned_actors() {
    config.set("scheduler.policy", caf::atom("sharing"));
    config.set("scheduler.max-threads", std::size_t{1});
    system = std::make_unique<caf::actor_system>(config);
    for (unsigned i = 0; i < 2; ++i)
      units.push_back(std::make_unique<io_unit>(*system, threads[i].io()));
  }
  ~pinned_actors() override {
    system->await_all_actors_done();
    for (auto& thread : threads)
      thread.stop();
    system.reset();
  }

  io_unit& unit(std::size_t index = 0) { return *units[index]; }
  void run(std::function<net::task<void>()> work) { threads[0].run(std::move(work)); }

  /// Waits for the end of an actor.
  template <class Handle>
  void await_end(const Handle& actor) {
    caf::scoped_actor self{*system};
    self->wait_for(actor);
  }

  test::watchdog dog{std::chrono::seconds{90}};
  caf::actor_system_config config;
  std::array<test::io_runner, 2> threads{};
  std::vector<std::unique_ptr<io_unit>> units;
  std::unique_ptr<caf::actor_system> system;
};

/// Asks once and ends its session. @returns the answer.
net::task<caf::expected<std::string>> ask_once(io_unit& unit, echo_actor whom, std::string text) {
  auto wake = net::make_local<net::wake_point>();
  auto session = make_session(unit, wake);
  question<std::string> asked;
  asked.ask(*session.get(), whom, std::move(text));
  while (!asked.done() && !session->ended())
    co_await wake->wait();
  EXPECT_TRUE(unit.thread().is_current());
  // The coroutine that an answer woke ends the actor that got it.
  session->close();
  EXPECT_TRUE(session->ended());
  co_return std::move(asked.answer());
}

net::task<void> expect_answer(io_unit& unit, echo_actor whom, std::string text) {
  const auto answer = co_await ask_once(unit, whom, text);
  EXPECT_TRUE(answer);
  if (answer) {
    EXPECT_EQ(*answer, text);
  }
}

TEST_F(pinned_actors, answer_a_coroutine_of_another_thread_and_of_the_own) {
  for (auto& own : units) {
    auto whom = spawn_pinned<echo>(*own);
    run([&]() -> net::task<void> { co_await expect_answer(unit(), whom, "hello"); });
  }
}

TEST_F(pinned_actors, answer_with_errors) {
  for (auto& own : units) {
    auto whom = spawn_pinned<echo>(*own);
    run([&]() -> net::task<void> {
      const auto answer = co_await ask_once(unit(), whom, "error");
      EXPECT_FALSE(answer);
      if (!answer) {
        EXPECT_EQ(answer.error(), caf::make_error(ec::unavailable));
      }
    });
  }
}

TEST_F(pinned_actors, answer_scheduled_and_blocking_actors) {
  auto whom = spawn_pinned<echo>(unit(1));
  caf::scoped_actor self{*system};
  self->request(whom, test::patience, std::string{"from a blocking actor"})
      .receive([](const std::string& text) { EXPECT_EQ(text, "from a blocking actor"); },
               [](const caf::error& error) { ADD_FAILURE() << render(error); });
  std::promise<std::string> told;
  system->spawn([&](caf::event_based_actor* scheduled) {
    scheduled->request(whom, caf::infinite, std::string{"scheduled"})
        .then([&](const std::string& text) { told.set_value(text); });
  });
  EXPECT_EQ(test::get(told.get_future()), "scheduled");
}

TEST_F(pinned_actors, get_answers_from_scheduled_and_detached_actors) {
  const auto handlers = []() -> echo_actor::behavior_type {
    return {[](const std::string& text) { return text; }, [](int) {}};
  };
  auto scheduled = system->spawn(handlers);
  auto detached = system->spawn<caf::detached>(handlers);
  run([&]() -> net::task<void> {
    co_await expect_answer(unit(), scheduled, "scheduled");
    co_await expect_answer(unit(), detached, "detached");
  });
}

TEST_F(pinned_actors, tell_who_asks_an_actor_that_has_ended) {
  auto whom = spawn_pinned<echo>(unit(1));
  caf::anon_send_exit(whom, caf::exit_reason::user_shutdown);
  await_end(whom);
  run([&]() -> net::task<void> {
    const auto answer = co_await ask_once(unit(), whom, "anybody there?");
    EXPECT_FALSE(answer);
    if (!answer) {
      EXPECT_EQ(answer.error(), caf::make_error(caf::sec::request_receiver_down));
    }
  });
}

TEST_F(pinned_actors, let_a_question_be_dropped_before_its_answer) {
  auto whom = spawn_pinned<echo>(unit(1));
  run([&]() -> net::task<void> {
    auto wake = net::make_local<net::wake_point>();
    auto session = make_session(unit(), wake);
    {
      question<std::string> dropped;
      dropped.ask(*session.get(), whom, std::string{"first"});
    }
    question<std::string> asked;
    asked.ask(*session.get(), whom, std::string{"second"});
    while (!asked.done())
      co_await wake->wait();
    EXPECT_EQ(*asked.answer(), "second");
    session->close();
  });
}

// ---- ended from outside ----

/// A session whose coroutine waits for its end, and the handle to reach it by.
struct waiting_session {
  std::promise<session_actor> born;
  std::promise<void> over;
  bool with_question = false;
  echo_actor whom;
  int canceled = 0;
};

net::task<void> wait_for_end(io_unit& unit, waiting_session& state) {
  auto wake = net::make_local<net::wake_point>();
  auto session = make_session(unit, wake);
  question<std::string> asked;
  if (state.with_question)
    asked.ask(*session.get(), state.whom, std::string{"never"});
  state.born.set_value(session.handle());
  while (!session->ended()) {
    co_await wake->wait();
    state.canceled = session->canceled;
  }
  EXPECT_FALSE(asked.done());
  session->close(); // of no effect any more
  state.over.set_value();
}

TEST_F(pinned_actors, wake_their_coroutine_when_they_are_killed) {
  for (const bool with_question : {false, true})
    for (const auto reason : {caf::exit_reason::kill, caf::exit_reason::user_shutdown}) {
      waiting_session state;
      state.with_question = with_question;
      state.whom = spawn_pinned<echo>(unit(1));
      threads[0].call([&] { net::spawn(wait_for_end(unit(), state)); });
      auto handle = test::get(state.born.get_future());
      caf::anon_send_exit(handle, reason);
      test::get(state.over.get_future());
      caf::anon_send_exit(state.whom, caf::exit_reason::kill);
    }
}

TEST_F(pinned_actors, wake_their_coroutine_for_a_message) {
  waiting_session state;
  threads[0].call([&] { net::spawn(wait_for_end(unit(), state)); });
  auto handle = test::get(state.born.get_future());
  caf::scoped_actor self{*system};
  for (int i = 0; i < 3; ++i)
    self->request(handle, test::patience, cancel_atom::value)
        .receive([] {}, [](const caf::error& error) { ADD_FAILURE() << render(error); });
  caf::anon_send_exit(handle, caf::exit_reason::kill);
  test::get(state.over.get_future());
  EXPECT_EQ(state.canceled, 3);
}

TEST_F(pinned_actors, end_with_what_they_are_linked_to) {
  waiting_session state;
  threads[0].call([&] { net::spawn(wait_for_end(unit(), state)); });
  auto handle = test::get(state.born.get_future());
  auto peer = spawn_pinned<echo>(unit(1));
  threads[0].call([&] {
    static_cast<test_session*>(caf::actor_cast<caf::abstract_actor*>(handle))->link_to(peer);
  });
  caf::anon_send_exit(peer, caf::exit_reason::kill);
  test::get(state.over.get_future());
}

TEST_F(pinned_actors, are_seen_to_end_by_who_monitors_them) {
  waiting_session state;
  threads[0].call([&] { net::spawn(wait_for_end(unit(), state)); });
  auto handle = test::get(state.born.get_future());
  std::promise<caf::error> down;
  std::promise<void> watching;
  // Its handle is kept: to monitor somebody keeps nobody alive.
  const auto watcher = system->spawn([&](caf::event_based_actor* self) {
    self->monitor(handle);
    self->set_down_handler([&, self](const caf::down_msg& message) {
      down.set_value(message.reason);
      self->quit();
    });
    watching.set_value();
    return caf::behavior{[](int) {}};
  });
  test::get(watching.get_future());
  caf::anon_send_exit(handle, caf::exit_reason::user_shutdown);
  test::get(state.over.get_future());
  EXPECT_EQ(test::get(down.get_future()), caf::make_error(caf::exit_reason::user_shutdown));
}

TEST_F(pinned_actors, tell_monitors_why_their_coroutine_ended_them) {
  std::promise<session_actor> born;
  std::promise<void> go_on;
  auto may_go_on = go_on.get_future();
  std::thread driver{[&] {
    run([&]() -> net::task<void> {
      auto session = make_session(unit(), net::make_local<net::wake_point>());
      born.set_value(session.handle());
      may_go_on.wait();
      session->close(caf::make_error(ec::shutting_down));
      co_return;
    });
  }};
  auto handle = test::get(born.get_future());
  caf::scoped_actor self{*system};
  self->monitor(handle);
  go_on.set_value();
  self->receive([](const caf::down_msg& down) {
    EXPECT_EQ(down.reason, caf::make_error(ec::shutting_down));
  });
  driver.join();
}

// ---- requests to sessions that have ended ----

TEST_F(pinned_actors, bounce_requests_after_their_end) {
  session_actor handle;
  run([&]() -> net::task<void> {
    auto session = make_session(unit(), net::make_local<net::wake_point>());
    handle = session.handle();
    session->close();
    co_return;
  });
  caf::scoped_actor self{*system};
  self->request(handle, caf::infinite, cancel_atom::value)
      .receive([] { ADD_FAILURE() << "it has ended"; },
               [](const caf::error& error) {
                 EXPECT_EQ(error, caf::make_error(caf::sec::request_receiver_down));
               });
}

TEST_F(pinned_actors, bounce_requests_that_their_end_overtook) {
  std::promise<session_actor> born;
  std::promise<void> asked;
  auto was_asked = asked.get_future();
  std::thread driver{[&] {
    run([&]() -> net::task<void> {
      auto session = make_session(unit(), net::make_local<net::wake_point>());
      born.set_value(session.handle());
      was_asked.wait(); // the requests are in the mailbox now, and nothing has looked at them
      session->close();
      co_return;
    });
  }};
  auto handle = test::get(born.get_future());
  caf::scoped_actor self{*system};
  constexpr int count = 200;
  std::vector<decltype(self->request(handle, caf::infinite, cancel_atom::value))> requests;
  for (int i = 0; i < count; ++i)
    requests.push_back(self->request(handle, caf::infinite, cancel_atom::value));
  asked.set_value();
  int bounced = 0;
  for (auto& one : requests)
    one.receive([] {},
                [&](const caf::error& error) {
                  EXPECT_EQ(render(error), "request_receiver_down");
                  ++bounced;
                });
  driver.join();
  EXPECT_EQ(bounced, count);
}

// ---- the unit ----

TEST_F(pinned_actors, end_when_nobody_knows_them_any_more) {
  for (int i = 0; i < 100; ++i)
    spawn_pinned<echo>(unit(static_cast<std::size_t>(i % 2)));
  system->await_all_actors_done();
  EXPECT_EQ(system->registry().running(), 0U);
}

TEST_F(pinned_actors, are_handled_at_once_within_a_burst) {
  auto whom = spawn_pinned<echo>(unit());
  run([&]() -> net::task<void> {
    auto wake = net::make_local<net::wake_point>();
    auto session = make_session(unit(), wake);
    question<std::string> asked;
    {
      io_unit::burst outer{unit()};
      {
        io_unit::burst inner{unit()};
        asked.ask(*session.get(), whom, std::string{"now"});
        EXPECT_FALSE(asked.done());
      }
    }
    EXPECT_TRUE(asked.done()) << "without a turn of the loop";
    asked.answer();
    // The wake-up that came with the answer was kept.
    co_await wake->wait();
    session->close();
  });
}

TEST_F(pinned_actors, count_messages_of_many_threads_without_loss) {
  constexpr int threads_count = 4;
  constexpr int each = 5000;
  auto whom = spawn_pinned<echo>(unit());
  std::vector<std::thread> senders;
  for (int t = 0; t < threads_count; ++t)
    senders.emplace_back([&] {
      for (int i = 0; i < each; ++i)
        caf::anon_send(whom, 1);
    });
  for (auto& sender : senders)
    sender.join();
  caf::scoped_actor self{*system}; // its question comes behind all of these
  self->request(whom, test::patience, std::string{"done?"})
      .receive([](const std::string&) {}, [](const caf::error& e) { ADD_FAILURE() << render(e); });
  const auto sum = threads[0].call(
      [&] { return static_cast<echo*>(caf::actor_cast<caf::abstract_actor*>(whom))->sum; });
  EXPECT_EQ(sum, threads_count * each);
}

using busy_actor = caf::typed_actor<caf::reacts_to<tick_atom>>;

/// Keeps itself busy until it is told to stop.
class busy : public pinned<busy_actor::base> {
public:
  busy(caf::actor_config& actor_config, io_unit& unit, const bool& stop)
      : pinned(actor_config, unit), stop_(stop) {}
  busy_actor::behavior_type make_behavior() override {
    return {[this](tick_atom) {
      if (stop_)
        quit();
      else
        send(caf::actor_cast<busy_actor>(this), tick_atom::value);
    }};
  }

private:
  const bool& stop_;
};

TEST_F(pinned_actors, leave_time_for_sockets_and_for_each_other) {
  bool stop = false; // of the I/O thread only
  for (int i = 0; i < 3; ++i)
    caf::anon_send(spawn_pinned<busy>(unit(), stop), tick_atom::value);
  run([&]() -> net::task<void> {
    co_await expect_answer(unit(), spawn_pinned<echo>(unit(1)), "x");
  });
  threads[0].call([&] { stop = true; });
  system->await_all_actors_done();
}

TEST_F(pinned_actors, ask_across_threads_under_load) {
  auto first = spawn_pinned<echo>(unit(0));
  auto second = spawn_pinned<echo>(unit(1));
  std::array<std::thread, 2> drivers;
  for (std::size_t i = 0; i < 2; ++i)
    drivers[i] = std::thread{[&, i] {
      threads[i].run([&, i]() -> net::task<void> {
        for (int round = 0; round < 2000; ++round) {
          co_await expect_answer(unit(i), first, "one");
          co_await expect_answer(unit(i), second, "two");
        }
      });
    }};
  for (auto& driver : drivers)
    driver.join();
}

std::size_t resident_bytes() {
  std::ifstream file{"/proc/self/statm"};
  std::size_t size = 0;
  std::size_t resident = 0;
  file >> size >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

TEST_F(pinned_actors, leave_nothing_behind) {
  constexpr int rounds = sanitized ? 5'000 : 100'000;
  auto whom = spawn_pinned<echo>(unit());
  const auto many = [&](int count) {
    run([&, count]() -> net::task<void> {
      for (int i = 0; i < count; ++i) {
        const auto answer = co_await ask_once(unit(), whom, "x");
        if (!answer)
          ADD_FAILURE() << render(answer.error());
      }
    });
  };
  many(rounds / 10); // pools and caches fill
  const auto running = system->registry().running();
  const auto resident = resident_bytes();
  many(rounds);
  EXPECT_EQ(system->registry().running(), running);
  if (!sanitized) {
    EXPECT_LT(resident_bytes(), resident + 2 * 1024 * 1024) << "of " << rounds << " sessions";
  }
}

// ---- the stop order ----

TEST_F(pinned_actors, stop_in_order_with_sessions_under_way) {
  constexpr int count = 100;
  std::array<waiting_session, count> sessions;
  auto whom = spawn_pinned<echo>(unit(1));
  for (auto& state : sessions) {
    state.with_question = true;
    state.whom = whom;
    threads[0].call([&] { net::spawn(wait_for_end(unit(), state)); });
  }
  // What a program does at its end: sessions, actors, threads, system.
  for (auto& state : sessions)
    caf::anon_send_exit(test::get(state.born.get_future()), caf::exit_reason::user_shutdown);
  for (auto& state : sessions)
    test::get(state.over.get_future());
  caf::anon_send_exit(whom, caf::exit_reason::user_shutdown);
  for (auto& state : sessions)
    state.whom = nullptr;
}

} // namespace
} // namespace synapse::actors
