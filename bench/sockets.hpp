/// @file
/// Sockets and time for the benchmark programs: plain Linux calls, loopback IPv4.
#pragma once

#include <chrono>
#include <cstdint>
#include <netinet/in.h>
#include <optional>
#include <string_view>
#include <sys/epoll.h>

namespace synapse::bench {

/// CLOCK_MONOTONIC in nanoseconds: one clock for every process of a machine.
std::uint64_t now_ns();

/// `a.b.c.d:port`; nothing when malformed. Names are not resolved.
std::optional<sockaddr_in> parse_address(std::string_view text);

/// A connected, non-blocking socket with TCP_NODELAY, or -1 (errno set). Waits at most 2 s.
int connect_to(const sockaddr_in& address);

/// A non-blocking listener with SO_REUSEPORT, or -1 (errno set).
int listen_on(const sockaddr_in& address);

/// The port a socket is bound to; 0 on error.
std::uint16_t bound_port(int socket);

/// Raises the limit of open files as far as allowed and makes timers of the thread precise.
void prepare_process();

/// epoll_pwait2 with a deadline on `now_ns()`'s clock; `max_wait` bounds it.
int wait_until(int epoll, epoll_event* events, int size, std::uint64_t deadline,
               std::chrono::nanoseconds max_wait);

} // namespace synapse::bench
