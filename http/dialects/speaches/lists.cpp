#include "http/dialects/speaches/lists.hpp"

#include "http/core/json/json_members.hpp"

#include <unordered_set>
#include <utility>

namespace synapse::http::speaches {
namespace {

/// A name that can be used; nothing: it is none, or too long.
std::optional<std::string_view> name_at(const detail::json_object& from, std::string_view key) {
  const auto name = detail::text_member(from, key);
  return name && !name->empty() && name->size() <= max_name_bytes ? name : std::nullopt;
}

model_kind kind_of(std::string_view task) {
  if (task == "text-to-speech")
    return model_kind::speech;
  if (task == "automatic-speech-recognition")
    return model_kind::transcription;
  return model_kind::other;
}

/// Notes that an entry was left out.
template <class List>
void leave_out(List& list, std::string why) {
  if (list.omitted++ == 0)
    list.fault = std::move(why);
}

void read_voices(const detail::json_array& from, voice_list& into) {
  std::unordered_set<std::string_view> seen;
  for (const auto one : from) {
    detail::json_object object;
    const bool is_object = one.get(object) == simdjson::SUCCESS;
    auto name = is_object ? name_at(object, "name") : std::nullopt;
    if (!name && is_object)
      name = name_at(object, "id");
    if (!name)
      leave_out(into, "a voice has no name of up to " + std::to_string(max_name_bytes) + " bytes");
    else if (into.voices.size() == max_voices)
      leave_out(into, "there are more than " + std::to_string(max_voices) + " voices");
    else if (seen.insert(*name).second)
      into.voices.push_back(
          {std::string{*name}, std::string{name_at(object, "language").value_or("")}});
  }
}

model model_of(std::string_view id, const detail::json_object& from) {
  model result;
  result.id = id;
  result.kind = kind_of(detail::text_member(from, "task").value_or(""));
  result.sample_rate =
      static_cast<std::uint32_t>(detail::number_member(from, "sample_rate", 0, 1'000'000, 0));
  if (const auto languages = detail::array_member(from, "language"))
    for (const auto one : *languages) {
      std::string_view code;
      if (one.get(code) == simdjson::SUCCESS && !code.empty() && code.size() <= max_name_bytes &&
          result.languages.size() < max_languages)
        result.languages.emplace_back(code);
    }
  if (const auto voices = detail::array_member(from, "voices")) {
    voice_list list;
    read_voices(*voices, list);
    result.voices = std::move(list.voices);
  }
  return result;
}

std::string no_list(std::string_view what, std::string_view body) {
  return "its answer has no list of " + std::string{what} + ": " +
         std::string{detail::shortened(body, 200)};
}

} // namespace

std::optional<model_list> parse_models(std::string_view body, std::string& problem) {
  detail::borrowed_parser parser;
  const auto root = detail::parse_object(parser, body, max_list_bytes, problem);
  if (!root)
    return {};
  auto entries = detail::array_member(*root, "data");
  if (!entries)
    entries = detail::array_member(*root, "models");
  if (!entries) {
    problem = no_list("models", body);
    return {};
  }
  model_list result;
  std::unordered_set<std::string_view> seen;
  for (const auto one : *entries) {
    detail::json_object object;
    const bool is_object = one.get(object) == simdjson::SUCCESS;
    const auto id = is_object ? name_at(object, "id") : std::nullopt;
    if (!id)
      leave_out(result, "a model has no id of up to " + std::to_string(max_name_bytes) + " bytes");
    else if (result.models.size() == max_models)
      leave_out(result, "there are more than " + std::to_string(max_models) + " models");
    else if (!seen.insert(*id).second)
      leave_out(result, "model " + std::string{*id} + " is listed twice");
    else
      result.models.push_back(model_of(*id, object));
  }
  return result;
}

std::optional<voice_list> parse_voices(std::string_view body, std::string& problem) {
  detail::borrowed_parser parser;
  const auto root = detail::parse_object(parser, body, max_list_bytes, problem);
  if (!root)
    return {};
  const auto entries = detail::array_member(*root, "voices");
  if (!entries) {
    problem = no_list("voices", body);
    return {};
  }
  voice_list result;
  read_voices(*entries, result);
  return result;
}

} // namespace synapse::http::speaches
