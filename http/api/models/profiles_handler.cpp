#include "actors/models/profiles/profile_schema.hpp"
#include "http/api/api_handlers.hpp"
#include "http/api/models/model_questions.hpp"
#include "http/api/request/body_reading.hpp"
#include "http/core/json/json_text.hpp"

#include <nlohmann/json.hpp>

namespace synapse::api {

namespace {
using json = nlohmann::ordered_json;

constexpr std::size_t max_profile_body = 256 * 1024; ///< a system prompt is the largest of it

/// What a model's profile looks like to clients.
json describe(const std::string& key, const actors::profile_values& values) {
  json answer;
  answer["model"] = key;
  answer["family"] = models::to_string(models::family_of(key));
  answer["values"] = json(models::to_json(values));
  return answer;
}

/// The model of the path. `site` may be null: profiles do not need a backend.
net::task<trouble> model_of_path(server::exchange& ex, const client::site_ptr& site,
                                 named_model& model) {
  const auto name = percent_decoded(ex.parameter("id"));
  trouble why = co_await find_model(ex, site, name, model);
  co_return why;
}

/// Reads `{"values":{…},"replace"?:bool}` or the bare fields.
trouble read_change(const json& body, actors::put_profile& change) {
  const json* fields = &body;
  if (const auto values = body.find("values"); values != body.end()) {
    fields = &*values;
    for (const auto& [name, value] : body.items()) {
      if (name != "values" && name != "replace")
        return model_at_fault(name + ": is no field beside \"values\"");
      if (name == "replace" && !value.is_boolean())
        return model_at_fault("replace: must be true or false");
      if (name == "values" && !value.is_object())
        return model_at_fault("values: must be an object of fields");
    }
    change.replace = body.value("replace", false);
  }
  auto read = models::read_values(models::family_of(change.model), nlohmann::json(*fields));
  if (auto* fault = std::get_if<models::value_fault>(&read))
    return model_at_fault(std::move(fault->message));
  auto& changes = std::get<models::value_changes>(read);
  change.set = std::move(changes.set);
  change.unset = std::move(changes.unset);
  return {};
}

/// Reads `{"load_model"?:bool}`, or nothing at all.
trouble read_apply(const json& body, bool& load) {
  for (const auto& [name, value] : body.items()) {
    if (name != "load_model")
      return model_at_fault(name + ": is no field; there is \"load_model\"");
    if (!value.is_boolean())
      return model_at_fault("load_model: must be true or false");
    load = value.get<bool>();
  }
  return {};
}

/// Has the model loaded. What becomes of that is part of the answer, not its status.
net::task<trouble> load_applied(server::exchange& ex, const client::site_ptr& site,
                                const named_model& model, json& answer) {
  trouble why;
  actors::model_command_done done;
  if (model.is_managed) {
    why = co_await command_model(ex, site, true, model.key, done);
  } else {
    why = model_at_fault("the models of this backend are not managed");
    why->detail = http::response_detail::not_supported;
  }
  if (why && why->gone)
    co_return why;
  json load{{"requested", true}, {"success", !why}};
  if (why) {
    load["status_code"] = why->status();
    load["detail"] = why->message;
  }
  answer["success"] = !why;
  answer["load"] = std::move(load);
  co_return trouble{};
}

net::task<trouble> apply(server::exchange& ex, const client::site_ptr& site,
                         const named_model& model, bool load, json& answer) {
  actors::profile_map_ptr all;
  trouble why = co_await ask_profiles(ex, all);
  if (why)
    co_return why;
  const auto values = values_of(all, model.key);
  if (model.is_managed)
    why = co_await apply_stored_runtime(ex, site, model, values);
  if (why)
    co_return why;
  answer["success"] = true;
  answer.update(describe(model.key, values));
  answer["load"] = json{{"requested", false}, {"success", true}}; // nothing was asked for: all done
  if (load)
    why = co_await load_applied(ex, site, model, answer);
  co_return why;
}
} // namespace

net::task<void> model_schema(server::exchange& ex) {
  const auto site = ex.routes()->site_for_path(ex.path());
  named_model model;
  trouble why = co_await model_of_path(ex, site, model);
  // The fields are the gateway's own: a router that does not answer keeps nobody from them.
  const bool serve = !why || (!why->gone && why->status() >= 500);
  if (!serve) {
    co_await tell(ex, std::move(*why));
    co_return;
  }
  const auto body = models::schema_json(model.key);
  co_await ex.reply(200, "application/json", body);
}

net::task<void> get_profile(server::exchange& ex) {
  const auto site = ex.routes()->site_for_path(ex.path());
  named_model model;
  actors::profile_map_ptr all;
  trouble why = co_await model_of_path(ex, site, model);
  if (!why)
    why = co_await ask_profiles(ex, all);
  if (why) {
    co_await tell(ex, std::move(*why));
    co_return;
  }
  const auto body = http::dump(describe(model.key, values_of(all, model.key)));
  co_await ex.reply(200, "application/json", body);
}

net::task<void> put_profile(server::exchange& ex) {
  json body;
  if (!co_await read_json_object(ex, body, max_profile_body))
    co_return;
  const auto site = ex.routes()->site_for_path(ex.path());
  named_model model;
  actors::profile_map_ptr all;
  actors::put_profile change;
  trouble why = co_await model_of_path(ex, site, model);
  if (!why) {
    change.model = model.key;
    why = read_change(body, change);
  }
  if (!why)
    why = co_await store_profile(ex, site, std::move(change), all);
  if (why) {
    co_await tell(ex, std::move(*why));
    co_return;
  }
  json answer{{"success", true}};
  answer.update(describe(model.key, values_of(all, model.key)));
  const auto text = http::dump(answer);
  co_await ex.reply(200, "application/json", text);
}

net::task<void> apply_profile(server::exchange& ex) {
  auto body = json::object();
  if (ex.has_body()) {
    const bool read = co_await read_json_object(ex, body, max_profile_body);
    if (!read)
      co_return;
  }
  const auto site = ex.routes()->site_for_path(ex.path());
  bool load = false;
  named_model model;
  json answer;
  trouble why = read_apply(body, load);
  if (!why)
    why = co_await model_of_path(ex, site, model);
  if (!why)
    why = co_await apply(ex, site, model, load, answer);
  if (why) {
    co_await tell(ex, std::move(*why));
    co_return;
  }
  const auto text = http::dump(answer);
  co_await ex.reply(200, "application/json", text);
}

} // namespace synapse::api
