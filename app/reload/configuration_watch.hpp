/// @file
/// When the configuration file, and what it refers to, is read anew.
#pragma once

#include "app/process/ticker.hpp"
#include "config/watcher.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace synapse::app {

/// On the thread that runs the io_context, which calls the members, too.
class configuration_watch {
public:
  struct receivers {
    std::function<void(const std::string& text)> changed; ///< the file holds this now
    std::function<void()> unreadable; ///< it was to be read whatever it holds, and cannot be
    std::function<void()> looked; ///< after each look, for files that change together with this one
  };

  /// What the file holds now counts as seen.
  configuration_watch(boost::asio::io_context& context, std::string path, receivers tell);

  /// Looks at these as well: a change of one of them counts as one of the file.
  void follow(const std::vector<std::string>& others) { watcher_.follow(others); }
  /// Looks at the file every few seconds, and when inotify says so.
  void start();
  /// Reads the file even if it seems to be the same.
  void read_now();
  void stop();

private:
  void look();
  void await_inotify();

  const std::string path_;
  const receivers tell_;
  config::file_watcher watcher_;
  boost::asio::posix::stream_descriptor inotify_;
  ticker poll_;
};

} // namespace synapse::app
