#include "actors/models/router/list_notes.hpp"

#include <nlohmann/json.hpp>

namespace synapse::models {

namespace {
using ordered = nlohmann::ordered_json;

ordered note_json(const wait_reason& why) {
  ordered note{{"what", to_string(why.what)}};
  note["model"] = why.model.empty() ? ordered() : ordered(why.model);
  if (why.what == wait_reason::kind::requests)
    note["requests"] = why.requests;
  note["text"] = why.text;
  return note;
}
} // namespace

std::string with_notes(std::string list, const catalog& known, const wait_notes& notes) {
  if (notes.empty())
    return list;
  auto answer = ordered::parse(list, nullptr, false);
  const auto data = answer.is_object() ? answer.find("data") : answer.end();
  if (data == answer.end() || !data->is_array())
    return list;
  for (auto& entry : *data) {
    const auto id = entry.is_object() ? entry.find("id") : entry.end();
    if (id == entry.end() || !id->is_string())
      continue;
    const auto* name = known.find(id->get_ref<const std::string&>());
    const auto note = name == nullptr ? notes.end() : notes.find(*name);
    const auto status = entry.find("status");
    if (note != notes.end() && status != entry.end() && status->is_object())
      (*status)["synapse_waits_for"] = note_json(note->second);
  }
  return answer.dump(-1, ' ', false, ordered::error_handler_t::replace);
}

} // namespace synapse::models
