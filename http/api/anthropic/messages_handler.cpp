// Anthropic's Messages API, for whoever speaks only that.
#include "http/api/anthropic/anthropic_dialect.hpp"
#include "http/api/api_handlers.hpp"
#include "http/api/llm/catalog_request.hpp"
#include "http/api/request/body_reading.hpp"
#include "http/api/request/head_checks.hpp"
#include "http/dialects/anthropic/request.hpp"
#include "http/dialects/openai/request_facts.hpp"
#include "routing/catalog.hpp"

#include <variant>

namespace synapse::api {

using http::response_detail;

namespace {
/// A route of the file leads where it says, as it always has. Anthropic's clients look for the id
/// of a request under a name of their own.
bool is_routed(server::exchange& exchange) {
  exchange.add_to_answer("request-id: ");
  exchange.add_to_answer(exchange.id());
  exchange.add_to_answer("\r\n");
  return exchange.routes()->site_for_path(exchange.path()) != nullptr;
}

/// Tokens of a prompt, as the gateway guesses where it is asked for a number at once.
std::size_t estimate(std::string_view chat) {
  constexpr double bytes_per_token = 3.5;
  return static_cast<std::size_t>(static_cast<double>(http::openai::facts_of(chat).text_bytes) /
                                  bytes_per_token) +
         1;
}
} // namespace

net::task<void> messages(server::exchange& exchange) {
  if (is_routed(exchange)) {
    co_await pass_through(exchange);
    co_return;
  }
  anthropic_dialect dialect{exchange};
  co_await forward_in_dialect(exchange, dialect);
}

net::task<void> count_message_tokens(server::exchange& exchange) {
  if (is_routed(exchange)) {
    co_await pass_through(exchange);
    co_return;
  }
  auto refused = check_json_head(exchange.head());
  const auto limit = exchange.settings().limits.max_json_body_bytes;
  if (!refused) {
    const auto state = co_await exchange.read_body(limit);
    if (state == server::exchange::body_state::gone) {
      note_departure_while_reading(exchange);
      co_return;
    }
    refused = refusal_of(state, limit);
  }
  http::json_inspection body;
  if (!refused) {
    body = http::inspect_padded_json(exchange.body());
    if (!body.ok())
      refused = refusal{response_detail::invalid_json, body.message, {}};
  }
  std::string chat;
  if (!refused) {
    auto made = http::anthropic::count_request_to_chat(exchange.body());
    if (auto* wrong = std::get_if<http::unfit>(&made))
      refused = refusal_of(std::move(*wrong));
    else
      chat = std::move(std::get<http::anthropic::made_request>(made).body);
  }
  if (refused) {
    co_await refuse(exchange, std::move(*refused));
    co_return;
  }
  const auto text = R"({"input_tokens":)" + std::to_string(estimate(chat)) + '}';
  co_await exchange.reply(200, "application/json", text, "X-Synapse-Estimate: true\r\n");
}

} // namespace synapse::api
