/// @file
/// Points in time at which a request gives up; 0 stands for never.
#pragma once

#include "config/settings.hpp"
#include "http/net/io_thread.hpp"

#include <algorithm>

namespace synapse::proxy {

inline net::time_ns in_ns(config::milliseconds value) {
  return std::chrono::nanoseconds{value}.count();
}

/// The earlier of two deadlines.
inline net::time_ns sooner(net::time_ns a, net::time_ns b) {
  if (a == 0 || b == 0)
    return std::max(a, b);
  return std::min(a, b);
}

/// @param limit 0: none
inline net::time_ns deadline_of(net::time_ns from, config::milliseconds limit) {
  return limit.count() == 0 ? 0 : from + in_ns(limit);
}

inline bool passed(net::time_ns due) {
  return due != 0 && net::io_thread::recent() >= due;
}

} // namespace synapse::proxy
