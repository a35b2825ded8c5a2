#include "http/server/exchange/exchange.hpp"
#include "http/server/filters/filter.hpp"
#include "http/server/traffic/finished_requests.hpp"
#include "telemetry/access_log.hpp"
#include "telemetry/gateway_metrics.hpp"

namespace synapse::server {

namespace {
telemetry::access_record line_of(exchange& current) {
  const auto& record = current.record();
  telemetry::access_record line;
  line.id = current.id();
  line.client = current.client_ip();
  line.method = current.head().method;
  line.path = current.path();
  line.status = record.status;
  line.route = current.matched() ? std::string_view{current.matched()->path} : std::string_view{};
  line.backend = record.backend;
  line.attempts = record.attempts;
  line.detail = http::to_string(record.detail);
  line.duration_ns = record.ended - record.started;
  line.overhead_ns = record.overhead_ns();
  line.first_byte_ns = record.first_byte ? record.first_byte - record.started : -1;
  line.bytes_in = record.bytes_in;
  line.bytes_out = record.bytes_out;
  line.stream = record.stream;
  return line;
}
} // namespace

std::optional<net::task<void>> count_begin(exchange& current) {
  if (auto* metrics = current.metrics())
    metrics->in_flight.increment();
  return {};
}

void count_end(exchange& current) {
  const auto& record = current.record();
  auto& owner = current.owner();
  if (auto* metrics = current.metrics()) {
    metrics->in_flight.decrement();
    metrics->requests(record.status).increment();
    if (has_left(record))
      metrics->count_departure();
    if (record.broken)
      metrics->count_broken();
    metrics->duration.observe_ns(record.ended - record.started);
    metrics->overhead.observe_ns(record.overhead_ns());
  } else {
    owner.unmatched->requests(record.status).increment();
  }
  if (record.detail != http::response_detail::via_upstream &&
      record.detail != http::response_detail::local)
    owner.metrics
        ->local_replies(static_cast<unsigned>(record.detail), http::to_string(record.detail))
        .increment();
  owner.metrics->bytes_in.add(record.bytes_in);
  owner.metrics->bytes_out.add(record.bytes_out);
}

void log_end(exchange& current) {
  const auto line = line_of(current);
  current.owner().log->write(line);
  if (current.matched() == nullptr || current.matched()->is_traffic)
    remember(current.owner().finished, current.record(), line);
}

} // namespace synapse::server
