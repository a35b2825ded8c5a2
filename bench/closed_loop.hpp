/// @file
/// The closed-loop load: every connection sends its next request when it has its last answer.
#pragma once

#include "bench/load_result.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <netinet/in.h>
#include <optional>
#include <string>

namespace synapse::bench {

struct closed_loop_plan {
  sockaddr_in address{};
  std::string request; ///< complete bytes, sent as they are
  unsigned connections = 1;
  std::chrono::nanoseconds warmup{0};
  std::chrono::nanoseconds duration{std::chrono::seconds{1}};
  std::chrono::nanoseconds stall_limit{std::chrono::seconds{5}};
  std::optional<std::uint64_t> expected_length; ///< of every body
};

/// Runs the plan on the calling thread. Errors do not stop it, except that after 1000 of them it
/// gives up early. @param on_window  called when the warm-up is over and the window begins
closed_loop_result run_closed_loop(const closed_loop_plan& plan,
                                   const std::function<void()>& on_window);

} // namespace synapse::bench
