#include "http/api/api_handlers.hpp"
#include "http/api/llm/catalog_request.hpp"
#include "http/api/llm/checked_json.hpp"
#include "http/api/llm/model_places.hpp"
#include "http/api/llm/model_request.hpp"
#include "http/api/llm/model_targets.hpp"
#include "http/api/request/body_reading.hpp"
#include "http/api/request/field_fault.hpp"
#include "http/api/request/head_checks.hpp"
#include "http/proxy/forwarder.hpp"
#include "routing/catalog.hpp"

namespace synapse::api {

using http::response_detail;

namespace {

/// Where its model decides, or models take turns.
net::task<void> forward_by_model(server::exchange& ex, model_request& request,
                                 routing::plan by_path, proxy::forward_options options) {
  if (auto fault = request.make_plan(by_path)) {
    co_await refuse(ex, std::move(*fault));
    co_return;
  }
  model_targets all{ex, request, options.wants_stream};
  if (!all.begin_at_once()) {
    const auto found = co_await all.begin();
    if (found == model_targets::found::nobody && request.named().empty())
      co_await refuse(ex, missing_field("model"));
    else if (found == model_targets::found::nobody)
      co_await refuse_unknown_model(ex, request.model());
    if (found != model_targets::found::ready)
      co_return;
  }
  co_await proxy::forward(ex, all, options);
}

/// Checks the body and passes it on, as it came unless it goes to a router.
/// @param by_path where the path leads
net::task<void> forward_checked(server::exchange& exchange, routing::plan by_path,
                                proxy::forward_options options, bool chat = false) {
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
  http::json_inspection body;
  if (!refused) {
    body = http::inspect_padded_json(exchange.body());
    if (!body.ok())
      refused = refusal{response_detail::invalid_json, std::string{body.message}, {}};
    exchange.record().model.assign(body.model);
  }
  options.wants_stream = options.openai_stream && body.stream;
  if (refused) {
    co_await exchange.reply_error(refused->detail, refused->message);
    co_return;
  }
  if (options.openai_answer && !exchange.routes()->catalog().names().empty()) {
    std::string chosen;
    const auto* name = find_name(exchange, body, chosen);
    if (name != nullptr) {
      const auto& asked = chosen.empty() ? body.model : chosen;
      co_await forward_to_deployments(exchange, *name, asked, body, options);
      co_return;
    }
    if (by_path.by == routing::plan::basis::nowhere) {
      co_await refuse_unknown_name(exchange, body.model);
      co_return;
    }
  }
  if (by_path.by == routing::plan::basis::path) {
    const auto& site = exchange.routes()->site(by_path.targets.front());
    if (!is_managed(*site)) {
      co_await proxy::forward(exchange, site, options);
      co_return;
    }
  }
  model_request request{exchange, body, chat};
  co_await forward_by_model(exchange, request, by_path, options);
}

/// A path that leads nowhere is told before anybody has to send a body.
net::task<void> to_backend(server::exchange& exchange, proxy::forward_options options,
                           bool chat = false) {
  const auto plan = exchange.routes()->catalog().plan_for(exchange.path());
  if (plan.by == routing::plan::basis::nowhere && exchange.routes()->catalog().names().empty())
    return exchange.reply_error(response_detail::backend_not_found,
                                "no backend is configured for this route");
  return forward_checked(exchange, plan, options, chat);
}

} // namespace

net::task<void> forward_whole_json(server::exchange& exchange) {
  const auto plan = exchange.routes()->catalog().plan_for(exchange.path());
  return forward_checked(exchange, plan, proxy::forward_options{});
}

net::task<void> chat_completions(server::exchange& exchange) {
  proxy::forward_options options;
  options.openai_stream = true;
  options.openai_answer = true;
  return to_backend(exchange, options, exchange.path() == "/v1/chat/completions");
}

net::task<void> embeddings(server::exchange& exchange) {
  proxy::forward_options options;
  options.openai_answer = true;
  return to_backend(exchange, options);
}

} // namespace synapse::api
