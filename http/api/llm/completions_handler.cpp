#include "actors/models/model_choice.hpp"
#include "config/defaults/derived_routes.hpp"
#include "config/defaults/route_defaults.hpp"
#include "http/api/api_handlers.hpp"
#include "http/api/llm/checked_json.hpp"
#include "http/api/llm/model_places.hpp"
#include "http/api/llm/model_turn.hpp"
#include "http/api/request/refusal.hpp"
#include "http/core/json/json_body.hpp"
#include "http/dialects/openai/chat_edit.hpp"
#include "http/proxy/forwarder.hpp"

#include <spdlog/spdlog.h>

#include <charconv>

namespace synapse::api {

using http::response_detail;

namespace {

/// Times a request is sent again because its model turned out not to be there.
constexpr unsigned most_heals = 4;
/// Of a model's name: it is kept for as long as the request waits, and repeated to its client.
constexpr std::size_t max_name = 512;
/// Between the second time and the third; doubles from then on.
constexpr net::time_ns first_pause = 100'000'000;

/// What a request wants, and what its body has to become.
struct routed_request {
  http::json_inspection body;
  http::chat_view view;
  bool scanned = false;
  std::string model; ///< chosen, or by the client, aliases resolved
  bool chat = false;

  const http::chat_view& scan(std::string_view text) {
    if (!scanned)
      view = http::scan_chat(text);
    scanned = true;
    return view;
  }
};

/// Whether the gateway loads and unloads its models.
bool is_managed(const client::backend_site& site) {
  return site.desk != nullptr && site.desk->view()->managed;
}

bool wants_to_wait(const server::exchange& ex, const http::json_inspection& body) {
  const auto* field = ex.head().fields.find("x-synapse-wait");
  if (field != nullptr && (field->value == "0" || http::iequals(field->value, "false")))
    return false;
  return body.wait_kind != http::json_kind::boolean || body.wait;
}

/// Finds out which model is meant. @returns why that cannot be, if so.
std::optional<refusal> find_model(server::exchange& ex, routed_request& request) {
  const auto kind = request.body.model_kind;
  if (request.body.model.size() > max_name)
    return invalid_field("model", "must not be longer than " + std::to_string(max_name) + " bytes");
  if (kind != http::json_kind::absent && kind != http::json_kind::null &&
      kind != http::json_kind::string)
    return invalid_field("model", "must be a string");
  const auto& choice = *ex.routes()->snapshot->choice;
  if (choice.is_choice(request.body.model)) {
    std::string text;
    http::append_user_text(ex.body(), request.scan(ex.body()), text);
    request.model = choice.choose(text);
    return {};
  }
  const auto& aliases = ex.settings().models.aliases;
  const auto alias = aliases.find(request.body.model);
  request.model = alias == aliases.end() ? request.body.model : alias->second;
  return {};
}

std::string json_text(const actors::profile_value& value) {
  char text[32];
  if (const auto* whole = std::get_if<std::int64_t>(&value))
    return {text, std::to_chars(text, text + sizeof text, *whole).ptr};
  if (const auto* number = std::get_if<double>(&value))
    return {text, std::to_chars(text, text + sizeof text, *number).ptr};
  return std::get<std::string>(value);
}

/// What a request may leave out, from the model's stored profile.
http::chat_profile chat_profile_of(const actors::model_profile& stored) {
  http::chat_profile result;
  const auto fill = [&](std::string_view name, std::optional<std::string>& into) {
    if (const auto found = stored.values.find(name); found != stored.values.end())
      into = json_text(found->second);
  };
  fill("temperature", result.temperature);
  fill("top_p", result.top_p);
  fill("top_k", result.top_k);
  fill("min_p", result.min_p);
  fill("repeat_penalty", result.repeat_penalty);
  fill("max_tokens", result.max_tokens);
  fill("system_prompt", result.system_prompt);
  fill("reasoning_effort", result.reasoning_effort);
  return result;
}

/// The body that the router gets. @returns false when it is the client's own.
bool edit_body(server::exchange& ex, routed_request& request, model_turn& turn,
               std::string& edited) {
  http::chat_edits edits;
  if (turn.id() != request.body.model)
    edits.model = turn.id();
  edits.remove_synapse = request.body.synapse_kind != http::json_kind::absent;
  if (request.chat)
    if (const auto* stored = turn.desk().view()->profile(turn.model()))
      http::fill_chat(ex.body(), request.scan(ex.body()), chat_profile_of(*stored), edits);
  if (edits.empty())
    return false;
  edited = http::apply_edits(ex.body(), request.scan(ex.body()), edits);
  return true;
}

/// Texts of llama.cpp's router, which answers so instead of a model that has gone: after a restart,
/// or when somebody else had another one loaded. Nothing of the request has been worked on then,
/// but for the last text: a model that is sent away lets go of requests that have just come. That
/// may also be one that the request itself has killed, so it is believed only once.
bool says_not_there(const proxy::collected_answer& answer, bool first) {
  const auto has = [&](std::string_view text) {
    return answer.body.find(text) != std::string::npos;
  };
  if (answer.status == 400)
    return has("model is not loaded") || has("is not running");
  if (answer.status == 503)
    return has("Loading model");
  return answer.status == 500 && (has("proxy error: Could not establish connection") ||
                                  (first && has("proxy error: Failed to read connection")));
}

/// To a router: waits for the model, fills in what the client leaves out, and tries again when the
/// model turns out not to be there.
net::task<void> with_model(client::site_ptr site, server::exchange& ex,
                           proxy::forward_options options, routed_request request) {
  if (auto fault = find_model(ex, request)) {
    co_await refuse(ex, std::move(*fault));
    co_return;
  }
  ex.record().model.assign(request.model);
  model_turn::wish wish;
  wish.model = request.model;
  wish.wait = wants_to_wait(ex, request.body);
  wish.stream = options.wants_stream;
  options.hold_failures = true;
  std::string edited;
  for (unsigned heals = 0;; ++heals) {
    model_turn turn{ex, site};
    if (heals > 0 || !turn.take_at_once(wish.model)) {
      wish.anew = heals > 0;
      if (co_await turn.take(wish) != model_turn::outcome::granted)
        co_return;
    }
    options.body = nullptr;
    options.fresh_connection = heals > 0;
    if (turn.managed() && edit_body(ex, request, turn, edited))
      options.body = &edited;
    proxy::forwarder work{ex, site, options};
    const auto end = co_await work.run();
    if (end != proxy::forward_end::failed && end != proxy::forward_end::collected)
      co_return;
    const bool missing = end == proxy::forward_end::failed
                             ? work.unreachable()
                             : says_not_there(work.answer(), heals == 0);
    if (!missing || heals == most_heals) {
      if (end == proxy::forward_end::failed)
        co_await work.tell_failure();
      else
        co_await work.relay_collected();
      co_return;
    }
    spdlog::info("request {}: backend {} has not got model {} any more", ex.id(), site->name(),
                 turn.model());
    turn.desk().suspect(turn.model());
    turn.end();
    // A router shows a model for a moment longer than it has it. A client that leaves meanwhile is
    // noticed by whatever comes next.
    if (heals > 0)
      co_await pause(ex, first_pause << (heals - 1));
  }
}

/// To the backend that lists the request's model. One that says it has not got it (any more) is
/// left for another that lists it by now.
net::task<void> by_model(server::exchange& ex, proxy::forward_options options,
                         routed_request request) {
  if (auto fault = find_model(ex, request)) {
    co_await refuse(ex, std::move(*fault));
    co_return;
  }
  auto place = co_await find_model_place(ex, request.model);
  if (!place.site && !place.gone && request.body.model.empty()) {
    co_await refuse(ex, missing_field("model"));
    co_return;
  }
  std::string edited;
  options.hold_failures = true;
  for (bool again = false; place.site; again = true) {
    if (is_managed(*place.site)) {
      co_await with_model(place.site, ex, options, std::move(request));
      co_return;
    }
    if (request.model != request.body.model && edited.empty()) {
      http::chat_edits edits;
      edits.model = request.model;
      edited = http::apply_edits(ex.body(), request.scan(ex.body()), edits);
      options.body = &edited;
    }
    proxy::forwarder work{ex, place.site, options};
    const auto end = co_await work.run();
    if (end == proxy::forward_end::failed)
      co_await work.tell_failure();
    if (end != proxy::forward_end::collected)
      co_return;
    model_place other;
    if (work.answer().status == 404 && !again)
      other = co_await find_model_place(ex, request.model, true);
    if (!other.site || other.site == place.site) {
      co_await work.relay_collected();
      co_return;
    }
    place = std::move(other);
  }
  if (!place.gone)
    co_await refuse_unknown_model(ex, request.model);
}

/// Checks the body and passes it on, as it came unless it goes to a router. Without a site, to the
/// backend that lists the model.
net::task<void> checked_to(client::site_ptr site, server::exchange& exchange,
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
  routed_request request;
  request.chat = chat;
  if (!refused) {
    request.body = http::inspect_padded_json(exchange.body());
    if (!request.body.ok())
      refused = refusal{response_detail::invalid_json, std::string{request.body.message}, {}};
    exchange.record().model.assign(request.body.model);
  }
  options.wants_stream = options.openai_stream && request.body.stream;
  if (refused)
    co_await exchange.reply_error(refused->detail, refused->message);
  else if (!site)
    co_await by_model(exchange, options, std::move(request));
  else if (is_managed(*site))
    co_await with_model(site, exchange, options, std::move(request));
  else
    co_await proxy::forward(exchange, site, options);
}

net::task<void> to_backend(server::exchange& exchange, proxy::forward_options options,
                           bool chat = false) {
  const auto* route = config::find_route(exchange.settings(), exchange.path());
  auto site = route ? exchange.routes()->site(route->backend) : client::site_ptr{};
  if (site || (route && route->backend == config::by_model))
    return checked_to(std::move(site), exchange, options, chat);
  return exchange.reply_error(response_detail::backend_not_found,
                              "no backend is configured for this route");
}

} // namespace

net::task<void> forward_whole_json(server::exchange& exchange, client::site_ptr site) {
  return checked_to(std::move(site), exchange, proxy::forward_options{});
}

net::task<void> chat_completions(const services&, server::exchange& exchange) {
  proxy::forward_options options;
  options.openai_stream = true;
  options.openai_answer = true;
  return to_backend(exchange, options, exchange.path() == "/v1/chat/completions");
}

net::task<void> embeddings(const services&, server::exchange& exchange) {
  proxy::forward_options options;
  options.openai_answer = true;
  return to_backend(exchange, options);
}

} // namespace synapse::api
