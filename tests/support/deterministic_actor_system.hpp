/// @file
/// An actor system without threads and with a clock that stands still: the test's own thread runs
/// the actors, pinned ones too, and moves the time.
#pragma once

#include "actors/runtime/pinned.hpp"
#include "http/net/io_thread.hpp"
#include "tests/support/watchdog.hpp"

#include <caf/actor_registry.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/expected.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace synapse::test {

class deterministic_actor_system {
public:
  /// @param units how many I/O threads there are; nobody runs them but `settle`.
  explicit deterministic_actor_system(unsigned units = 0) {
    config_->set("scheduler.policy", caf::atom("testing"));
    for (unsigned i = 0; i < units; ++i)
      threads_.push_back(std::make_unique<net::io_thread>(i));
    system_ = std::make_unique<caf::actor_system>(*config_);
    for (auto& thread : threads_)
      units_.push_back(std::make_unique<actors::io_unit>(*system_, *thread));
  }

  ~deterministic_actor_system() {
    settle();
    if (const auto left = system_->registry().running(); left > 0) {
      // The system's destructor would wait for them for ever: better to leak it all.
      ADD_FAILURE() << left << " actors have not ended";
      for (auto& unit : units_)
        static_cast<void>(unit.release());
      for (auto& thread : threads_)
        static_cast<void>(thread.release());
      static_cast<void>(system_.release());
      static_cast<void>(config_.release());
    }
    system_.reset();
  }
  deterministic_actor_system(const deterministic_actor_system&) = delete;
  deterministic_actor_system& operator=(const deterministic_actor_system&) = delete;

  caf::actor_system& system() noexcept { return *system_; }
  actors::io_unit& unit(std::size_t index = 0) noexcept { return *units_[index]; }
  std::vector<actors::io_unit*> units() {
    std::vector<actors::io_unit*> all;
    for (auto& unit : units_)
      all.push_back(unit.get());
    return all;
  }

  /// Tells an actor to end and lets it.
  template <class Handle>
  void end(const Handle& actor) {
    caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    settle();
  }

  /// @returns a flag that becomes true when the actor ends.
  template <class Handle>
  static std::shared_ptr<const bool> watch(const Handle& actor) {
    auto ended = std::make_shared<bool>(false);
    caf::actor_cast<caf::strong_actor_ptr>(actor)->get()->attach_functor(
        [ended](const caf::error&) { *ended = true; });
    return ended;
  }

  /// Runs actors and I/O until nothing is left to do at this time.
  void settle() {
    bool moved = true;
    while (moved) {
      moved = coordinator().run() > 0;
      for (auto& thread : threads_)
        moved = thread->context().poll() > 0 || moved;
    }
  }

  /// Moves the time on in small steps, so that what is due in between happens in between.
  void advance(std::chrono::nanoseconds by,
               std::chrono::nanoseconds step = std::chrono::milliseconds{10}) {
    settle();
    while (by.count() > 0) {
      const auto part = std::min(by, step);
      coordinator().advance_time(part);
      by -= part;
      settle();
    }
  }

  /// Time of the actors' clock, as messages carry it.
  std::int64_t now() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               system_->clock().now().time_since_epoch())
        .count();
  }

  /// A typed actor of which each handler is a plain function.
  template <class Handle, class... Handlers>
  Handle spawn(Handlers... handlers) {
    return system_->spawn([=]() -> typename Handle::behavior_type { return {handlers...}; });
  }

  /// A question whose answer a test looks at whenever it likes.
  template <class Reply>
  class pending {
  public:
    bool answered() const noexcept { return state_->has_value(); }
    caf::expected<Reply>& operator*() const { return **state_; }
    Reply* operator->() const { return &***state_; }

  private:
    friend class deterministic_actor_system;
    std::shared_ptr<std::optional<caf::expected<Reply>>> state_ =
        std::make_shared<std::optional<caf::expected<Reply>>>();
  };

  /// Asks and does not wait.
  template <class Reply, class Handle, class... Args>
  pending<Reply> begin_ask(const Handle& whom, Args... args) {
    pending<Reply> result;
    system_->spawn([=, state = result.state_](caf::event_based_actor* self) {
      self->request(whom, caf::infinite, args...)
          .then([state](Reply& reply) { state->emplace(std::move(reply)); },
                [state](caf::error& error) { state->emplace(std::move(error)); });
    });
    return result;
  }

  /// Asks and lets everything run that can. @returns the answer; an error when there is none.
  template <class Reply, class Handle, class... Args>
  caf::expected<Reply> ask(const Handle& whom, Args... args) {
    auto question = begin_ask<Reply>(whom, std::move(args)...);
    settle();
    if (!question.answered())
      return caf::make_error(caf::sec::request_timeout);
    return std::move(*question);
  }

private:
  caf::scheduler::test_coordinator& coordinator() {
    return static_cast<caf::scheduler::test_coordinator&>(system_->scheduler());
  }

  watchdog watchdog_;
  std::unique_ptr<caf::actor_system_config> config_ = std::make_unique<caf::actor_system_config>();
  std::vector<std::unique_ptr<net::io_thread>> threads_;
  std::vector<std::unique_ptr<actors::io_unit>> units_; ///< they outlive the system
  std::unique_ptr<caf::actor_system> system_;
};

} // namespace synapse::test
