#include "http/api/api_handlers.hpp"
#include "http/api/llm/model_places.hpp"
#include "http/api/models/catalog_list.hpp"
#include "http/api/models/model_list.hpp"
#include "http/api/models/model_questions.hpp"
#include "http/api/request/refusal.hpp"
#include "http/core/json/json_text.hpp"
#include "routing/catalog.hpp"

#include <nlohmann/json.hpp>

namespace synapse::api {

namespace {
using json = nlohmann::ordered_json;

/// All models that the backends list, with the configuration's names for them. @returns false when
/// the client has left.
net::task<bool> gather_models(server::exchange& exchange, merged_list& models) {
  std::vector<backend_list> lists;
  const bool stayed = co_await ask_for_models(exchange, lists);
  for (const auto& list : lists)
    if (list.left_out.empty())
      models.add(list.body, static_cast<bool>(list.site->entry->models));
  models.add_aliases(exchange.settings().models.aliases);
  co_return stayed;
}

bool has_catalog(server::exchange& exchange) {
  return !exchange.routes()->catalog().names().empty();
}

net::task<void> get_name(server::exchange& exchange) {
  const auto wanted = percent_decoded(exchange.parameter("id"));
  const catalog_list list{*exchange.routes(), net::io_thread::recent()};
  const auto text = list.one(wanted);
  if (!text.empty()) {
    co_await exchange.reply(200, "application/json", text);
    co_return;
  }
  refusal why{http::response_detail::model_not_found,
              unknown_model_sentence(wanted, "there is", list.ids()), "model"};
  co_await refuse(exchange, std::move(why));
}

} // namespace

net::task<void> list_models(server::exchange& exchange) {
  if (has_catalog(exchange)) {
    const auto text = catalog_list{*exchange.routes(), net::io_thread::recent()}.all();
    co_await exchange.reply(200, "application/json", text);
    co_return;
  }
  merged_list models;
  if (!co_await gather_models(exchange, models))
    co_return;
  json answer{{"object", "list"}};
  answer["data"] = models.entries();
  co_await exchange.reply(200, "application/json", http::dump(answer));
}

net::task<void> get_model(server::exchange& exchange) {
  if (has_catalog(exchange)) {
    co_await get_name(exchange);
    co_return;
  }
  merged_list models;
  if (!co_await gather_models(exchange, models))
    co_return;
  const auto wanted = percent_decoded(exchange.parameter("id"));
  if (const auto* model = models.find(wanted)) {
    co_await exchange.reply(200, "application/json", http::dump(*model));
    co_return;
  }
  refusal why{http::response_detail::model_not_found,
              unknown_model_sentence(wanted, "there is", models.names()), "model"};
  co_await refuse(exchange, std::move(why));
}

} // namespace synapse::api
