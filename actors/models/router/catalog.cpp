#include "actors/models/router/catalog.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace synapse::models {

namespace {
using json = nlohmann::json;

constexpr std::size_t max_models = 10'000;
constexpr std::size_t max_depth = 64; ///< of a list; nlohmann/json works by recursion

const json* member(const json& object, const char* key) {
  if (!object.is_object())
    return nullptr;
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

std::string text_of(const json& object, const char* key) {
  const auto* found = member(object, key);
  return found != nullptr && found->is_string() ? found->get<std::string>() : std::string{};
}

std::vector<std::string> texts_of(const json& object, const char* key) {
  std::vector<std::string> texts;
  if (const auto* list = member(object, key); list != nullptr && list->is_array())
    for (const auto& one : *list)
      if (one.is_string())
        texts.push_back(one.get<std::string>());
  return texts;
}

/// Older routers report a number, newer ones an object with stages.
std::optional<double> progress_of(const json& status) {
  const auto* progress = member(status, "progress");
  if (progress == nullptr)
    return {};
  const auto* value = progress->is_object() ? member(*progress, "value") : progress;
  if (value == nullptr || !value->is_number())
    return {};
  return std::clamp(value->get<double>(), 0.0, 1.0);
}

router_state state_of(const json& status) {
  const auto value = text_of(status, "value");
  if (value == "loaded")
    return router_state::loaded;
  if (value == "sleeping")
    return router_state::sleeping;
  if (value == "loading")
    return router_state::loading;
  if (value == "unloading")
    return router_state::unloading;
  const auto* failed = member(status, "failed");
  return failed != nullptr && failed->is_boolean() && failed->get<bool>() ? router_state::failed
                                                                          : router_state::unloaded;
}

router_model read_model(const json& entry, const json& status) {
  router_model model;
  model.id = text_of(entry, "id");
  model.state = state_of(status);
  model.progress = progress_of(status);
  if (const auto* code = member(status, "exit_code"); code != nullptr && code->is_number_integer())
    model.exit_code =
        static_cast<int>(std::clamp<std::int64_t>(code->get<std::int64_t>(), INT32_MIN, INT32_MAX));
  model.ctx_size = ctx_size_in(texts_of(status, "args"));
  return model;
}

/// Of a model in several files. What can be used or is under way counts before an old failure: the
/// router keeps that of a part that somebody once tried to load by itself.
router_state merged(router_state a, router_state b) {
  for (const auto state : {router_state::loaded, router_state::sleeping, router_state::loading,
                           router_state::unloading, router_state::failed})
    if (a == state || b == state)
      return state;
  return router_state::unloaded;
}

void add(catalog& all, router_model model) {
  const auto split = split_of(model.id);
  const std::string name{split ? split->base : std::string_view{model.id}};
  const auto id = model.id;
  const auto found = all.models.find(name);
  if (found == all.models.end()) {
    if (split)
      model.parts.push_back(id);
    all.models.emplace(name, std::move(model));
  } else if (split && !found->second.parts.empty()) {
    auto& whole = found->second;
    whole.state = merged(whole.state, model.state);
    if (!whole.progress)
      whole.progress = model.progress;
    if (whole.exit_code == 0)
      whole.exit_code = model.exit_code;
    if (!whole.ctx_size)
      whole.ctx_size = model.ctx_size;
    whole.parts.push_back(id);
    // The server is given the first file and finds the others itself.
    std::sort(whole.parts.begin(), whole.parts.end());
    whole.id = whole.parts.front();
  } else if (!split && !found->second.parts.empty()) {
    found->second = std::move(model); // the name as it is written, in whatever order they come
  }
  if (split)
    all.aliases.emplace(id, name);
}

bool too_deep(std::string_view text) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > max_depth)
        return true;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return false;
}

} // namespace

std::string_view to_string(router_state state) noexcept {
  switch (state) {
  case router_state::loading:
    return "loading";
  case router_state::loaded:
    return "loaded";
  case router_state::sleeping:
    return "sleeping";
  case router_state::unloading:
    return "unloading";
  case router_state::failed:
    return "failed";
  case router_state::unloaded:
    break;
  }
  return "unloaded";
}

std::optional<split_name> split_of(std::string_view id) noexcept {
  const auto number_at_end = [](std::string_view& text, unsigned& value) {
    const auto last = text.find_last_not_of("0123456789");
    const auto from = last == std::string_view::npos ? 0 : last + 1;
    const auto digits = text.substr(from);
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    text = text.substr(0, from);
    return !digits.empty() && read.ec == std::errc{};
  };
  constexpr std::string_view of = "-of-";
  split_name name;
  auto rest = id;
  if (!number_at_end(rest, name.parts) || !rest.ends_with(of))
    return {};
  rest.remove_suffix(of.size());
  if (!number_at_end(rest, name.part) || !rest.ends_with('-') || rest.size() < 2)
    return {};
  name.base = rest.substr(0, rest.size() - 1);
  if (name.part == 0 || name.part > name.parts)
    return {};
  return name;
}

const std::string* catalog::find(std::string_view name) const {
  if (const auto found = models.find(name); found != models.end())
    return &found->first;
  const auto alias = aliases.find(name);
  return alias == aliases.end() ? nullptr : &alias->second;
}

std::optional<catalog> parse_catalog(std::string_view text, std::string& problem) {
  if (too_deep(text)) {
    problem = "its model list is nested too deeply";
    return {};
  }
  const auto list = json::parse(text, nullptr, false);
  const auto* data = list.is_discarded() ? nullptr : member(list, "data");
  if (data == nullptr || !data->is_array()) {
    problem = "its model list is not one";
    return {};
  }
  if (data->size() > max_models) {
    problem = "its model list has more than " + std::to_string(max_models) + " entries";
    return {};
  }
  catalog all;
  for (const auto& entry : *data) {
    const auto* status = member(entry, "status");
    const auto id = text_of(entry, "id");
    if (id.empty())
      continue;
    if (status != nullptr && status->is_object())
      all.is_router = true;
    add(all, read_model(entry, status != nullptr ? *status : json::object()));
  }
  // A router without any model is one, too, but nothing tells it from another server.
  for (const auto& entry : *data)
    for (auto& alias : texts_of(entry, "aliases"))
      if (const auto* name = all.find(text_of(entry, "id"));
          name != nullptr && !alias.empty() && !all.models.contains(alias))
        all.aliases.emplace(std::move(alias), *name);
  return all;
}

std::optional<std::int64_t> ctx_size_in(const std::vector<std::string>& args) {
  constexpr std::string_view with_value = "--ctx-size=";
  std::optional<std::int64_t> found;
  for (std::size_t i = 0; i < args.size(); ++i) {
    std::string_view text;
    if ((args[i] == "--ctx-size" || args[i] == "-c") && i + 1 < args.size())
      text = args[i + 1];
    else if (args[i].starts_with(with_value))
      text = std::string_view{args[i]}.substr(with_value.size());
    std::int64_t value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (!text.empty() && read.ec == std::errc{} && read.ptr == text.data() + text.size())
      found = value; // the last one counts, as it does for the server
  }
  return found;
}

} // namespace synapse::models
