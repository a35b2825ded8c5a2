#include "bench/load_result.hpp"

#include <cstdio>

namespace synapse::bench {

namespace {

std::string number(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.3f", value);
  return text;
}

std::string field(const char* name, const std::string& value) {
  return "\"" + std::string{name} + "\":" + value;
}

std::string field(const char* name, std::uint64_t value) {
  return field(name, std::to_string(value));
}

std::string microseconds(const histogram& times) {
  const auto us = [](std::uint64_t ns) { return number(static_cast<double>(ns) / 1000); };
  return "{" + field("count", times.count()) + "," + field("min", us(times.min())) + "," +
         field("mean", number(times.mean() / 1000)) + "," + field("p50", us(times.percentile(50))) +
         "," + field("p90", us(times.percentile(90))) + "," +
         field("p99", us(times.percentile(99))) + "," + field("p99.9", us(times.percentile(99.9))) +
         "," + field("max", us(times.max())) + "}";
}

std::string by_cause(const failures& failed) {
  return "{" + field("status", failed.status) + "," + field("length", failed.length) + "," +
         field("connection", failed.connection) + "," + field("malformed", failed.malformed) + "," +
         field("stalled", failed.stalled) + "}";
}

} // namespace

std::string to_json(const closed_loop_result& result) {
  const double rate =
      result.seconds > 0 ? static_cast<double>(result.requests) / result.seconds : 0;
  return "{" + field("requests", result.requests) + "," + field("answered", result.answered) + "," +
         field("errors", result.failed.total()) + "," +
         field("error_causes", by_cause(result.failed)) + "," +
         field("reconnects", result.reconnects) + "," + field("seconds", number(result.seconds)) +
         "," + field("rps", number(rate)) + "," +
         field("latency_us", microseconds(result.latency)) + "}";
}

std::string to_json(const stream_result& result) {
  return "{" + field("parallel", result.parallel) + "," +
         field("streams", result.complete + result.failed.total()) + "," +
         field("complete", result.complete) + "," + field("answered", result.answered) + "," +
         field("errors", result.failed.total()) + "," +
         field("error_causes", by_cause(result.failed)) + "," + field("events", result.events) +
         "," + field("seconds", number(result.seconds)) + "," +
         field("first_event_us", microseconds(result.first_event)) + "," +
         field("first_content_us", microseconds(result.first_content)) + "," +
         field("event_delay_us", microseconds(result.event_delay)) + "}";
}

std::string to_json(const upload_result& result) {
  const double rate =
      result.seconds > 0 ? static_cast<double>(result.file_bytes) / result.seconds / 1e6 : 0;
  return "{" + field("parallel", result.parallel) + "," + field("complete", result.complete) + "," +
         field("answered", result.answered) + "," + field("errors", result.failed.total()) + "," +
         field("error_causes", by_cause(result.failed)) + "," +
         field("file_bytes", result.file_bytes) + "," + field("seconds", number(result.seconds)) +
         "," + field("mb_per_s", number(rate)) + "," +
         field("taken_us", microseconds(result.taken)) + "}";
}

} // namespace synapse::bench
