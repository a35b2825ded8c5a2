/// @file
/// A backend's permit for one attempt, from the question to its return.
#pragma once

#include "actors/runtime/ask.hpp"
#include "http/proxy/call.hpp"

#include <cstdint>
#include <string>

namespace synapse::proxy {

/// What a client is told whose request gets no permit.
struct denial {
  http::response_detail detail;
  std::string message;
  unsigned retry_after; ///< seconds
};

/// Given back at the latest when it ends, as one that says nothing about the backend. On the
/// exchange's thread.
class permit_slot {
public:
  /// @param number of the request, unique within the lane.
  permit_slot(call& of, std::uint64_t number) noexcept : call_(of), number_(number) {}
  permit_slot(const permit_slot&) = delete;
  permit_slot& operator=(const permit_slot&) = delete;
  ~permit_slot() { give_back(actors::attempt_result::canceled); }

  /// Asks the lane, which usually answers at once, and with yes. @returns whether it has.
  bool take();
  /// Waits for the answer after `take`. `failed`: see `why`.
  net::task<step> await();
  /// After `failed`.
  denial why();
  actors::deny_reason reason();
  std::uint32_t retry_after_ms();

  const actors::permit& granted() const noexcept { return permit_; }
  std::uint64_t number() const noexcept { return number_; }
  /// The attempt has come to this; only the first time counts.
  void give_back(actors::attempt_result result);
  /// The breaker's probe has got a head: the backend lives.
  void tell_head();

private:
  bool accept();

  call& call_;
  std::uint64_t number_;
  net::time_ns asked_ = 0;
  bool spilled_ = false; ///< waited as long as the request wants to
  actors::question<actors::permit> question_;
  actors::permit permit_;
  bool held_ = false;
};

} // namespace synapse::proxy
