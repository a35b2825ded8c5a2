/// @file
/// The attempts of finished requests, in words.
#pragma once

#include "telemetry/request_ring.hpp"
#include "telemetry/request_trace.hpp"

#include <nlohmann/json_fwd.hpp>

#include <map>
#include <vector>

namespace synapse::api {

/// By request_trace::number.
using traces_by_number = std::map<std::uint64_t, telemetry::request_trace>;
/// What is remembered on all threads; any thread.
traces_by_number read_traces(const std::vector<const telemetry::trace_ring*>& rings);

/// A list with one entry for each attempt, in their order; empty for requests of no catalog's name,
/// null where it is no longer known.
nlohmann::ordered_json describe_attempts(const telemetry::finished_request& one,
                                         const traces_by_number& traces);

} // namespace synapse::api
