#include "app/process/service_manager.hpp"

#include <algorithm>
#include <cstddef>
#include <ctime>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace synapse::app {

service_manager::service_manager(const config::environment& variables) {
  const auto found = variables.find("NOTIFY_SOCKET");
  if (found == variables.end())
    return;
  const auto& name = found->second;
  const bool known = name.starts_with('/') || (name.starts_with('@') && name.size() > 1);
  if (known && name.size() < sizeof(sockaddr_un::sun_path))
    socket_ = name;
}

void service_manager::ready(std::string_view status) const {
  send("READY=1\nSTATUS=" + std::string{status});
}

void service_manager::reloading() const {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const auto us = std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
  send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(us));
}

void service_manager::stopping(std::chrono::milliseconds at_most) const {
  const auto us = std::chrono::microseconds{at_most}.count();
  send("STOPPING=1\nEXTEND_TIMEOUT_USEC=" + std::to_string(us) + "\nSTATUS=draining");
}

void service_manager::send(const std::string& state) const {
  if (socket_.empty())
    return;
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::copy(socket_.begin(), socket_.end(), to.sun_path);
  if (socket_.front() == '@')
    to.sun_path[0] = '\0';
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0)
    return;
  const auto length = offsetof(sockaddr_un, sun_path) + socket_.size();
  ::sendto(fd, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&to),
           static_cast<socklen_t>(length));
  ::close(fd);
}

} // namespace synapse::app
