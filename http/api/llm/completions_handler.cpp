#include "http/api/api_handlers.hpp"
#include "http/api/llm/catalog_request.hpp"
#include "http/api/llm/checked_json.hpp"
#include "http/api/llm/client_dialect.hpp"
#include "http/api/llm/model_places.hpp"
#include "http/api/llm/model_request.hpp"
#include "http/api/llm/model_targets.hpp"
#include "http/api/request/body_reading.hpp"
#include "http/api/request/field_fault.hpp"
#include "http/api/request/head_checks.hpp"
#include "http/proxy/downstream/error_answer.hpp"
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

net::task<void> reply_nowhere(server::exchange& exchange) {
  return exchange.reply_error(response_detail::backend_not_found,
                              "no backend is configured for this route");
}

/// What the client asks, in OpenAI's words. @param body of the client's, read; set to that of those
/// @param endpoint set. @returns why there are none
std::optional<refusal> translate(server::exchange& exchange, client_dialect& dialect,
                                 http::json_inspection& body, llm_endpoint& endpoint) {
  std::string words;
  if (auto why = dialect.read(exchange.body(), body, words))
    return why;
  exchange.put_body(words);
  body = http::inspect_padded_json(exchange.body());
  endpoint = dialect.endpoint();
  if (!body.ok())
    return refusal{response_detail::invalid_json, body.message, {}};
  return {};
}

/// To a backend that speaks the client's dialect itself.
net::task<void> forward_natively(server::exchange& exchange, client::site_ptr site,
                                 client_dialect& dialect, const std::string& model,
                                 proxy::forward_options options) {
  proxy::own_request request;
  dialect.ask_natively(model, request);
  const auto answer = dialect.native_answer();
  options.request = &request;
  options.translator = answer.get();
  options.target = {};
  proxy::forwarder work{exchange, std::move(site), options};
  const auto how = co_await work.run();
  if (how == proxy::forward_end::collected)
    co_await proxy::pass_on_error(exchange, work.answer(), {});
}

/// Checks the body and passes it on, as it came unless it goes to a router, or to a deployment that
/// has another name for the model.
/// @param by_path where the path leads. @param dialect of the client; null: OpenAI's
net::task<void> forward_checked(server::exchange& exchange, routing::plan by_path,
                                proxy::forward_options options, llm_endpoint endpoint,
                                client_dialect* dialect = nullptr) {
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
  if (refused) {
    co_await exchange.reply_error(refused->detail, refused->message);
    co_return;
  }
  std::unique_ptr<http::answer_translator> answer;
  if (dialect == nullptr) {
    options.wants_stream = options.openai_stream && body.stream;
  } else {
    if (auto why = translate(exchange, *dialect, body, endpoint)) {
      co_await refuse(exchange, std::move(*why));
      co_return;
    }
    by_path = exchange.routes()->catalog().plan_for(endpoint.path);
    answer = dialect->answer();
    options.translator = answer.get();
    options.target = endpoint.path;
    options.wants_stream = answer->promises_events();
  }
  if (options.openai_answer && !exchange.routes()->catalog().names().empty()) {
    std::string chosen;
    const auto* name = find_name(exchange, body, chosen);
    if (name != nullptr && dialect != nullptr && !dialect->at_once().empty()) {
      co_await exchange.reply(200, "application/json", dialect->at_once());
      co_return;
    }
    if (name != nullptr) {
      const auto& asked = chosen.empty() ? body.model : chosen;
      const llm_call call{body, endpoint, dialect};
      options.translator = nullptr; // each attempt has its own
      co_await forward_to_deployments(exchange, *name, asked, call, options);
      co_return;
    }
    if (by_path.by == routing::plan::basis::nowhere) {
      co_await refuse_unknown_name(exchange, body.model);
      co_return;
    }
  }
  if (by_path.by == routing::plan::basis::nowhere) {
    co_await reply_nowhere(exchange);
    co_return;
  }
  if (dialect != nullptr && !dialect->at_once().empty()) {
    co_await exchange.reply(200, "application/json", dialect->at_once());
    co_return;
  }
  if (by_path.by == routing::plan::basis::path) {
    const auto& site = exchange.routes()->site(by_path.targets.front());
    if (dialect != nullptr && dialect->is_native(site->settings->type)) {
      co_await forward_natively(exchange, site, *dialect, body.model, options);
      co_return;
    }
    if (!is_managed(*site)) {
      co_await proxy::forward(exchange, site, options);
      co_return;
    }
  }
  model_request request{exchange, body, endpoint.what == routing::kind::chat};
  co_await forward_by_model(exchange, request, by_path, options);
}

/// A path that leads nowhere is told before anybody has to send a body.
net::task<void> to_backend(server::exchange& exchange, proxy::forward_options options) {
  const auto plan = exchange.routes()->catalog().plan_for(exchange.path());
  if (plan.by == routing::plan::basis::nowhere && exchange.routes()->catalog().names().empty())
    return reply_nowhere(exchange);
  return forward_checked(exchange, plan, options, endpoint_of(exchange.path()));
}

} // namespace

net::task<void> forward_whole_json(server::exchange& exchange) {
  const auto plan = exchange.routes()->catalog().plan_for(exchange.path());
  return forward_checked(exchange, plan, proxy::forward_options{}, endpoint_of(exchange.path()));
}

net::task<void> chat_completions(server::exchange& exchange) {
  proxy::forward_options options;
  options.openai_stream = true;
  options.openai_answer = true;
  return to_backend(exchange, options);
}

net::task<void> embeddings(server::exchange& exchange) {
  proxy::forward_options options;
  options.openai_answer = true;
  return to_backend(exchange, options);
}

llm_endpoint endpoint_of(std::string_view path) noexcept {
  if (path == "/v1/embeddings")
    return {path, routing::kind::embeddings};
  return {path, path == "/v1/completions" ? routing::kind::completions : routing::kind::chat};
}

net::task<void> forward_in_dialect(server::exchange& exchange, client_dialect& dialect) {
  proxy::forward_options options;
  options.openai_answer = true;
  return forward_checked(exchange, {}, options, {}, &dialect);
}

} // namespace synapse::api
