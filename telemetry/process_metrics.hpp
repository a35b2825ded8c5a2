/// @file
/// The usual process_* metrics, read from the kernel at every scrape.
#pragma once

#include "telemetry/metric_registry.hpp"

#include <cstdint>
#include <vector>

namespace synapse::telemetry {

/// Resident memory of this process in bytes; 0 when /proc cannot be read.
std::uint64_t resident_memory_bytes();

/// Open file descriptors of this process; 0 when /proc cannot be read.
std::uint64_t open_file_descriptors();

/// Processor time that this process has used, in seconds.
double process_cpu_seconds();

/// When this process started, in seconds since 1970; 0 when /proc cannot be read.
double process_start_seconds();

/// Registers process_resident_memory_bytes, process_open_fds, process_cpu_seconds_total and
/// process_start_time_seconds.
[[nodiscard]] std::vector<callback_registration>
register_process_metrics(metric_registry& registry);

} // namespace synapse::telemetry
