#include "http/core/json_body.hpp"
#include "http/handlers/api_handlers.hpp"
#include "http/handlers/forwarder.hpp"
#include "http/handlers/refusal.hpp"

namespace synapse::handlers {

using http::response_detail;

namespace {

/// Checks the body and passes it on as it came.
net::task<void> checked_to(client::site_ptr site, server::exchange& exchange,
                           forward_options options) {
  auto refused = check_json_head(exchange.head());
  const auto limit = exchange.settings().limits.max_json_body_bytes;
  if (!refused && !exchange.take_body_at_hand(limit)) {
    const auto state = co_await exchange.read_body(limit);
    if (state == server::exchange::body_state::gone) {
      note_departure_while_reading(exchange);
      co_return;
    }
    refused = refusal_of(state, limit);
  }
  if (!refused)
    if (const auto inspected = http::inspect_padded_json(exchange.body()); !inspected.ok())
      refused = refusal{response_detail::invalid_json, std::string{inspected.message}, {}};
  if (refused)
    co_await exchange.reply_error(refused->detail, refused->message);
  else
    co_await forward(exchange, site, options);
}

net::task<void> to_backend(server::exchange& exchange, forward_options options) {
  auto site = exchange.routes()->site_for_path(exchange.path());
  if (site)
    return checked_to(std::move(site), exchange, options);
  return exchange.reply_error(response_detail::backend_not_found,
                              "no backend is configured for this route");
}

} // namespace

net::task<void> forward_whole_json(server::exchange& exchange, client::site_ptr site) {
  return checked_to(std::move(site), exchange, forward_options{});
}

net::task<void> chat_completions(const services&, server::exchange& exchange) {
  forward_options options;
  options.openai_stream = true;
  return to_backend(exchange, options);
}

net::task<void> embeddings(const services&, server::exchange& exchange) {
  return to_backend(exchange, forward_options{});
}

} // namespace synapse::handlers
