#include "app/process/service_manager.hpp"
#include "tests/support/gateway_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace synapse::app {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

/// The manager's end of the socket.
class manager {
public:
  /// @param name a path, or @ and a name.
  explicit manager(const std::string& name) : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    std::memcpy(at.sun_path, name.data(), name.size());
    if (at.sun_path[0] == '@')
      at.sun_path[0] = '\0';
    const auto length = offsetof(sockaddr_un, sun_path) + name.size();
    EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&at), static_cast<socklen_t>(length)),
              0);
  }
  manager(const manager&) = delete;
  manager& operator=(const manager&) = delete;
  ~manager() { ::close(fd_); }

  /// The next message; "" when none comes within `limit`.
  std::string next(std::chrono::milliseconds limit = support::patience) {
    pollfd wanted{fd_, POLLIN, 0};
    char text[512];
    if (::poll(&wanted, 1, static_cast<int>(limit.count())) != 1)
      return {};
    const auto size = ::recv(fd_, text, sizeof text, 0);
    return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string{};
  }

private:
  int fd_;
};

constexpr auto config = R"(
drain: {delay: 1s, limit: 7s}
backends:
  llama-router: {url: "http://127.0.0.1:1"}
)";

TEST(service_manager, is_told_of_readiness_reloads_and_the_end) {
  support::temporary_directory place;
  const auto name = (place.path() / "notify").string();
  manager systemd{name};
  support::gateway_process gateway{config, {.environment = {{"NOTIFY_SOCKET", name}}}};
  const auto ready = systemd.next();
  EXPECT_THAT(ready, StartsWith("READY=1\n"));
  EXPECT_THAT(ready, HasSubstr(":" + std::to_string(gateway.port())));

  gateway.signal(SIGHUP);
  EXPECT_THAT(systemd.next(), StartsWith("RELOADING=1\nMONOTONIC_USEC="));
  EXPECT_THAT(systemd.next(), StartsWith("READY=1\n"));

  support::replace_file(gateway.config_file(), "backends: 1");
  EXPECT_THAT(systemd.next(), StartsWith("RELOADING=1\n"));
  EXPECT_THAT(systemd.next(), StartsWith("READY=1\n")) << "a refused one is over, too";

  gateway.signal(SIGTERM);
  const auto stopping = systemd.next();
  EXPECT_THAT(stopping, StartsWith("STOPPING=1\n"));
  EXPECT_THAT(stopping, HasSubstr("EXTEND_TIMEOUT_USEC=18000000\n"))
      << "delay, limit and what the end itself may take";
  EXPECT_EQ(gateway.wait_exit(), 0);
}

TEST(service_manager, is_found_at_a_socket_without_a_file) {
  const std::string name = "@synapse-test-" + std::to_string(::getpid());
  manager systemd{name};
  const service_manager gateway{{{"NOTIFY_SOCKET", name}}};
  gateway.ready("listening");
  EXPECT_EQ(systemd.next(), "READY=1\nSTATUS=listening");
}

TEST(service_manager, that_is_not_there_or_does_not_read_holds_nothing_up) {
  service_manager{{}}.ready("nobody");
  service_manager{{{"NOTIFY_SOCKET", "/nonexistent/socket"}}}.ready("nobody");
  service_manager{{{"NOTIFY_SOCKET", "relative"}}}.ready("nobody");
  service_manager{{{"NOTIFY_SOCKET", "/" + std::string(200, 'x')}}}.ready("too long");
  support::temporary_directory place;
  const auto name = (place.path() / "notify").string();
  manager silent{name};
  const service_manager gateway{{{"NOTIFY_SOCKET", name}}};
  for (int i = 0; i < 2000; ++i) // more than a socket's queue takes
    gateway.ready("again");
  EXPECT_EQ(silent.next(), "READY=1\nSTATUS=again");
}

} // namespace
} // namespace synapse::app
