#include "app/reload/configuration_watch.hpp"

#include <fstream>
#include <iterator>
#include <unistd.h>
#include <utility>

namespace synapse::app {

namespace {
/// Files may change without inotify knowing, e.g. on network file systems.
constexpr auto poll_interval = std::chrono::seconds{5};
} // namespace

configuration_watch::configuration_watch(boost::asio::io_context& context, std::string path,
                                         receivers tell)
    : path_(std::move(path)), tell_(std::move(tell)), watcher_(path_), inotify_(context),
      poll_(context, poll_interval, [this] { look(); }) {}

void configuration_watch::start() {
  poll_.start();
  if (watcher_.inotify_fd() < 0)
    return;
  // The watcher owns the descriptor; Asio gets a copy of its own.
  inotify_.assign(::dup(watcher_.inotify_fd()));
  await_inotify();
}

void configuration_watch::look() {
  if (const auto text = watcher_.poll())
    tell_.changed(*text);
  tell_.looked();
}

void configuration_watch::await_inotify() {
  inotify_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      [this](boost::system::error_code ec) {
                        if (ec)
                          return;
                        look();
                        await_inotify();
                      });
}

void configuration_watch::read_now() {
  // Before the file is read: the next poll reports what changes from here on.
  watcher_.poll();
  std::ifstream file{path_};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  if (!file && text.empty())
    tell_.unreadable();
  else
    tell_.changed(text);
}

void configuration_watch::stop() {
  poll_.stop();
  boost::system::error_code ignored;
  inotify_.cancel(ignored);
}

} // namespace synapse::app
