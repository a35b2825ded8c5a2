#include "actors/models/profile_schema.hpp"
#include "http/handlers/api_handlers.hpp"
#include "http/handlers/form_call.hpp"
#include "http/handlers/model_questions.hpp"

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>

namespace synapse::handlers {

namespace {
using json = nlohmann::ordered_json;

constexpr std::size_t max_command_body = 256 * 1024; ///< a system prompt is the largest of it

std::string id_of(const json& entry) {
  const auto found = entry.is_object() ? entry.find("id") : entry.end();
  return entry.is_object() && found != entry.end() && found->is_string() ? found->get<std::string>()
                                                                         : std::string{};
}

json* status_of(json& entry) {
  const auto found = entry.is_object() ? entry.find("status") : entry.end();
  return entry.is_object() && found != entry.end() && found->is_object() ? &*found : nullptr;
}

/// The name of the split model that an entry is a part of; null: it stands for itself.
const std::string* whole_of(const models::catalog& known, const std::string& id) {
  const auto* name = models::split_of(id) ? known.find(id) : nullptr;
  if (name == nullptr)
    return nullptr;
  const auto found = known.models.find(*name);
  return found != known.models.end() && !found->second.parts.empty() ? name : nullptr;
}

std::string state_in(json& entry) {
  const auto* status = status_of(entry);
  const auto value = status == nullptr ? json{} : status->value("value", json{});
  return value.is_string() ? value.get<std::string>() : std::string{};
}

/// How much a part's state tells about the whole: the lower the more.
std::size_t rank_of(std::string_view state) {
  constexpr std::array<std::string_view, 4> order{"loaded", "sleeping", "loading", "unloading"};
  return static_cast<std::size_t>(std::find(order.begin(), order.end(), state) - order.begin());
}

/// Takes a further part into what is known of the whole. The part that decides the state is the one
/// whose arguments and progress count.
void merge(json& whole, json part) {
  std::array<json, 2> faults;
  for (auto* one : {&whole, &part})
    if (auto* status = status_of(*one))
      if (status->value("failed", json{}) == json(true))
        faults[one == &part] = *status;
  if (rank_of(state_in(part)) < rank_of(state_in(whole)))
    std::swap(whole, part);
  auto* status = status_of(whole);
  if (status == nullptr)
    return;
  for (const auto& fault : faults)
    if (fault.is_object()) {
      (*status)["failed"] = true;
      if (fault.contains("exit_code") && !status->contains("exit_code"))
        (*status)["exit_code"] = fault["exit_code"];
    }
}

/// The router's entries, with one for all parts of a split model, where the first one stood.
json merged(const json& data, const models::catalog& known) {
  auto result = json::array();
  std::map<std::string, std::size_t> places;
  for (const auto& entry : data) {
    const auto* whole = whole_of(known, id_of(entry));
    if (whole == nullptr) {
      result.push_back(entry);
      continue;
    }
    const auto [place, first] = places.emplace(*whole, result.size());
    if (first)
      result.push_back(entry);
    else
      merge(result[place->second], entry);
    result[place->second]["id"] = *whole;
  }
  return result;
}

void add_profile(json& entry, const models::catalog& known, const actors::profile_map& profiles) {
  const auto id = id_of(entry);
  const auto* key = known.find(id);
  const auto found = profiles.find(key == nullptr ? id : *key);
  if (id.empty() || found == profiles.end())
    return;
  auto* status = status_of(entry);
  if (status == nullptr)
    return;
  const auto& values = found->second.values;
  (*status)["synapse_profile"] = json(models::to_json(values));
  (*status)["synapse_defaults"] = json(models::defaults(models::family_of(found->first), values));
}

/// The list with what the gateway knows about its entries.
std::string enriched(const router_list& list, const actors::profile_map_ptr& profiles) {
  auto answer = json::parse(list.reply.body, nullptr, false);
  auto& data = answer["data"];
  data = merged(data, list.known);
  if (profiles)
    for (auto& entry : data)
      add_profile(entry, list.known, *profiles);
  return dump(answer);
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
  auto answer = done.status / 100 == 2 ? parse_answer(done.body) : json{};
  if (!answer.is_object())
    answer = json{{"success", true}};
  const auto family = models::family_of(wish.model.key);
  answer["model"] = wish.model.key;
  answer["status"] = done.ready ? "loaded" : "loading";
  answer["synapse_defaults"] = json(models::defaults(family, wish.values));
  return dump(answer);
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
net::task<void> pass_command(const services& all, server::exchange& ex) {
  if (auto why = check_json_head(ex.head()))
    co_await refuse(ex, std::move(*why));
  else
    co_await pass_through(all, ex);
}
} // namespace

net::task<void> router_models(const services&, server::exchange& ex) {
  auto site = co_await site_of(ex);
  if (!site)
    co_return;
  if (!site->entry->models || has_query(ex)) {
    co_await forward(ex, std::move(site), forward_options{});
    co_return;
  }
  router_list list;
  trouble why = co_await ask_list(ex, site, list);
  if (why)
    co_await tell(ex, std::move(*why));
  else if (list.reply.status != 200) // what the backend says to this client is the better answer
    co_await forward(ex, std::move(site), forward_options{});
  else if (!list.known.is_router)
    co_await ex.reply(200, "application/json", list.reply.body);
  else
    co_await reply_list(ex, list);
}

net::task<void> load_model(const services& all, server::exchange& ex) {
  auto site = co_await site_of(ex);
  if (!site)
    co_return;
  if (!site->entry->models) {
    co_await pass_command(all, ex);
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
    co_await forward(ex, std::move(site), forward_options{});
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

net::task<void> unload_model(const services& all, server::exchange& ex) {
  auto site = co_await site_of(ex);
  if (!site)
    co_return;
  if (!site->entry->models) {
    co_await pass_command(all, ex);
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
    co_await forward(ex, std::move(site), forward_options{});
    co_return;
  }
  actors::model_command_done done;
  if (!why)
    why = co_await command_model(ex, site, false, model.key, done);
  if (why)
    co_await tell(ex, std::move(*why));
  else if (done.status != 0)
    co_await ex.reply(done.status, "application/json", done.body);
  else
    co_await ex.reply(200, "application/json", R"({"success":true})");
}

} // namespace synapse::handlers
