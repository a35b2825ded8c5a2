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

#include <algorithm>

namespace synapse::api {

namespace {
/// Above it a body is not searched for what would keep a conversation together.
constexpr std::size_t most_searched = std::size_t{4} << 20;

/// Whether what stands in the body can change where it goes.
bool has_a_choice(const routing::model_name& name) {
  return name.deployments.size() > 1 || !name.any.empty() || !name.context.empty();
}

void read_body(std::string_view body, const routing::model_name& name,
               const http::openai::request_facts& facts, deployment_wish& into) {
  using capability = config::capability;
  const auto need = [&](bool needed, capability what) {
    if (needed)
      into.routing.needs =
          static_cast<std::uint16_t>(into.routing.needs | config::capability_set::bit(what));
  };
  need(facts.images, capability::vision);
  need(facts.audio, capability::audio_in);
  need(facts.tools, capability::tools);
  need(facts.schema, capability::json_schema);
  for (const auto& tag : facts.tags)
    into.tags.push_back(tag);
  into.routing.tags = into.tags;
  if (into.routing.affinity == 0 && name.settings->affinity == config::affinity_rule::prefix) {
    routing::affinity_source from;
    from.cache_key = facts.prompt_cache_key;
    from.model = into.asked;
    from.system = facts.first_system;
    from.user = facts.first_user;
    into.routing.affinity = routing::affinity_key(from);
  }
  (void)body;
}
} // namespace

routing::kind kind_of_path(std::string_view path) noexcept {
  if (path == "/v1/embeddings")
    return routing::kind::embeddings;
  return path == "/v1/completions" ? routing::kind::completions : routing::kind::chat;
}

const routing::model_name* find_name(server::exchange& exchange, const http::json_inspection& body,
                                     std::string& chosen) {
  const auto& catalog = exchange.routes()->catalog();
  if (!body.model.empty())
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
                                       const std::string& asked, const http::json_inspection& body,
                                       proxy::forward_options options) {
  deployment_wish wish;
  wish.name = &name;
  wish.asked = asked;
  wish.routing.what = kind_of_path(exchange.path());
  read_wish(exchange, wish);
  http::openai::request_facts facts;
  wish.routing.text_bytes = exchange.body().size();
  if (has_a_choice(name) && exchange.body().size() <= most_searched) {
    facts = http::openai::facts_of(exchange.body());
    wish.routing.text_bytes = facts.text_bytes;
    read_body(exchange.body(), name, facts, wish);
  }
  wish.tokens = static_cast<std::int64_t>(static_cast<double>(wish.routing.text_bytes) / 3.5) + 1;
  llm_dress dress{exchange, body, wish.routing.what, wish.routing.text_bytes};
  deployment_targets all{exchange, wish, dress};
  if (!all.begin()) {
    co_await all.tell_end(nullptr);
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
