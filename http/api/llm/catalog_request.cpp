#include "http/api/llm/catalog_request.hpp"

#include "http/api/deployments/deployment_targets.hpp"
#include "http/api/llm/llm_dress.hpp"
#include "http/api/models/model_questions.hpp"
#include "http/api/request/field_fault.hpp"
#include "http/dialects/openai/chat_edit.hpp"
#include "http/dialects/openai/request_facts.hpp"
#include "http/proxy/forwarder.hpp"
#include "routing/catalog.hpp"
#include "routing/pick/affinity.hpp"
#include "routing/records/deployment_record.hpp"

#include <algorithm>
#include <cstring>

namespace synapse::api {

namespace {
/// Above it a body is not searched for what would keep a conversation together.
constexpr std::size_t most_searched = std::size_t{4} << 20;

/// What a pattern lets through goes into header fields, too.
bool may_be_name(std::string_view model) {
  constexpr std::size_t longest = 512;
  return !model.empty() && model.size() <= longest &&
         std::all_of(model.begin(), model.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
}

bool has(std::string_view body, std::string_view text) {
  return ::memmem(body.data(), body.size(), text.data(), text.size()) != nullptr;
}

/// Whether a deployment of the name is known not to do something that a request may need, or is
/// there for some tags only.
bool is_particular(const client::thread_routes& routes, const routing::model_name& name) {
  using capability = config::capability;
  constexpr auto looked_for =
      static_cast<std::uint16_t>(config::capability_set::bit(capability::vision) |
                                 config::capability_set::bit(capability::audio_in) |
                                 config::capability_set::bit(capability::tools) |
                                 config::capability_set::bit(capability::json_schema));
  return std::any_of(name.deployments.begin(), name.deployments.end(), [&](const auto& one) {
    const auto no = one.capabilities.no | routes.record(one.place).capabilities().no;
    return (no & looked_for) != 0 || !one.settings->tags.empty();
  });
}

/// Conversations are kept together by how they begin.
void read_affinity(std::string_view body, const http::chat_view& view, deployment_wish& into) {
  routing::affinity_source from;
  if (const auto* key = view.find(http::chat_key::prompt_cache_key))
    if (const auto json = key->value.of(body); json.starts_with('"'))
      from.cache_key = json.substr(1, json.size() - 2);
  from.model = into.routing.asked;
  for (const auto& message : view.messages) {
    const auto role = message.role.of(body);
    if (role == R"("user")") {
      from.user = message.content.of(body);
      break;
    }
    if (from.system.empty() && (role == R"("system")" || role == R"("developer")"))
      from.system = message.content.of(body);
  }
  if (const auto* prompt = view.find(http::chat_key::prompt))
    from.user = prompt->value.of(body);
  into.routing.affinity = routing::affinity_key(from);
}

/// What the whole of the body has to be looked through for.
void read_deeply(std::string_view body, deployment_wish& into) {
  using capability = config::capability;
  auto facts = http::openai::facts_of(body);
  const auto need = [&](bool needed, capability what) {
    if (needed)
      into.routing.needs =
          static_cast<std::uint16_t>(into.routing.needs | config::capability_set::bit(what));
  };
  need(facts.images, capability::vision);
  need(facts.audio, capability::audio_in);
  need(facts.tools, capability::tools);
  need(facts.schema, capability::json_schema);
  into.routing.text_bytes = facts.text_bytes;
  into.own_tags = std::move(facts.tags);
  for (const auto& tag : into.own_tags)
    into.tags.push_back(tag);
  into.routing.tags = into.tags;
}

/// Above it a body has no use for a closer look but to find out how much of it is text.
constexpr std::size_t small = 2048;

void read_body(server::exchange& exchange, const http::chat_view& view, deployment_wish& into) {
  const auto body = exchange.body();
  const auto& name = *into.name;
  into.routing.text_bytes = body.size();
  if (is_particular(*exchange.routes(), name) || (body.size() > small && has(body, ";base64,")))
    read_deeply(body, into);
  const bool keeps = name.settings->affinity == config::affinity_rule::prefix &&
                     into.routing.what != routing::kind::embeddings;
  if (keeps && into.routing.affinity == 0 && name.deployments.size() > 1)
    read_affinity(body, view, into);
}
} // namespace

const routing::model_name* find_name(server::exchange& exchange, const http::json_inspection& body,
                                     std::string& chosen) {
  const auto& catalog = exchange.routes()->catalog();
  if (may_be_name(body.model))
    if (const auto* found = catalog.names().find(body.model))
      return found;
  if (!catalog.reads_text(body.model))
    return nullptr;
  std::string text;
  http::append_user_text(exchange.body(), http::scan_chat(exchange.body()), text);
  routing::query what{body.model, &text};
  chosen = catalog.complete({}, what, exchange.routes()->models->index).model;
  return catalog.names().find(chosen);
}

net::task<void> forward_to_deployments(server::exchange& exchange, const routing::model_name& name,
                                       const std::string& asked, const llm_call& call,
                                       proxy::forward_options options) {
  deployment_wish wish;
  wish.name = &name;
  wish.routing.asked = asked;
  wish.routing.what = call.endpoint.what;
  wish.streams = options.wants_stream;
  read_wish(exchange, wish);
  const auto view = http::scan_chat(exchange.body());
  read_body(exchange, view, wish);
  wish.tokens = static_cast<std::int64_t>(static_cast<double>(wish.routing.text_bytes) / 3.5) + 1;
  llm_dress dress{exchange, call, view, wish.routing.text_bytes};
  deployment_targets all{exchange, wish, dress};
  if (!all.begin_at_once()) {
    const bool begun = co_await all.begin();
    if (!begun)
      co_return;
  }
  co_await proxy::forward(exchange, all, options);
}

net::task<void> refuse_unknown_name(server::exchange& exchange, std::string_view model) {
  std::vector<std::string_view> known;
  for (const auto& name : exchange.routes()->catalog().names().names()) {
    if (name.settings->hidden)
      continue;
    known.push_back(name.settings->name);
    known.insert(known.end(), name.settings->aliases.begin(), name.settings->aliases.end());
  }
  refusal why{http::response_detail::model_not_found,
              unknown_model_sentence(model, "there is", known), "model"};
  if (model.empty())
    why = missing_field("model");
  co_await refuse(exchange, std::move(why));
}

} // namespace synapse::api
