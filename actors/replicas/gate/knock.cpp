#include "actors/replicas/gate/knock.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

namespace synapse::actors::cluster {

namespace {

constexpr std::size_t max_addresses = 1024;

struct address_list {
  addrinfo* first = nullptr;
  int code = 0;

  address_list(const std::string& host, const std::string& port) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    code = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &first);
  }
  address_list(const address_list&) = delete;
  address_list& operator=(const address_list&) = delete;
  ~address_list() {
    if (first)
      ::freeaddrinfo(first);
  }
};

std::string ip_of(const sockaddr* address, socklen_t size) {
  char text[NI_MAXHOST];
  if (::getnameinfo(address, size, text, sizeof text, nullptr, 0, NI_NUMERICHOST) != 0)
    return {};
  return text;
}

std::string connect_within(int fd, const addrinfo& to, std::chrono::milliseconds limit) {
  if (::connect(fd, to.ai_addr, to.ai_addrlen) == 0)
    return {};
  if (errno != EINPROGRESS)
    return std::strerror(errno);
  const auto end = std::chrono::steady_clock::now() + limit;
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    pollfd waiting{fd, POLLOUT, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(std::max<long>(left.count(), 0)));
    if (ready < 0 && errno == EINTR)
      continue;
    if (ready == 0)
      return "no answer";
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    return error == 0 ? std::string{} : std::strerror(error);
  }
}

} // namespace

std::vector<std::string> addresses_of(const std::string& host, std::string& problem) {
  const address_list found{host, "0"};
  if (found.code != 0) {
    problem = ::gai_strerror(found.code);
    return {};
  }
  std::vector<std::string> v4, v6;
  for (const auto* item = found.first; item && v4.size() + v6.size() < max_addresses;
       item = item->ai_next)
    (item->ai_family == AF_INET ? v4 : v6).push_back(ip_of(item->ai_addr, item->ai_addrlen));
  auto& chosen = v4.empty() ? v6 : v4;
  std::sort(chosen.begin(), chosen.end());
  chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
  if (chosen.empty())
    problem = "no address";
  return chosen;
}

knock_result knock(const config::host_port& at, std::chrono::milliseconds limit) {
  knock_result result;
  const auto due = std::chrono::steady_clock::now() + 2 * limit;
  bool first = true;
  for (const std::string& ip : addresses_of(at.host, result.problem)) {
    if (std::chrono::steady_clock::now() >= due)
      break; // a name with many addresses of which none answers; the next attempt begins anew
    const address_list list{ip, std::to_string(at.port)};
    if (list.code != 0)
      continue;
    const addrinfo& to = *list.first;
    owned_fd socket{
        ::socket(to.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP)};
    if (!socket) {
      result.problem = std::strerror(errno);
      continue;
    }
    result.problem = connect_within(socket.get(), to, limit);
    if (!result.problem.empty()) {
      const bool refused = result.problem == std::strerror(ECONNREFUSED);
      result.nobody = refused && (first || result.nobody);
      first = false;
      continue;
    }
    result.nobody = false;
    sockaddr_storage own{};
    socklen_t size = sizeof own;
    ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&own), &size);
    // Who connects to an address of its own does so from that very address.
    result.local = ip_of(reinterpret_cast<sockaddr*>(&own), size) == ip;
    result.ip = ip;
    result.socket = std::move(socket);
    return result;
  }
  return result;
}

} // namespace synapse::actors::cluster
