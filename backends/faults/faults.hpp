#pragma once

#include "backends/server/misbehavior.hpp"
#include "backends/server/request.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace synapse::backends {

/// What a server does wrong until it is told otherwise: one fault at a time, set while it runs.
struct fault {
  misbehavior_plan plan;
  std::string kind;                                  ///< as the request named it, e.g. `hang`
  std::string path_prefix;                           ///< empty: every path
  std::optional<std::chrono::milliseconds> duration; ///< none: until it is taken back
  std::optional<std::uint64_t> times;                ///< none: any number of requests
};

/// Reads `{"status":500,"body"?,"retry_after"?} | {"hang":true} | {"refuse":true} | {"cut":N} |
/// {"html":true}`, each with `"for"?` (`"10s"` or seconds), `"times"?` and `"path"?`.
/// @param problem set to a sentence when the result is empty
std::optional<fault> parse_fault(std::string_view text, std::string& problem);

/// Reads `10s`, `500ms`, `2m` or `1h`, up to a day. @returns nothing for anything else.
std::optional<std::chrono::milliseconds> parse_span(std::string_view text);

/// The fault of one server. Used on the host's thread only; time comes from the caller.
class fault_switch {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// What a request to the switch led to.
  struct outcome {
    response answer;
    bool restored = false; ///< `{"ok":true}`: everything is to be as after a start
  };

  /// Answers `GET /stand-in/fail` (the fault that is set) and `POST /stand-in/fail` (sets one).
  outcome control(const request& in, time_point now);

  /// @returns what a request to `path` gets, using up one of its times; empty: behave.
  std::optional<misbehavior_plan> take(std::string_view path, time_point now);

  /// The path that controls the switch.
  static constexpr std::string_view path = "/stand-in/fail";

private:
  void forget_if_over(time_point now);
  response state(time_point now) const;

  std::optional<fault> set_;
  time_point until_ = time_point::max();
  std::uint64_t done_ = 0;
};

} // namespace synapse::backends
