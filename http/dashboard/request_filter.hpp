/// @file
/// Which of the finished requests somebody wants to see. Pure functions; any thread.
#pragma once

#include "telemetry/request_ring.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::api {

/// What came of a request, as the dashboard's charts class it.
enum class request_outcome : std::uint8_t { good, client_error, server_error, left };
std::string_view to_string(request_outcome outcome);
request_outcome outcome_of(const telemetry::finished_request& one);

/// Texts that are empty, and what is unset, take everything.
struct request_filter {
  static constexpr std::size_t most = 1000; ///< requests that are remembered and shown
  std::size_t limit = 100;
  std::string route;                    ///< exactly; `(none)`: what no route takes
  std::string backend;                  ///< exactly
  std::string model;                    ///< exactly
  std::string id;                       ///< exactly
  std::optional<unsigned> status;       ///< exactly
  std::optional<unsigned> status_class; ///< 4 for 4xx
  std::optional<request_outcome> outcome;
  std::int64_t since_ms = 0; ///< ended later than this

  bool takes(const telemetry::finished_request& one) const;
};

/// Reads it from a query: `limit`, `route`, `backend`, `model`, `id`, `since`, and `status` as
/// `404`, `4xx`, `error` or `left`. @returns what is wrong with it; empty when all is well.
std::string read_filter(std::string_view query, request_filter& into);

struct request_selection {
  std::vector<const telemetry::finished_request*> shown; ///< the newest first
  std::size_t matching = 0;                              ///< that the filter takes
  std::size_t kept = 0;                                  ///< that are remembered
  std::set<std::string, std::less<>> routes; ///< of all that are remembered, for a choice
  std::set<std::string, std::less<>> backends;
  std::set<std::string, std::less<>> models;
};
/// Sorts `known`, which the result points into, and forgets all but its newest
/// `request_filter::most`.
request_selection select_newest(std::vector<telemetry::finished_request>& known,
                                const request_filter& wanted);

} // namespace synapse::api
