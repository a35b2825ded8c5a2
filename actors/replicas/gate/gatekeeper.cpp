#include "actors/replicas/gate/gatekeeper.hpp"

#include "actors/replicas/gate/visit.hpp"
#include "actors/replicas/link/burst.hpp"
#include "config/values/networks.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <list>
#include <map>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace synapse::actors::cluster {

namespace {

using std::chrono::milliseconds;
using gate_clock = std::chrono::steady_clock;

constexpr int listen_backlog = 128;
/// Without descriptors, trying again at once would only spin.
constexpr milliseconds first_accept_pause{50};
constexpr milliseconds longest_accept_pause{1'000};

std::string numeric_host(const sockaddr_storage& address, socklen_t size) {
  char text[NI_MAXHOST];
  if (::getnameinfo(reinterpret_cast<const sockaddr*>(&address), size, text, sizeof text, nullptr,
                    0, NI_NUMERICHOST) != 0)
    return {};
  return text;
}

/// A socket that listens at the first address of `host`.
owned_fd listen_at(const std::string& host, std::uint16_t port, std::string& problem) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (const int code = ::getaddrinfo(host.empty() ? nullptr : host.c_str(),
                                     std::to_string(port).c_str(), &hints, &found);
      code != 0) {
    problem = ::gai_strerror(code);
    return owned_fd{};
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all{found, ::freeaddrinfo};
  owned_fd socket{
      ::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP)};
  const int on = 1, off = 0;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (found->ai_family == AF_INET6)
    ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (!socket || ::bind(socket.get(), found->ai_addr, found->ai_addrlen) != 0 ||
      ::listen(socket.get(), listen_backlog) != 0) {
    problem = std::strerror(errno);
    return owned_fd{};
  }
  return socket;
}

std::uint16_t port_of(int socket) {
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&own), &size);
  return ntohs(own.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(own).sin6_port
                                         : reinterpret_cast<sockaddr_in&>(own).sin_port);
}

class gate final : public gatekeeper {
public:
  gate(gate_parts parts, owned_fd listener, owned_fd wake)
      : parts_(std::move(parts)), listener_(std::move(listener)), port_(port_of(listener_.get())),
        wake_(std::move(wake)), thread_([this] { run(); }) {}

  ~gate() override {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto told = ::write(wake_.get(), &one, sizeof one);
    thread_.join();
    parts_.strangers(0);
  }

  std::uint16_t port() const override { return port_; }

private:
  struct stranger {
    visit talk;
    std::string host;
    config::ip_address subject;
    gate_clock::time_point due;
    visit::state now = visit::state::wants_read;
  };
  using strangers = std::list<stranger>; ///< oldest first

  void run() {
    bool more = true;
    while (more) {
      try {
        more = wait();
        accept_some();
        end_late_ones();
      } catch (const std::exception& error) { // OpenSSL or memory; whoever is there may dial again
        report("fault", error.what());
        strangers_.clear();
      }
      tell_number();
    }
  }

  void end_late_ones() {
    const auto now = gate_clock::now();
    for (auto i = strangers_.begin(); i != strangers_.end();) {
      const auto one = i++;
      if (now >= one->due)
        turn_away(one, "timeout",
                  one->host + " has not shown the secret within " +
                      std::to_string(parts_.greeting_timeout.count()) + " ms");
    }
  }

  /// Until something can be done, and does it for those who are there. @returns false at the end.
  bool wait() {
    const auto now = gate_clock::now();
    const bool accepting = now >= accept_due_;
    auto due = accepting ? gate_clock::time_point::max() : accept_due_;
    polled_.clear();
    polled_.push_back({wake_.get(), POLLIN, 0});
    polled_.push_back({accepting ? listener_.get() : -1, POLLIN, 0});
    for (const auto& one : strangers_) {
      due = std::min(due, one.due);
      const bool writes = one.now == visit::state::wants_write;
      polled_.push_back({one.talk.socket(), static_cast<short>(writes ? POLLOUT : POLLIN), 0});
    }
    int limit = -1;
    if (due != gate_clock::time_point::max())
      limit = static_cast<int>(
          std::clamp<std::int64_t>(std::chrono::ceil<milliseconds>(due - now).count(), 0, 60'000));
    if (::poll(polled_.data(), polled_.size(), limit) <= 0)
      return true;
    if (polled_[0].revents != 0)
      return false;
    std::size_t at = 2;
    for (auto i = strangers_.begin(); i != strangers_.end(); ++at) {
      const auto one = i++;
      if (polled_[at].revents != 0)
        go_on(one);
    }
    return true;
  }

  void accept_some() {
    // Fewer than there are places: those who are there get on between two rounds, however many
    // come.
    const std::size_t most = std::max<std::size_t>(1, parts_.max_strangers / 2);
    if (gate_clock::now() < accept_due_ || polled_[1].revents == 0)
      return;
    for (std::size_t i = 0; i < most; ++i) {
      sockaddr_storage peer{};
      socklen_t size = sizeof peer;
      owned_fd socket{::accept4(listener_.get(), reinterpret_cast<sockaddr*>(&peer), &size,
                                SOCK_NONBLOCK | SOCK_CLOEXEC)};
      if (socket) {
        pause_ = first_accept_pause;
        welcome(std::move(socket), numeric_host(peer, size));
      } else if (errno == EAGAIN) {
        return;
      } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        report("descriptors", std::string{"cannot accept connections: "} + std::strerror(errno));
        accept_due_ = gate_clock::now() + pause_;
        pause_ = std::min(2 * pause_, longest_accept_pause);
        return;
      } // of this connection only: it has gone already
    }
  }

  void welcome(owned_fd socket, std::string host) {
    ssl_ptr session;
    std::string problem;
    if (parts_.tls) {
      session = parts_.tls->begin(socket.get(), session_role::answering, problem);
      if (!session)
        return report("tls", "no connection can be taken: " + problem);
    }
    const auto address = config::parse_address(host);
    strangers_.push_back({visit{channel{std::move(socket), std::move(session)},
                                session_role::answering, parts_.secret},
                          std::move(host), address.value_or(config::ip_address{}).subject(),
                          gate_clock::now() + parts_.greeting_timeout});
    if (strangers_.size() > parts_.max_strangers)
      make_room();
    else
      go_on(std::prev(strangers_.end()));
  }

  void make_room() {
    std::vector<config::ip_address> subjects;
    for (const auto& one : strangers_)
      subjects.push_back(one.subject);
    const auto victim =
        std::next(strangers_.begin(), static_cast<std::ptrdiff_t>(config::gives_way(subjects)));
    turn_away(victim, "crowded",
              "the oldest connection of " + victim->host + ", as more than " +
                  std::to_string(parts_.max_strangers) + " have not shown the secret");
  }

  void go_on(strangers::iterator one) {
    one->now = one->talk.advance();
    if (one->now == visit::state::passed) {
      parts_.passed(one->talk.release(), port_);
      strangers_.erase(one);
    } else if (one->now == visit::state::failed) {
      const auto why = one->talk.why();
      turn_away(one, to_string(why),
                why == visit::cause::left ? std::string{} : one->host + " " + one->talk.problem());
    }
  }

  /// @param text empty: people are not told. Who just looks whether somebody listens leaves.
  void turn_away(strangers::iterator one, std::string_view why, const std::string& text) {
    parts_.refused(why);
    if (!text.empty())
      report(why, "turned away: " + text);
    strangers_.erase(one);
  }

  void report(std::string_view kind, const std::string& text) {
    if (bursts_[std::string{kind}].begins(gate_clock::now()))
      parts_.report(text);
  }

  void tell_number() {
    if (told_ != strangers_.size())
      parts_.strangers(told_ = strangers_.size());
  }

  gate_parts parts_;
  owned_fd listener_;
  std::uint16_t port_;
  owned_fd wake_;
  strangers strangers_;
  std::vector<pollfd> polled_;
  gate_clock::time_point accept_due_{};
  milliseconds pause_ = first_accept_pause;
  std::map<std::string, burst> bursts_;
  std::size_t told_ = 0;
  std::thread thread_; ///< last: it uses the others
};

} // namespace

std::unique_ptr<gatekeeper> gatekeeper::open(gate_parts parts, std::string& problem) {
  auto listener = listen_at(parts.host, parts.port, problem);
  if (!listener)
    return nullptr;
  owned_fd wake{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!wake) {
    problem = std::strerror(errno);
    return nullptr;
  }
  return std::make_unique<gate>(std::move(parts), std::move(listener), std::move(wake));
}

} // namespace synapse::actors::cluster
