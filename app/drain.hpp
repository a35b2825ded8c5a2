/// @file
/// The way out: first no new work, then no work, then nothing at all.
#pragma once

#include "app/boot/control_plane.hpp"
#include "app/boot/engine.hpp"
#include "app/boot/surface.hpp"
#include "app/process/service_manager.hpp"
#include "app/reload/configuration.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>

namespace synapse::app {

/// On the thread that runs the io_context, which calls the members, too.
class drain {
public:
  /// What ends. All outlive this.
  struct parts {
    surface& served;
    engine& machine;
    control_plane& control;
    const configuration& current; ///< `drain:` counts as it is when it is needed
    const service_manager& manager;
    spdlog::logger& say;
  };

  /// @param drained called once after begin(), in the io_context
  drain(boost::asio::io_context& context, const parts& all, std::function<void()> drained);

  /// Readiness fails; after `drain.delay` nobody is let in any more. What runs may end by itself
  /// within `drain.limit`.
  void begin();
  /// `drained` is not called any more.
  void cancel();

  /// Ends everything, in this order: connections, actors, threads, actor system. An actor that
  /// outlives its thread would keep the system waiting for ever. Blocks; connections and actors
  /// have five seconds each.
  void stop();

private:
  void close();
  void await_end();

  const parts all_;
  const std::function<void()> drained_;
  boost::asio::steady_timer timer_;
  std::chrono::steady_clock::time_point limit_;
};

} // namespace synapse::app
