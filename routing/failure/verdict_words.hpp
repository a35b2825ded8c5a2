/// @file
/// The words of verdicts: short ones for metrics and answers, sentences for people.
#pragma once

#include "routing/failure/verdict.hpp"

#include <array>
#include <cstddef>
#include <string_view>

namespace synapse::routing {

inline constexpr std::size_t trouble_count = static_cast<std::size_t>(trouble::cut) + 1;

/// `key_refused`; empty for none.
constexpr std::string_view to_string(trouble what) noexcept {
  constexpr std::array<std::string_view, trouble_count> texts{"",
                                                              "unreachable",
                                                              "name_unknown",
                                                              "tls",
                                                              "timeout",
                                                              "reset",
                                                              "rate_limited",
                                                              "key_refused",
                                                              "unpaid",
                                                              "forbidden",
                                                              "model_missing",
                                                              "route_missing",
                                                              "out_of_memory",
                                                              "unhealthy",
                                                              "server_error",
                                                              "proxy_error",
                                                              "bad_answer",
                                                              "cut"};
  return texts[static_cast<std::size_t>(what)];
}

/// "it does not take the gateway's key"; empty for none.
constexpr std::string_view words_of(trouble what) noexcept {
  constexpr std::array<std::string_view, trouble_count> texts{
      "",
      "it could not be reached",
      "its host name does not resolve",
      "no secure connection could be made",
      "it did not answer in time",
      "it closed the connection",
      "it limits the rate of requests",
      "it does not take the gateway's key",
      "its account is used up",
      "it refuses access",
      "it has not got the model",
      "it does not serve this kind of request",
      "it is out of memory",
      "its health check fails",
      "it failed",
      "a proxy before it failed",
      "its answers were no good ones",
      "its answers broke off"};
  return texts[static_cast<std::size_t>(what)];
}

/// "rate limit", "hard down"; empty for what is not the end of an attempt.
constexpr std::string_view to_string(disposition what) noexcept {
  constexpr std::array<std::string_view, 10> texts{
      "",        "success",   "client fault", "rate limit", "busy",
      "loading", "transient", "hard down",    "context",    "policy"};
  return texts[static_cast<std::size_t>(what)];
}

} // namespace synapse::routing
