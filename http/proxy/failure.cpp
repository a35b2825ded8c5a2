#include "http/proxy/failure.hpp"

#include <array>

namespace synapse::proxy {

namespace {
using counted = telemetry::attempt_result;
using told = actors::attempt_result;
using detail = http::response_detail;
using ends = telemetry::stream_end;

constexpr std::array<mishap_row, static_cast<std::size_t>(mishap::count_)> rows{{
    {mishap::connect_timeout, detail::upstream_connect_timeout, counted::connect_timeout,
     told::connect_timeout, true, ends::timeout, "no connection within the time limit"},
    {mishap::connect_failure, detail::upstream_connection_failure, counted::refused,
     told::connect_failure, true, ends::truncated, "cannot connect"},
    {mishap::tls_failure, detail::upstream_tls_failure, counted::refused, told::connect_failure,
     true, ends::truncated, "TLS handshake failed"},
    {mishap::request_not_taken, detail::response_timeout, counted::idle_timeout,
     told::response_timeout, false, ends::timeout, "it does not take the request"},

    {mishap::reset_before_answer, detail::upstream_reset_before_response_started,
     counted::reset_before_head, told::reset_before_head, true, ends::truncated,
     "it closed the connection without an answer"},
    {mishap::response_timeout, detail::response_timeout, counted::response_timeout,
     told::response_timeout, false, ends::timeout, "no answer within the time limit"},
    {mishap::deadline_passed, detail::total_timeout, counted::total_timeout, told::canceled, false,
     ends::timeout, "no answer within the time limit of the request"},
    {mishap::total_timeout_silent, detail::total_timeout, counted::total_timeout,
     told::response_timeout, false, ends::timeout, "no complete answer within the time limit"},

    {mishap::not_http, detail::upstream_protocol_error, counted::bad_response, told::bad_response,
     false, ends::truncated, "its answer is not HTTP"},
    {mishap::protocol_switched, detail::upstream_protocol_error, counted::bad_response,
     told::bad_response, false, ends::truncated, "it switched protocols unasked"},
    {mishap::reset_within_head, detail::upstream_protocol_error, counted::bad_response,
     told::bad_response, false, ends::truncated,
     "it closed the connection within the head of its answer"},
    {mishap::answered_half_request, detail::upstream_protocol_error, counted::bad_response,
     told::bad_response, false, ends::truncated, "it answered before it had the whole request"},

    {mishap::reset_within_answer, detail::upstream_reset_after_response_started,
     counted::reset_after_head, told::reset_after_head, false, ends::truncated,
     "it closed the connection within its answer"},
    {mishap::silence_within_answer, detail::stream_idle_timeout, counted::idle_timeout,
     told::response_timeout, false, ends::timeout, "silence within its answer"},
    {mishap::total_timeout_answering, detail::total_timeout, counted::total_timeout, told::canceled,
     false, ends::timeout, "no complete answer within the time limit"},
    {mishap::answer_too_long, detail::upstream_protocol_error, counted::bad_response,
     told::bad_response, false, ends::truncated, "its answer is too long"},
    {mishap::not_an_answer, detail::upstream_protocol_error, counted::bad_response,
     told::bad_response, false, ends::truncated, "its answer is none"},
    {mishap::answered_with_error, detail::upstream_error, counted::ok, told::ok, false,
     ends::upstream_error, "it answered with an error"},
    {mishap::untranslatable, detail::upstream_protocol_error, counted::bad_response,
     told::bad_response, false, ends::truncated, "its answer is not what it should be"},

    {mishap::no_first_token, detail::first_token_timeout, counted::first_token_timeout,
     told::response_timeout, false, ends::timeout, "no content within the time limit"},
    {mishap::stream_truncated, detail::stream_truncated, counted::reset_after_head,
     told::reset_after_head, false, ends::truncated, "it broke off the stream"},
    {mishap::event_too_large, detail::stream_event_too_large, counted::bad_response,
     told::bad_response, false, ends::truncated, "an event of its stream is too large"},
    {mishap::error_in_stream, detail::upstream_stream_error, counted::ok, told::ok, false,
     ends::upstream_error, "it reported an error in its stream"},
}};

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (rows[i].what != static_cast<mishap>(i) || rows[i].sentence.empty())
      return false;
  return true;
}
static_assert(is_in_order(), "one row per mishap, in the order of the enumeration");
} // namespace

const mishap_row& row_of(mishap what) noexcept {
  return rows[static_cast<std::size_t>(what)];
}

} // namespace synapse::proxy
