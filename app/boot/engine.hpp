/// @file
/// The I/O threads, and the actor system whose pinned actors run on them.
#pragma once

#include "actors/runtime/pinned.hpp"
#include "app/boot/instruments.hpp"
#include "config/settings.hpp"
#include "http/net/io_thread.hpp"
#include "http/server/connection/listener.hpp"
#include "http/server/connection/worker.hpp"
#include "telemetry/access_log.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace synapse::app {

/// Everything of one I/O thread. Members in order of construction.
struct thread_parts {
  thread_parts(unsigned index, caf::actor_system& system, server::lifecycle& life,
               const server::route_table& table, instruments& tools);

  net::io_thread io;
  actors::io_unit unit;
  telemetry::access_log log;
  server::worker work;
  std::unique_ptr<server::listener> listener;
  std::thread thread;
};

/// Main thread only. Neither actor system nor threads' units can outlive the other: an actor on a
/// thread that has ended would keep the system waiting for ever, and a unit keeps pointers into it.
class engine {
public:
  /// The threads do not run yet. @param first settings of the start. All others outlive this.
  engine(unsigned threads, const config::settings& first, server::lifecycle& life,
         const server::route_table& table, instruments& tools);
  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;
  /// @pre the threads were never started, or end() was called
  ~engine();

  caf::actor_system& system() noexcept { return *system_; }
  /// By number; their members belong to the thread once it runs.
  const std::vector<std::unique_ptr<thread_parts>>& threads() const noexcept { return threads_; }
  std::vector<server::worker*> workers() const;
  /// Requests in progress, on all threads.
  std::size_t running_requests() const;

  void start();
  /// Has every thread do `work` with its parts; returns at once.
  void on_each_thread(std::function<void(thread_parts&)> work);
  /// Waits until the threads have ended, and then the actor system. @pre its actors have ended
  void end();

private:
  struct system_config;
  std::unique_ptr<system_config> config_;
  std::unique_ptr<caf::actor_system> system_; ///< destroyed before the threads' units
  std::vector<std::unique_ptr<thread_parts>> threads_;
};

} // namespace synapse::app
