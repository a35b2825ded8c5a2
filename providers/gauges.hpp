/// @file
/// Internal: numbers out of a page of metrics.
#pragma once

#include "providers/discovered_model.hpp"

#include <optional>
#include <string_view>

namespace synapse::providers {

/// The sum of a gauge over all its labels, in Prometheus' text format; nothing: it is not there.
/// What is no number is left out. @param name whole, such as vllm:num_requests_waiting
std::optional<double> sum_of_gauge(std::string_view page, std::string_view name);

/// Of two gauges; `known` when the first one is there.
queue_reading read_queue(std::string_view page, std::string_view waiting, std::string_view running);

} // namespace synapse::providers
