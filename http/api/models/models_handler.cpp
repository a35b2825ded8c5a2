#include "http/api/api_handlers.hpp"
#include "http/api/llm/model_places.hpp"
#include "http/api/models/catalog_list.hpp"
#include "http/api/models/model_entries.hpp"
#include "http/api/models/model_list.hpp"
#include "http/api/models/model_questions.hpp"
#include "http/api/request/refusal.hpp"
#include "http/core/json/json_text.hpp"
#include "routing/catalog.hpp"

#include <nlohmann/json.hpp>

namespace synapse::api {

namespace {
using json = nlohmann::ordered_json;

bool has_catalog(server::exchange& exchange) {
  return !exchange.routes()->catalog().names().empty();
}

/// Paths lead to whichever backend lists a model, those of the catalog among them.
bool goes_by_model(server::exchange& exchange) {
  const auto plan = exchange.routes()->catalog().plan_for("/v1/chat/completions");
  return plan.by == routing::plan::basis::model;
}

/// All models that the backends list, with the configuration's names for them; with a catalog, of
/// backends that it does not speak of. @returns false when the client has left.
net::task<bool> gather_models(server::exchange& exchange, merged_list& models) {
  std::vector<backend_list> lists;
  const bool outside = has_catalog(exchange) && !goes_by_model(exchange);
  const bool stayed = co_await ask_for_models(exchange, lists, outside);
  for (const auto& list : lists)
    if (list.left_out.empty())
      models.add(list.body, static_cast<bool>(list.site->entry->models));
  models.add_aliases(exchange.settings().models.aliases);
  co_return stayed;
}

/// OpenAI's list of all. @param into set. @returns false when the client has left.
net::task<bool> list_text(server::exchange& exchange, std::string& into) {
  merged_list models;
  const bool stayed = co_await gather_models(exchange, models);
  if (!stayed)
    co_return false;
  if (!has_catalog(exchange)) {
    json answer{{"object", "list"}};
    answer["data"] = models.entries();
    into = http::dump(answer);
    co_return true;
  }
  const catalog_list names{*exchange.routes(), net::io_thread::recent()};
  std::vector<std::string> others;
  for (const auto& entry : models.entries())
    if (names.find(model_id_of(entry)) == nullptr)
      others.push_back(http::dump(entry));
  into = names.all(others);
  co_return true;
}

} // namespace

net::task<bool> all_model_entries(server::exchange& exchange, json& into) {
  std::string text;
  const bool stayed = co_await list_text(exchange, text);
  into = json::array();
  if (stayed)
    into = std::move(http::parse_json(text)["data"]);
  co_return stayed;
}

net::task<void> list_models(server::exchange& exchange) {
  std::string text;
  const bool stayed = co_await list_text(exchange, text);
  if (!stayed)
    co_return;
  co_await exchange.reply(200, "application/json", text);
}

net::task<void> get_model(server::exchange& exchange) {
  const auto wanted = percent_decoded(exchange.parameter("id"));
  const catalog_list names{*exchange.routes(), net::io_thread::recent()};
  if (const auto text = names.one(wanted); !text.empty()) {
    co_await exchange.reply(200, "application/json", text);
    co_return;
  }
  merged_list models;
  const bool stayed = co_await gather_models(exchange, models);
  if (!stayed)
    co_return;
  if (const auto* model = models.find(wanted)) {
    co_await exchange.reply(200, "application/json", http::dump(*model));
    co_return;
  }
  auto known = names.ids();
  for (const auto name : models.names())
    known.push_back(name);
  refusal why{http::response_detail::model_not_found,
              unknown_model_sentence(wanted, "there is", known), "model"};
  co_await refuse(exchange, std::move(why));
}

} // namespace synapse::api
