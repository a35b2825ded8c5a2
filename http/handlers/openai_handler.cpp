#include "http/core/json_body.hpp"
#include "http/handlers/api_handlers.hpp"
#include "http/handlers/forwarder.hpp"

#include <array>

namespace synapse::handlers {

using http::response_detail;

namespace {

/// Media types under which people send JSON. `curl -d` says form-urlencoded for whatever it sends;
/// the body itself decides then.
bool may_be_json(std::string_view type) {
  type = type.substr(0, type.find(';'));
  while (!type.empty() && type.back() == ' ')
    type.remove_suffix(1);
  constexpr std::array<std::string_view, 4> accepted{"application/json", "text/json", "text/plain",
                                                     "application/x-www-form-urlencoded"};
  if (type.empty())
    return true;
  for (auto name : accepted)
    if (http::iequals(type, name))
      return true;
  return type.size() > 5 && http::iequals(type.substr(type.size() - 5), "+json");
}

/// Reads and checks the body. @returns false when the request was answered or its client has left.
net::task<bool> accept_json(server::exchange& exchange) {
  const auto& head = exchange.head();
  if (!may_be_json(head.fields.value_of(http::known_field::content_type))) {
    co_await exchange.reply_error(response_detail::unsupported_media_type,
                                  "send the request as application/json");
    co_return false;
  }
  if (const auto* coding = head.fields.find(http::known_field::content_encoding);
      coding && !http::iequals(coding->value, "identity")) {
    co_await exchange.reply_error(response_detail::unsupported_media_type,
                                  "compressed request bodies are not supported");
    co_return false;
  }
  if (!head.chunked && head.content_length < 0) {
    // Bytes that follow all the same would be read as the next request.
    co_await exchange.reply_error(response_detail::length_required);
    co_return false;
  }
  const auto limit = exchange.settings().limits.max_json_body_bytes;
  switch (co_await exchange.read_body(limit)) {
  case server::exchange::body_state::complete:
    break;
  case server::exchange::body_state::too_large:
    co_await exchange.reply_error(response_detail::body_too_large,
                                  "the request body exceeds " + std::to_string(limit) + " bytes");
    co_return false;
  case server::exchange::body_state::malformed:
    co_await exchange.reply_error(response_detail::bad_request_body);
    co_return false;
  case server::exchange::body_state::timeout:
    co_await exchange.reply_error(response_detail::body_timeout);
    co_return false;
  case server::exchange::body_state::gone:
    if (exchange.metrics())
      exchange.metrics()->client_disconnects[telemetry::request_phase::reading].increment();
    co_return false;
  }
  const auto inspected = http::inspect_padded_json(exchange.body());
  if (!inspected.ok()) {
    co_await exchange.reply_error(response_detail::invalid_json, inspected.message);
    co_return false;
  }
  co_return true;
}

net::task<void> to_backend(server::exchange& exchange, forward_options options) {
  const auto site = exchange.routes()->site_for_path(exchange.path());
  if (!site) {
    co_await exchange.reply_error(response_detail::backend_not_found,
                                  "no backend is configured for this route");
    co_return;
  }
  if (!co_await accept_json(exchange))
    co_return;
  co_await forward(exchange, site, options);
}

} // namespace

net::task<void> chat_completions(const services&, server::exchange& exchange) {
  forward_options options;
  options.openai_stream = true;
  return to_backend(exchange, options);
}

net::task<void> embeddings(const services&, server::exchange& exchange) {
  return to_backend(exchange, forward_options{});
}

} // namespace synapse::handlers
