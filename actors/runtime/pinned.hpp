/// @file
/// CAF actors that live on an I/O thread, and the only place that uses CAF-private API (0.17.6):
/// `spawn_impl`, `activate`, `finalize`, `context`, `subtype`, and a copy of what
/// `scheduled_actor::cleanup` does. tests/actors/runtime/pinned_test.cpp guards all of it.
///
/// Rules of life:
///  - a unit outlives the actor system; its io_context runs until every pinned actor has ended,
///    otherwise the actor system's destructor waits for ever;
///  - a pinned actor is resumed by its unit's thread only, so its state needs no lock;
///  - coroutines that an actor's answer wakes are resumed after the actor's `resume` has returned,
///    so a coroutine may end the very actor that woke it.
#pragma once

#include "http/net/io_thread.hpp"
#include "http/net/task.hpp"

#include <caf/actor_system.hpp>
#include <caf/detail/sync_request_bouncer.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/execution_unit.hpp>
#include <caf/logger.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <mutex>
#include <utility>
#include <vector>

namespace synapse::actors {

/// An execution unit of CAF that runs its actors inside one io_thread.
class io_unit final : public caf::execution_unit {
public:
  io_unit(caf::actor_system& system, net::io_thread& thread);
  ~io_unit() override;

  net::io_thread& thread() noexcept { return thread_; }

  /// Called by CAF for an actor that has something to do; takes over one reference. Any thread.
  void exec_later(caf::resumable* job) override;

  /// Wakes `waiter` once the actors that are being resumed right now have returned. Own thread.
  void defer(net::wake_ptr waiter);

  /// Runs what is queued right now instead of in the next turn of the loop. Own thread, never from
  /// inside an actor.
  void drain();

  /// Within its scope messages to this unit's actors are only queued; at its end they are handled
  /// at once. Saves the trip through the io_context (and the system call of an extra turn of its
  /// loop) on the way to a permit and back. Own thread, never from inside an actor.
  class burst {
  public:
    explicit burst(io_unit& unit) noexcept : unit_(unit), was_armed_(unit.armed_) {
      unit_.armed_ = true;
    }
    burst(const burst&) = delete;
    burst& operator=(const burst&) = delete;
    ~burst() {
      unit_.armed_ = was_armed_;
      unit_.drain();
    }

  private:
    io_unit& unit_;
    bool was_armed_;
  };

private:
  void arm();
  void run_one(caf::resumable* job);

  net::io_thread& thread_;
  std::vector<caf::resumable*> local_;
  std::vector<caf::resumable*> batch_;
  std::vector<net::wake_ptr> wakes_;
  bool armed_ = false;
  bool draining_ = false;
  std::mutex mutex_;
  std::vector<caf::resumable*> remote_; ///< guarded by mutex_
};

/// Makes an event-based actor class run on a unit, as CAF's brokers run on their multiplexer.
template <class Base>
class pinned : public Base {
public:
  template <class... Args>
  pinned(caf::actor_config& config, io_unit& unit, Args&&... args)
      : Base(config, std::forward<Args>(args)...), unit_(unit) {}

  io_unit& unit() noexcept { return unit_; }

  using Base::enqueue;
  void enqueue(caf::mailbox_element_ptr message, caf::execution_unit*) override {
    Base::enqueue(std::move(message), &unit_);
  }

  /// The mark by which io_unit tells its own actors from those of CAF's scheduler.
  caf::resumable::subtype_t subtype() const override { return caf::resumable::io_actor; }

  void launch(caf::execution_unit*, bool lazy, bool hide) override {
    if (!hide)
      this->register_at_system();
    if (lazy && this->mailbox().try_block())
      return;
    caf::intrusive_ptr_add_ref(this->ctrl());
    unit_.exec_later(this);
  }

private:
  io_unit& unit_;
};

/// Spawns a pinned actor class; any thread. Counted by the actor system: it must be ended (quit, or
/// all its handles dropped) before the system goes down.
template <class Actor, class... Args>
auto spawn_pinned(io_unit& unit, Args&&... args) {
  caf::actor_config config{&unit};
  return unit.system().spawn_impl<Actor, caf::no_spawn_options>(config, unit,
                                                                std::forward<Args>(args)...);
}

/// Base of short-lived pinned actors that a coroutine drives. The coroutine owns the handle and
/// ends the actor with `close()`; killed from outside, the actor wakes the coroutine instead.
template <class Base>
class coroutine_actor : public pinned<Base> {
public:
  coroutine_actor(caf::actor_config& config, io_unit& unit, net::wake_ptr wake)
      : pinned<Base>(config, unit), wake_(std::move(wake)) {}

  /// True once the actor has ended, by `close()` or by an exit message.
  bool ended() const noexcept { return ended_; }

  /// Ends the actor now: pending requests to it bounce, monitors fire, pending answers are dropped.
  /// Own thread, not from inside one of its handlers.
  void close(caf::error reason = {}) {
    if (ended_)
      return;
    this->context(&this->unit());
    this->quit(std::move(reason));
    this->finalize();
  }

  net::wake_ptr& wake() noexcept { return wake_; }

  void on_exit() override {
    ended_ = true;
    if (wake_)
      this->unit().defer(std::move(wake_));
  }

  /// scheduled_actor::cleanup without its last step: pushing "cancel my timeouts" to CAF's one,
  /// mutex-protected clock thread costs several microseconds, and these actors never use that
  /// clock.
  bool cleanup(caf::error&& reason, caf::execution_unit* host) override {
    this->awaited_responses_.clear();
    this->multiplexed_responses_.clear();
    if (!this->mailbox().closed()) {
      this->mailbox().close();
      this->get_normal_queue().flush_cache();
      this->get_urgent_queue().flush_cache();
      caf::detail::sync_request_bouncer bounce{reason};
      while (this->mailbox().queue().new_round(1000, bounce).consumed_items) {
      }
    }
    this->unregister_from_system();
    // NOLINTNEXTLINE(bugprone-parent-virtual-call): leaving out the parent's part is the point
    return caf::monitorable_actor::cleanup(std::move(reason), host);
  }

private:
  net::wake_ptr wake_;
  bool ended_ = false;
};

/// A handle plus the object behind it; valid on the unit's thread while the handle lives.
template <class Actor, class Handle>
class pinned_ref {
public:
  pinned_ref() = default;
  pinned_ref(Handle handle, Actor* object) : handle_(std::move(handle)), object_(object) {}
  Actor* operator->() const noexcept { return object_; }
  Actor* get() const noexcept { return object_; }
  const Handle& handle() const noexcept { return handle_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }

private:
  Handle handle_;
  Actor* object_ = nullptr;
};

/// Spawns a coroutine_actor and initialises it at once, without a scheduling round. Own thread.
template <class Actor, class Handle, class... Args>
pinned_ref<Actor, Handle> spawn_here(io_unit& unit, Args&&... args) {
  caf::actor_config config{&unit};
  auto handle = unit.system().spawn_impl<Actor, caf::hidden + caf::lazy_init>(
      config, unit, std::forward<Args>(args)...);
  // Spawning made this thread known to CAF's logger, which then notes the running actor's id under
  // a lock at every step although it logs nothing.
  caf::logger::set_current_actor_system(nullptr);
  auto* object = static_cast<Actor*>(caf::actor_cast<caf::abstract_actor*>(handle));
  object->activate(&unit);
  return {std::move(handle), object};
}

} // namespace synapse::actors
