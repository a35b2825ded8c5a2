// The way of a request through the actors: its session, the permit from the lane of its thread, and
// the outcome; and the same question across threads, which is why every thread has a lane.
#include "actors/backends/lane.hpp"
#include "actors/runtime/ask.hpp"
#include "http/server/exchange/session.hpp"

#include <benchmark/benchmark.h>
#include <caf/actor_system_config.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <memory>

namespace {

using namespace synapse;
using actors::io_unit;

actors::backend_actor spawn_mute_backend(caf::actor_system& system) {
  return system.spawn([](actors::backend_actor::pointer) -> actors::backend_actor::behavior_type {
    return {[](const actors::lane_actor&, std::uint32_t) {},
            [](const actors::lease_request&) {},
            [](const actors::lease_abandon&) {},
            [](const actors::lease_return&) {},
            [](actors::return_atom) {},
            [](actors::away_atom) {},
            [](const actors::peer_note&) {},
            [](const actors::peer_cell&) {},
            [](const actors::result_report&) {},
            [](const actors::cell_report&) {},
            [](const actors::settings_ptr&) {},
            [](const actors::resolution&) {},
            [](actors::snap_atom) { return actors::backend_snapshot{}; },
            [](actors::tick_atom) {}};
  });
}

/// A lane without a thread, for asking across threads.
actors::lane_actor spawn_far_lane(caf::actor_system& system) {
  return system.spawn([](actors::lane_actor::pointer) -> actors::lane_actor::behavior_type {
    return {[](const actors::permit_request&) {
              actors::permit result;
              result.granted = true;
              return result;
            },
            [](const actors::permit_abandoned&) {},
            [](const actors::outcome&) {},
            [](const actors::completed&) {},
            [](const actors::cell_report&) {},
            [](const actors::lane_view&) {},
            [](const actors::lease_answer&) {},
            [](actors::retire_atom) {}};
  });
}

/// One I/O thread, run by the benchmark itself: `measure` is called on it.
class rig {
public:
  rig() {
    config_.set("scheduler.policy", caf::atom("sharing"));
    config_.set("scheduler.max-threads", std::size_t{1});
    system_ = std::make_unique<caf::actor_system>(config_);
    unit_ = std::make_unique<io_unit>(*system_, thread_);
  }

  void run(const std::function<void()>& measure) {
    backend_ = spawn_mute_backend(*system_);
    lane_ = actors::spawn_pinned<actors::lane>(*unit_, backend_, 0U);
    net::asio::post(thread_.context(), [&] {
      measure();
      caf::anon_send_exit(lane_, caf::exit_reason::user_shutdown);
      caf::anon_send_exit(backend_, caf::exit_reason::user_shutdown);
      lane_ = nullptr;
      backend_ = nullptr;
      thread_.release();
    });
    thread_.run();
    system_.reset();
  }

  /// Tells the lane the backend's state. @param spare permits that it may give away itself.
  void set_view(bool limited, std::uint32_t spare) {
    actors::lane_view view;
    view.resolved = true;
    view.limited = limited;
    view.addresses.emplace_back();
    actors::lease_answer leased;
    leased.spare = spare;
    io_unit::burst at_once{*unit_};
    caf::anon_send(lane_, std::move(view));
    caf::anon_send(lane_, leased);
  }

  server::session_ref make_session() {
    return actors::spawn_here<server::session, actors::session_actor>(
        *unit_, net::make_local<net::wake_point>());
  }

  net::io_thread thread_{0};
  caf::actor_system_config config_;
  std::unique_ptr<io_unit> unit_; // outlives the system
  std::unique_ptr<caf::actor_system> system_;
  actors::backend_actor backend_;
  actors::lane_actor lane_;
};

/// Asks, takes the answer and gives the permit back, as the forwarder does. @returns if granted.
bool ask_and_return(rig& r, server::session& session, std::uint64_t number) {
  actors::question<actors::permit> question;
  {
    io_unit::burst at_once{*r.unit_};
    question.ask(session, r.lane_, actors::permit_request(number, 1));
  }
  const bool granted = question.done() && question.answer() && question.answer()->granted;
  io_unit::burst at_once{*r.unit_};
  caf::anon_send(r.lane_, actors::outcome(number, actors::attempt_result::ok));
  return granted;
}

void session_actor_begin_and_end(benchmark::State& state) {
  rig r;
  r.run([&] {
    for (auto _ : state) {
      auto session = r.make_session();
      session->close();
    }
  });
}
BENCHMARK(session_actor_begin_and_end);

/// Arg 0: unlimited backend; 1: permits are counted and leased to the lane.
void permit_and_outcome(benchmark::State& state) {
  rig r;
  r.run([&] {
    r.set_view(state.range(0) == 1, 8);
    auto session = r.make_session();
    std::uint64_t number = 0;
    for (auto _ : state)
      if (!ask_and_return(r, *session.get(), ++number)) {
        state.SkipWithError("no permit");
        break;
      }
    session->close();
  });
}
BENCHMARK(permit_and_outcome)->ArgName("counted")->Arg(0)->Arg(1);

void session_permit_and_outcome(benchmark::State& state) {
  rig r;
  r.run([&] {
    r.set_view(false, 0);
    std::uint64_t number = 0;
    for (auto _ : state) {
      auto session = r.make_session();
      if (!ask_and_return(r, *session.get(), ++number)) {
        state.SkipWithError("no permit");
        break;
      }
      session->close();
    }
  });
}
BENCHMARK(session_permit_and_outcome);

void permit_asked_across_threads(benchmark::State& state) {
  rig r;
  r.run([&] {
    auto lane = spawn_far_lane(*r.system_);
    auto session = r.make_session();
    std::uint64_t number = 0;
    for (auto _ : state) {
      actors::question<actors::permit> question;
      question.ask(*session.get(), lane, actors::permit_request(++number, 1));
      while (!question.done())
        r.thread_.context().run_one();
    }
    session->close();
    caf::anon_send_exit(lane, caf::exit_reason::user_shutdown);
  });
}
BENCHMARK(permit_asked_across_threads)->UseRealTime();

} // namespace
