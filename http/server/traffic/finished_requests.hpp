/// @file
/// What stays of a request when it has ended, for people.
#pragma once

#include "http/server/exchange/exchange.hpp"

namespace synapse::telemetry {
struct access_record;
} // namespace synapse::telemetry

namespace synapse::server {

/// Its client did not wait for the whole answer.
bool has_left(const exchange_record& record) noexcept;

/// Its answer had begun well and did not end so, for a reason that was not the client's: a backend
/// that broke off, or a clock. @param aborted see exchange::aborted
bool broke_off(const exchange_record& record, bool aborted) noexcept;

/// Adds a request to those that its thread has finished. Takes no memory and never waits.
/// @param line its line of the access log; the text of `route` lives as long as the process
void remember(telemetry::request_ring& ring, const exchange_record& record,
              const telemetry::access_record& line) noexcept;

} // namespace synapse::server
