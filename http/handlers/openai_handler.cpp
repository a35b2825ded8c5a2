#include "http/core/json_body.hpp"
#include "http/handlers/api_handlers.hpp"
#include "http/handlers/forwarder.hpp"

#include <array>
#include <optional>
#include <string>

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

struct refusal {
  response_detail detail;
  std::string message;
};

/// Looks at what the head says about the body. @returns why the request cannot be taken, if so.
std::optional<refusal> check_head(const http::request_head& head) {
  if (!may_be_json(head.fields.value_of(http::known_field::content_type)))
    return refusal{response_detail::unsupported_media_type, "send the request as application/json"};
  if (const auto* coding = head.fields.find(http::known_field::content_encoding);
      coding && !http::iequals(coding->value, "identity"))
    return refusal{response_detail::unsupported_media_type,
                   "compressed request bodies are not supported"};
  // Bytes that follow all the same would be read as the next request.
  if (!head.chunked && head.content_length < 0)
    return refusal{response_detail::length_required, {}};
  return {};
}

/// What to answer when a body did not arrive as it should; nothing when its client has left.
std::optional<refusal> refusal_of(server::exchange::body_state state, std::size_t limit) {
  switch (state) {
  case server::exchange::body_state::too_large:
    return refusal{response_detail::body_too_large,
                   "the request body exceeds " + std::to_string(limit) + " bytes"};
  case server::exchange::body_state::malformed:
    return refusal{response_detail::bad_request_body, {}};
  case server::exchange::body_state::timeout:
    return refusal{response_detail::body_timeout, {}};
  default:
    return {};
  }
}

net::task<void> to_backend(server::exchange& exchange, forward_options options) {
  const auto site = exchange.routes()->site_for_path(exchange.path());
  if (!site) {
    co_await exchange.reply_error(response_detail::backend_not_found,
                                  "no backend is configured for this route");
    co_return;
  }
  auto refused = check_head(exchange.head());
  const auto limit = exchange.settings().limits.max_json_body_bytes;
  if (!refused && !exchange.take_body_at_hand(limit)) {
    const auto state = co_await exchange.read_body(limit);
    if (state == server::exchange::body_state::gone) {
      if (exchange.metrics())
        exchange.metrics()->client_disconnects[telemetry::request_phase::reading].increment();
      co_return;
    }
    refused = refusal_of(state, limit);
  }
  if (!refused)
    if (const auto inspected = http::inspect_padded_json(exchange.body()); !inspected.ok())
      refused = refusal{response_detail::invalid_json, std::string{inspected.message}};
  if (refused)
    co_await exchange.reply_error(refused->detail, refused->message);
  else
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
