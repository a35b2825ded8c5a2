#include "http/api/models/model_list.hpp"

#include "http/core/json/json_text.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace synapse::api {

namespace {
using json = nlohmann::ordered_json;

constexpr std::size_t max_entries = 20'000; ///< of all lists together, with their further names

/// The name of the split model that an entry is a part of; null: it stands for itself.
const std::string* whole_of(const models::catalog& known, const std::string& id) {
  const auto* name = models::split_of(id) ? known.find(id) : nullptr;
  if (name == nullptr)
    return nullptr;
  const auto found = known.models.find(*name);
  return found != known.models.end() && !found->second.parts.empty() ? name : nullptr;
}

std::string state_in(json& entry) {
  const auto* status = model_status_of(entry);
  const auto value = status == nullptr ? json{} : status->value("value", json{});
  return value.is_string() ? value.get<std::string>() : std::string{};
}

/// How much a part's state tells about the whole: the lower the more.
std::size_t rank_of(std::string_view state) {
  constexpr std::array<std::string_view, 4> order{"loaded", "sleeping", "loading", "unloading"};
  return static_cast<std::size_t>(std::find(order.begin(), order.end(), state) - order.begin());
}

/// Takes a further part into what is known of the whole.
void merge_part(json& whole, json part) {
  std::array<json, 2> faults;
  for (auto* one : {&whole, &part})
    if (auto* status = model_status_of(*one))
      if (status->value("failed", json{}) == json(true))
        faults[one == &part] = *status;
  if (rank_of(state_in(part)) < rank_of(state_in(whole)))
    std::swap(whole, part);
  auto* status = model_status_of(whole);
  if (status == nullptr)
    return;
  for (const auto& fault : faults)
    if (fault.is_object()) {
      (*status)["failed"] = true;
      if (fault.contains("exit_code") && !status->contains("exit_code"))
        (*status)["exit_code"] = fault["exit_code"];
    }
}
} // namespace

std::string model_id_of(const json& entry) {
  const auto found = entry.is_object() ? entry.find("id") : entry.end();
  return entry.is_object() && found != entry.end() && found->is_string() ? found->get<std::string>()
                                                                         : std::string{};
}

json* model_status_of(json& entry) {
  const auto found = entry.is_object() ? entry.find("status") : entry.end();
  return entry.is_object() && found != entry.end() && found->is_object() ? &*found : nullptr;
}

json merged_parts(const json& data, const models::catalog& known) {
  auto result = json::array();
  std::map<std::string, std::size_t> places;
  for (const auto& entry : data) {
    const auto* whole = whole_of(known, model_id_of(entry));
    if (whole == nullptr) {
      result.push_back(entry);
      continue;
    }
    const auto [place, first] = places.emplace(*whole, result.size());
    if (first)
      result.push_back(entry);
    else
      merge_part(result[place->second], entry);
    result[place->second]["id"] = *whole;
  }
  return result;
}

bool merged_list::add(const std::string& answer, bool managed) {
  const auto list = http::parse_json(answer);
  const auto data = list.is_object() ? list.find("data") : list.end();
  if (!list.is_object() || data == list.end() || !data->is_array())
    return false;
  std::string problem;
  const auto known = managed ? models::parse_catalog(answer, problem) : std::nullopt;
  if (!known || !known->is_router) {
    for (const auto& entry : *data)
      add_entry(entry);
    return true;
  }
  for (const auto& entry : merged_parts(*data, *known))
    add_entry(entry);
  for (const auto& [name, model] : known->models)
    for (const auto& part : model.parts)
      parts_.emplace(part, name);
  return true;
}

void merged_list::add_entry(const json& entry) {
  const auto id = model_id_of(entry);
  const bool has_id = entry.is_object() && entry.contains("id") && entry["id"].is_string();
  if (has_id && entries_.size() < max_entries && places_.emplace(id, entries_.size()).second)
    entries_.push_back(entry);
}

void merged_list::add_alias(const std::string& name, const std::string& model) {
  const auto* target = find(model);
  if (target == nullptr || name.empty())
    return;
  auto entry = *target;
  entry["alias_of"] = target->value("alias_of", model_id_of(*target));
  entry["id"] = name;
  entry.erase("aliases");
  add_entry(entry);
}

void merged_list::add_aliases(const std::map<std::string, std::string, std::less<>>& configured) {
  std::vector<std::pair<std::string, std::string>> own;
  for (const auto& entry : entries_)
    if (const auto names = entry.find("aliases"); names != entry.end() && names->is_array())
      for (const auto& name : *names)
        if (name.is_string())
          own.emplace_back(name.get<std::string>(), model_id_of(entry));
  for (const auto& [name, model] : own)
    add_alias(name, model);
  for (const auto& [name, model] : configured)
    add_alias(name, model);
}

const json* merged_list::find(std::string_view name) const {
  auto found = places_.find(name);
  if (found == places_.end())
    if (const auto part = parts_.find(name); part != parts_.end())
      found = places_.find(part->second);
  return found == places_.end() ? nullptr : &entries_[found->second];
}

std::vector<std::string_view> merged_list::names() const {
  std::vector<std::string_view> result;
  result.reserve(entries_.size());
  for (const auto& entry : entries_)
    result.push_back(entry["id"].get_ref<const std::string&>());
  return result;
}

} // namespace synapse::api
