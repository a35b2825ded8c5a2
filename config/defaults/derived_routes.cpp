#include "config/defaults/derived_routes.hpp"

#include "config/backend_types.hpp"
#include "config/defaults/route_defaults.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace synapse::config {

namespace {

constexpr std::array<std::string_view, 3> model_paths{"/v1/chat/completions", "/v1/completions",
                                                      "/v1/embeddings"};

bool has_usual_name(std::string_view name) {
  const auto routes = default_routes();
  return std::any_of(routes.begin(), routes.end(),
                     [&](const default_route& one) { return one.backend == name; });
}

/// Whether chats and embeddings may be meant for it. One that the file's routes send other things
/// to, such as speech or pages, is there for those.
bool may_serve_models(const settings& all, const backend_settings& backend) {
  if (!row_of(backend.type).has_models || has_usual_name(backend.name))
    return false;
  bool named = false;
  for (const route_settings& route : all.routes) {
    if (route.backend != backend.name)
      continue;
    if (route.path.starts_with("/v1/") && !route.path.starts_with("/v1/audio/"))
      return true;
    named = true;
  }
  return !named;
}

std::vector<std::string_view> names_of_type(const settings& all, backend_type type) {
  std::vector<std::string_view> names;
  for (const auto& [name, backend] : all.backends)
    if (backend.type == type)
      names.push_back(name);
  return names;
}

/// `/tts/*: NAME, /v1/audio/speech: NAME`
std::string usual_routes_to(std::string_view usual_name, std::string_view name) {
  std::string result;
  for (const default_route& route : default_routes()) {
    if (route.backend != usual_name)
      continue;
    result += result.empty() ? "" : ", ";
    result += std::string{route.path} + ": " + std::string{name};
  }
  return result;
}

/// Ollama's own API is passed on to it, so it has models; chats do not go to it, because a backend
/// that the file's routes name for something else is there for that.
bool keeps_its_models(const settings& all, const backend_settings& backend) {
  if (!row_of(backend.type).has_models || !backend.list_models || has_usual_name(backend.name))
    return false;
  bool elsewhere = false;
  for (const route_settings& route : all.routes) {
    if (route.backend == by_model)
      return false;
    if (route.backend != backend.name)
      continue;
    if (route.path.starts_with("/v1/"))
      return false;
    elsewhere = elsewhere || route.path.starts_with("/api/");
  }
  return elsewhere;
}

problem kept_models(const backend_settings& backend) {
  problem one;
  one.key = "backends." + backend.name;
  one.message =
      "no chats go to this backend, because routes of the file name it for something else; "
      "write routes: {" +
      std::string{model_paths[0]} + ": " + backend.name +
      "} for those as well, or list_models: false if it has none";
  one.level = severity::note;
  return one;
}

std::string unserved_message(const settings& all, const backend_settings& backend) {
  std::string message = "no route leads to this backend: ";
  if (const auto& type = row_of(backend.type); !type.usually.empty()) {
    if (names_of_type(all, backend.type).size() > 1)
      message += "there are several of type " + std::string{to_string(backend.type)} +
                 "; say which serves what, ";
    return message + "write routes: {" + usual_routes_to(type.usually, backend.name) + "}";
  }
  if (!row_of(backend.type).has_models)
    return message + "name it in a deployment of the catalog";
  if (!backend.list_models)
    return message + "it does not list its models (list_models); write routes: {" +
           std::string{model_paths[0]} + ": " + backend.name + "}, or remove list_models";
  return message + "write routes: {" + std::string{model_paths[0]} + ": " + backend.name +
         "}, or \"*\" in the place of the name to have each request go to the backend that lists "
         "its model";
}

} // namespace

bool may_go_by_model(std::string_view path) {
  return std::find(model_paths.begin(), model_paths.end(), path) != model_paths.end();
}

std::vector<std::string_view> backends_with_models(const settings& all) {
  std::vector<std::string_view> names;
  for (const auto& [name, backend] : all.backends)
    if (row_of(backend.type).has_models && backend.list_models)
      names.push_back(name);
  return names;
}

std::vector<std::string>
append_derived_routes(settings& all, const std::function<bool(const std::string&)>& given) {
  std::vector<std::string> paths;
  // What names a model goes where the catalog says.
  const bool by_catalog = !all.catalog.empty() || !all.litellm.empty();
  const auto append = [&](std::string_view path, std::string_view backend) {
    if (find_route(all, path) != nullptr || (by_catalog && path.starts_with("/v1/")))
      return;
    all.routes.push_back({std::string{path}, std::string{backend}});
    paths.emplace_back(path);
  };
  std::vector<std::string_view> capable;
  std::size_t listing = 0;
  for (const auto& [name, backend] : all.backends) {
    if (!may_serve_models(all, backend))
      continue;
    capable.push_back(name);
    listing += backend.list_models || !given("backends." + name + ".list_models") ? 1 : 0;
  }
  // Several that all hide their models cannot be told apart.
  if (capable.size() == 1 || listing > 0)
    for (const auto path : model_paths)
      append(path, capable.size() == 1 ? capable.front() : by_model);
  for (const auto& type : backend_types()) {
    if (type.usually.empty())
      continue;
    const auto names = names_of_type(all, type.type);
    if (names.size() != 1 || all.backends.contains(std::string{type.usually}))
      continue;
    for (const default_route& route : default_routes())
      if (route.backend == type.usually)
        append(route.path, names.front());
  }
  return paths;
}

std::vector<problem> unserved_backends(const settings& all) {
  std::vector<std::string_view> served;
  for (const route_settings& route : all.routes) {
    if (route.backend != by_model)
      served.push_back(route.backend);
    else
      for (const auto name : backends_with_models(all))
        served.push_back(name);
  }
  std::set<std::string_view> in_catalog;
  for (const catalog_model& model : all.catalog)
    for (const deployment_settings& deployment : model.deployments)
      in_catalog.insert(deployment.backend);
  std::vector<problem> problems;
  for (const auto& [name, backend] : all.backends) {
    if (in_catalog.contains(name))
      continue;
    if (std::find(served.begin(), served.end(), name) != served.end()) {
      if (keeps_its_models(all, backend))
        problems.push_back(kept_models(backend));
      continue;
    }
    problem one;
    one.key = "backends." + name;
    one.message = unserved_message(all, backend);
    one.level = severity::warning;
    problems.push_back(std::move(one));
  }
  return problems;
}

} // namespace synapse::config
