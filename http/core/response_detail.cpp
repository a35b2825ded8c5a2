#include "http/core/local_reply.hpp"

#include <iterator>

namespace synapse::http {
namespace {

constexpr std::string_view invalid = "invalid_request_error";
constexpr std::string_view server = "server_error";
constexpr std::string_view unavailable = "Backend unavailable";
constexpr std::string_view timeout = "Backend timeout";
constexpr std::string_view failed = "Backend error";
using d = response_detail;

// detail, text, status, OpenAI type, OpenAI code, label of the other envelope, message
constexpr detail_info rows[] = {
    {d::via_upstream, "via_upstream", 0, "", "", "", ""},
    {d::local, "local", 0, "", "", "", ""},
    {d::route_not_found, "route_not_found", 404, invalid, "route_not_found", "",
     "there is no such route"},
    {d::method_not_allowed, "method_not_allowed", 405, invalid, "method_not_allowed", "",
     "the method is not allowed for this route"},
    {d::bad_request_head, "bad_request_head", 400, invalid, "bad_request", "",
     "the request head is malformed"},
    {d::bad_request, "bad_request", 400, invalid, "bad_request", "", "the request is malformed"},
    {d::header_timeout, "header_timeout", 408, invalid, "request_timeout", "",
     "the request head did not arrive in time"},
    {d::body_timeout, "body_timeout", 408, invalid, "request_timeout", "",
     "the request body did not arrive in time"},
    {d::uri_too_long, "uri_too_long", 414, invalid, "uri_too_long", "",
     "the request target is too long"},
    {d::header_too_large, "header_too_large", 431, invalid, "header_too_large", "",
     "the header fields are too large"},
    {d::body_too_large, "body_too_large", 413, invalid, "body_too_large", "",
     "the request body is too large"},
    {d::length_required, "length_required", 411, invalid, "length_required", "",
     "the request needs a Content-Length"},
    {d::bad_request_body, "bad_request_body", 400, invalid, "bad_request", "",
     "the request body is malformed"},
    {d::invalid_json, "invalid_json", 400, invalid, "invalid_json", "",
     "the request body is not valid JSON"},
    {d::unsupported_media_type, "unsupported_media_type", 415, invalid, "unsupported_media_type",
     "", "the media type of the request body is not supported"},
    {d::unsupported_content_coding, "unsupported_content_coding", 415, invalid,
     "unsupported_media_type", "", "compressed request bodies are not supported"},
    {d::unprocessable, "unprocessable", 422, invalid, "invalid_request", "",
     "a required field is missing"},
    {d::voice_not_found, "voice_not_found", 404, invalid, "voice_not_found", "",
     "there is no such voice"},
    {d::model_not_found, "model_not_found", 404, invalid, "model_not_found", "",
     "there is no such model"},
    {d::model_loading, "model_loading", 503, server, "model_loading", "Model loading",
     "the model is being loaded"},
    {d::model_busy, "model_busy", 503, server, "model_busy", "Backend overloaded",
     "other models were in use for as long as a request may wait"},
    {d::model_load_failed, "model_load_failed", 502, server, "model_load_failed", failed,
     "the model could not be loaded"},
    {d::model_load_timeout, "model_load_timeout", 504, server, "model_load_timeout", timeout,
     "the model did not become ready in time"},
    {d::storage_failed, "storage_failed", 507, server, "storage_failed", "",
     "the gateway could not store it"},
    {d::unsupported_transfer_coding, "unsupported_transfer_coding", 501, invalid,
     "unsupported_transfer_coding", "", "the only supported transfer coding is chunked"},
    {d::unsupported_method, "unsupported_method", 501, invalid, "unsupported_method", "",
     "the request method is not supported"},
    {d::unsupported_version, "unsupported_version", 505, invalid, "unsupported_version", "",
     "only HTTP/1.0 and HTTP/1.1 are supported"},
    {d::upgrade_not_supported, "upgrade_not_supported", 501, invalid, "upgrade_not_supported", "",
     "this route does not support upgrading the connection"},
    {d::misdirected_request, "misdirected_request", 421, invalid, "misdirected_request", "",
     "this gateway listens on loopback only and does not answer to that name in Host: "
     "listener.hosts "
     "in its configuration names more, such as that of a reverse proxy which passes Host on"},
    {d::origin_refused, "origin_refused", 403, "permission_error", "origin_refused", "",
     "a page of another origin asks for this: cors.origins in the gateway's configuration names "
     "the "
     "origins that may"},
    {d::unauthorized, "unauthorized", 401, "authentication_error", "invalid_api_key", "",
     "valid credentials are required"},
    {d::forbidden, "forbidden", 403, "permission_error", "forbidden", "",
     "the credentials do not allow this"},
    {d::rate_limited, "rate_limited", 429, "rate_limit_error", "rate_limit_exceeded", "",
     "too many requests; try again later"},
    {d::backend_not_found, "backend_not_found", 503, server, "backend_not_found", unavailable,
     "no backend is configured for this route"},
    {d::no_healthy_upstream, "no_healthy_upstream", 503, server, "backend_unavailable", unavailable,
     "the backend is unavailable at the moment"},
    {d::upstream_overflow, "upstream_overflow", 429, "rate_limit_error", "backend_overloaded",
     "Backend overloaded", "too many requests wait for the backend; try again later"},
    {d::upstream_queue_timeout, "upstream_queue_timeout", 503, server, "backend_overloaded",
     "Backend overloaded", "the request waited too long for a busy backend"},
    {d::upstream_connection_failure, "upstream_connection_failure", 503, server,
     "backend_unavailable", unavailable, "the backend could not be reached"},
    {d::upstream_connect_timeout, "upstream_connect_timeout", 504, server, "backend_timeout",
     timeout, "the connection to the backend was not made in time"},
    {d::upstream_tls_failure, "upstream_tls_failure", 503, server, "backend_unavailable",
     unavailable, "no secure connection to the backend could be made"},
    {d::upstream_reset_before_response_started, "upstream_reset_before_response_started", 502,
     server, "backend_error", failed, "the backend closed the connection before it answered"},
    {d::upstream_reset_after_response_started, "upstream_reset_after_response_started", 502, server,
     "backend_error", failed, "the backend closed the connection in the middle of its answer"},
    {d::upstream_protocol_error, "upstream_protocol_error", 502, server, "backend_error", failed,
     "the backend's answer is not valid HTTP"},
    {d::upstream_head_too_large, "upstream_head_too_large", 502, server, "backend_error", failed,
     "the header fields of the backend's answer are too large"},
    {d::response_timeout, "response_timeout", 504, server, "backend_timeout", timeout,
     "the backend did not answer in time"},
    {d::first_token_timeout, "first_token_timeout", 504, server, "backend_timeout", timeout,
     "the backend's stream did not begin in time"},
    {d::stream_idle_timeout, "stream_idle_timeout", 504, server, "backend_timeout", timeout,
     "the backend stopped sending in the middle of its answer"},
    {d::total_timeout, "total_timeout", 504, server, "backend_timeout", timeout,
     "the backend did not finish its answer in time"},
    {d::stream_truncated, "stream_truncated", 502, server, "stream_truncated", failed,
     "the backend's stream ended before it was complete"},
    {d::stream_event_too_large, "stream_event_too_large", 502, server, "stream_event_too_large",
     failed, "an event of the backend's stream is too large"},
    {d::upstream_stream_error, "upstream_stream_error", 502, server, "backend_error", failed,
     "the backend reported an error in its stream"},
    {d::upstream_error, "upstream_error", 502, server, "backend_error", failed,
     "the backend failed"},
    {d::backend_auth, "backend_auth", 502, server, "backend_auth", failed,
     "the backend does not take the gateway's key"},
    {d::context_length_exceeded, "context_length_exceeded", 400, invalid, "context_length_exceeded",
     "", "the prompt is too long for the model"},
    {d::deployments_full, "deployments_full", 429, "rate_limit_error", "rate_limit_exceeded", "",
     "all deployments of the model are at their limits; try again later"},
    {d::upstream_unavailable, "upstream_unavailable", 503, server, "backend_unavailable",
     unavailable, "the backend cannot serve now"},
    {d::not_supported, "not_supported", 501, invalid, "not_supported", "",
     "the backend of this route cannot do that"},
    {d::draining, "draining", 503, server, "draining", "", "the gateway is shutting down"},
    {d::too_many_connections, "too_many_connections", 503, server, "too_many_connections", "",
     "the gateway has too many connections"},
    {d::internal_error, "internal_error", 500, server, "internal_error", "",
     "the gateway failed to handle the request"},
    {d::client_disconnected, "client_disconnected", 499, invalid, "client_disconnected", "",
     "the client closed the connection"},
    {d::client_write_timeout, "client_write_timeout", 499, invalid, "client_write_timeout", "",
     "the client did not read the answer in time"},
    {d::canceled, "canceled", 503, server, "canceled", "", "the gateway canceled the request"},
};

constexpr bool complete() {
  for (std::size_t i = 0; i < std::size(rows); ++i)
    if (static_cast<std::size_t>(rows[i].detail) != i)
      return false;
  return std::size(rows) == static_cast<std::size_t>(response_detail::count_);
}
static_assert(complete(), "one row per detail, in the order of the enumerators");

} // namespace

const detail_info& info(response_detail detail) noexcept {
  return rows[static_cast<std::size_t>(detail)];
}

response_detail detail_of(head_error e) noexcept {
  switch (e) {
  case head_error::uri_too_long:
    return d::uri_too_long;
  case head_error::head_too_large:
  case head_error::too_many_fields:
    return d::header_too_large;
  case head_error::method_too_long:
    return d::unsupported_method;
  case head_error::unsupported_transfer_coding:
    return d::unsupported_transfer_coding;
  case head_error::unsupported_version:
    return d::unsupported_version;
  default:
    return d::bad_request_head;
  }
}

} // namespace synapse::http
