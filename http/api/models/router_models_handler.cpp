#include "actors/models/profiles/profile_schema.hpp"
#include "http/api/api_handlers.hpp"
#include "http/api/forms/form_call.hpp"
#include "http/api/models/model_list.hpp"
#include "http/api/models/model_questions.hpp"
#include "http/api/request/body_reading.hpp"
#include "http/api/request/head_checks.hpp"
#include "http/core/json/json_text.hpp"

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include <chrono>

namespace synapse::api {

namespace {
using json = nlohmann::ordered_json;

constexpr std::size_t max_command_body = 256 * 1024; ///< a system prompt is the largest of it

/// What is sent, and, apart from it, what the family suggests.
void add_defaults(json& to, const std::string& model, const actors::profile_values& values) {
  to["synapse_defaults"] = json(models::sent_values(values));
  to["synapse_family_defaults"] = json(models::family_defaults(models::family_of(model)));
}

void add_profile(json& entry, const models::catalog& known, const actors::profile_map& profiles) {
  const auto id = model_id_of(entry);
  const auto* key = known.find(id);
  const auto found = profiles.find(key == nullptr ? id : *key);
  if (id.empty() || found == profiles.end())
    return;
  auto* status = model_status_of(entry);
  if (status == nullptr)
    return;
  const auto& values = found->second.values;
  (*status)["synapse_profile"] = json(models::to_json(values));
  add_defaults(*status, found->first, values);
}

/// The list with what the gateway knows about its entries.
std::string enriched(const router_list& list, const actors::profile_map_ptr& profiles) {
  auto answer = json::parse(list.reply.body, nullptr, false);
  auto& data = answer["data"];
  data = merged_parts(data, list.known);
  if (profiles)
    for (auto& entry : data)
      add_profile(entry, list.known, *profiles);
  return http::dump(answer);
}

bool has_query(const server::exchange& ex) {
  return !ex.head().query.empty();
}

net::task<void> reply_list(server::exchange& ex, const router_list& list) {
  actors::profile_map_ptr profiles;
  trouble why = co_await ask_profiles(ex, profiles);
  if (why && why->gone) {
    co_await tell(ex, std::move(*why));
    co_return;
  }
  if (why) // the list is of use without them
    spdlog::warn("request {}: model profiles are left out: {}", ex.id(), why->message);
  const auto body = enriched(list, profiles);
  co_await ex.reply(200, "application/json", body);
}

/// What a client asked to be loaded.
struct load_wish {
  std::string name;
  named_model model;
  models::value_changes fields;
  actors::profile_values values; ///< stored ones, with the fields

  bool gives_runtime() const { return fields.set.contains("runtime_ctx_size"); }
};

trouble read_fields(json body, load_wish& wish) {
  body.erase("model");
  auto read = models::read_values(models::family_of(wish.model.key), nlohmann::json(body));
  if (auto* fault = std::get_if<models::value_fault>(&read))
    return model_at_fault(std::move(fault->message));
  wish.fields = std::move(std::get<models::value_changes>(read));
  return {};
}

/// Stores what the client gave, and finds out what was stored before.
net::task<trouble> settle_profile(server::exchange& ex, const client::site_ptr& site,
                                  load_wish& wish) {
  actors::profile_map_ptr all;
  trouble why;
  if (wish.fields.set.empty() && wish.fields.unset.empty()) {
    why = co_await ask_profiles(ex, all);
    if (why && !why->gone) { // a model can be loaded without its profile
      spdlog::warn("request {}: the profile of {} is not known: {}", ex.id(), wish.model.key,
                   why->message);
      why.reset();
    }
  } else {
    actors::put_profile change;
    change.model = wish.model.key;
    change.set = wish.fields.set;
    change.unset = wish.fields.unset;
    why = co_await store_profile(ex, site, std::move(change), all);
  }
  wish.values = values_of(all, wish.model.key);
  co_return why;
}

/// A context size that was only stored must not make each load fail where it cannot be changed.
net::task<trouble> settle_runtime(server::exchange& ex, const client::site_ptr& site,
                                  const load_wish& wish) {
  trouble why = co_await apply_stored_runtime(ex, site, wish.model, wish.values);
  if (why && !why->gone && !wish.gives_runtime()) {
    spdlog::warn("request {}: {} is loaded with another context size than its profile has: {}",
                 ex.id(), wish.model.key, why->message);
    why.reset();
  }
  co_return why;
}

std::string load_answer(const load_wish& wish, const actors::model_command_done& done) {
  auto answer = done.status / 100 == 2 ? http::parse_json(done.body) : json{};
  if (!answer.is_object())
    answer = json{{"success", true}};
  answer["model"] = wish.model.key;
  answer["status"] = done.ready ? "loaded" : "loading";
  add_defaults(answer, wish.model.key, wish.values);
  return http::dump(answer);
}

/// What the router says to an unload of a model that does not run, in our own envelope.
model_trouble already_stopped(const actors::model_command_done& done) {
  auto message = models::message_in(done.body);
  if (done.status == 404)
    return model_trouble{http::response_detail::model_not_found, std::move(message)};
  return model_at_fault(message.empty() ? "model is not running" : std::move(message));
}

/// Everything but the answer.
net::task<trouble> carry_out(server::exchange& ex, const client::site_ptr& site, const json& body,
                             load_wish& wish, actors::model_command_done& done) {
  trouble why = read_fields(body, wish);
  if (!why)
    why = co_await settle_profile(ex, site, wish);
  if (!why)
    why = co_await settle_runtime(ex, site, wish);
  if (!why)
    why = co_await command_model(ex, site, true, wish.model.key, done);
  co_return why;
}

/// To a router whose models are not managed: it judges the body, but what it is called is ours.
net::task<void> pass_command(server::exchange& ex) {
  if (auto why = check_json_head(ex.head()))
    co_await refuse(ex, std::move(*why));
  else
    co_await pass_through(ex);
}
} // namespace

net::task<void> router_models(server::exchange& ex) {
  auto site = co_await site_of(ex);
  if (!site)
    co_return;
  if (!site->entry->models || has_query(ex)) {
    co_await proxy::forward(ex, std::move(site), proxy::forward_options{});
    co_return;
  }
  router_list list;
  trouble why = co_await ask_list(ex, site, list);
  // Without a key of the gateway's own, what the backend says to this client is the better answer.
  const bool refused = why && list.refused && site->entry->bearer.empty();
  if (why && !refused)
    co_await tell(ex, std::move(*why));
  else if (refused || list.reply.status != 200)
    co_await proxy::forward(ex, std::move(site), proxy::forward_options{});
  else if (!list.known.is_router)
    co_await ex.reply(200, "application/json", list.reply.body);
  else
    co_await reply_list(ex, list);
}

net::task<void> load_model(server::exchange& ex) {
  auto site = co_await site_of(ex);
  if (!site)
    co_return;
  if (!site->entry->models) {
    co_await pass_command(ex);
    co_return;
  }
  json body;
  if (!co_await read_json_object(ex, body, max_command_body))
    co_return;
  load_wish wish;
  trouble why = read_model_id(body, wish.name);
  if (!why) {
    const auto patience = std::chrono::nanoseconds{ex.settings().models.restart_patience}.count();
    why = co_await find_model(ex, site, wish.name, wish.model, patience);
  }
  if (!why && !wish.model.is_managed) {
    co_await proxy::forward(ex, std::move(site), proxy::forward_options{});
    co_return;
  }
  actors::model_command_done done;
  if (!why)
    why = co_await carry_out(ex, site, body, wish, done);
  if (why) {
    co_await tell(ex, std::move(*why));
    co_return;
  }
  const auto answer = load_answer(wish, done);
  co_await ex.reply(200, "application/json", answer);
}

net::task<void> unload_model(server::exchange& ex) {
  auto site = co_await site_of(ex);
  if (!site)
    co_return;
  if (!site->entry->models) {
    co_await pass_command(ex);
    co_return;
  }
  json body;
  if (!co_await read_json_object(ex, body, max_command_body))
    co_return;
  std::string name;
  named_model model;
  trouble why = read_model_id(body, name);
  if (!why)
    why = co_await find_model(ex, site, name, model);
  if (!why && !model.is_managed) {
    co_await proxy::forward(ex, std::move(site), proxy::forward_options{});
    co_return;
  }
  actors::model_command_done done;
  if (!why)
    why = co_await command_model(ex, site, false, model.key, done);
  if (!why && done.status != 0 && done.status / 100 != 2) // it was stopped already
    why = already_stopped(done);
  if (why)
    co_await tell(ex, std::move(*why));
  else if (done.status != 0)
    co_await ex.reply(done.status, "application/json", done.body);
  else
    co_await ex.reply(200, "application/json", R"({"success":true})");
}

} // namespace synapse::api
