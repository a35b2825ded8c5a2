#include "http/dialects/piper/voices.hpp"

#include "http/core/json/json_members.hpp"
#include "http/dialects/openai/audio/stock_voices.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace synapse::http::piper {
namespace {

constexpr std::size_t max_named_voices = 10; // in a text for the client

/// `en` of en, en-us, en_US and en_US-lessac-medium; empty when it begins with no code.
std::string code_at_start_of(std::string_view text) {
  std::string code;
  for (const char c : text.substr(0, 4)) {
    if (c == '-' || c == '_')
      break;
    const bool upper = c >= 'A' && c <= 'Z';
    if (!upper && (c < 'a' || c > 'z'))
      return {};
    code += static_cast<char>(upper ? c - 'A' + 'a' : c);
  }
  return code.size() == 2 || code.size() == 3 ? code : std::string{};
}

std::string language_of(std::string_view name, const detail::json_object& config) {
  if (const auto told = detail::object_member(config, "language"))
    if (const auto family = detail::text_member(*told, "family"))
      if (auto code = code_at_start_of(*family); !code.empty())
        return code;
  if (name.find('_') < 4)
    if (auto code = code_at_start_of(name); !code.empty())
      return code;
  const auto espeak = detail::object_member(config, "espeak");
  return espeak ? code_at_start_of(detail::text_member(*espeak, "voice").value_or(""))
                : std::string{};
}

voice voice_of(std::string_view name, const detail::json_object& config) {
  voice result;
  result.name = name;
  result.language = language_of(name, config);
  if (const auto audio = detail::object_member(config, "audio"))
    result.sample_rate =
        static_cast<std::uint32_t>(detail::number_member(*audio, "sample_rate", 0, 1'000'000, 0));
  if (const auto inference = detail::object_member(config, "inference"))
    result.length_scale = detail::number_member(*inference, "length_scale", 0.01, 100, 1);
  if (const auto speakers = detail::object_member(config, "speaker_id_map"))
    for (const auto one : *speakers) {
      if (result.speakers.size() == max_speakers)
        break;
      if (!one.key.empty() && one.key.size() <= max_name_bytes)
        result.speakers.emplace_back(one.key);
    }
  return result;
}

/// As the server lists it.
std::string_view listed(std::string_view name) {
  const auto end = name.find_last_not_of(".onxjs");
  return name.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

const voice* find_voice(const voice_list& list, std::string_view name) {
  const auto found = std::find_if(list.voices.begin(), list.voices.end(),
                                  [&](const voice& one) { return one.name == name; });
  return found == list.voices.end() ? nullptr : &*found;
}

std::string unknown_voice(const voice_list& list, std::string_view name) {
  std::string text = "there is no voice '" + std::string{detail::shortened(name, 100)} + "'";
  if (list.voices.empty())
    return text;
  text += "; there are: ";
  const auto count = std::min(list.voices.size(), max_named_voices);
  for (std::size_t at = 0; at < count; ++at)
    text += (at == 0 ? "" : ", ") + list.voices[at].name;
  if (count < list.voices.size())
    text += " and " + std::to_string(list.voices.size() - count) + " more";
  return text;
}

/// Any voice of the wished language, the default one before others. @returns false: there is none.
bool pick_voice(const voice_list& list, std::string_view default_voice, speech& what) {
  what.voice.clear();
  const auto* own = find_voice(list, listed(default_voice));
  if (own != nullptr)
    what.length_scale = own->length_scale;
  const auto wished = code_at_start_of(what.language);
  if (what.language.empty() || (own != nullptr && own->language == wished))
    return true;
  const auto found = std::find_if(list.voices.begin(), list.voices.end(), [&](const voice& one) {
    return !wished.empty() && one.language == wished;
  });
  if (found == list.voices.end())
    return false;
  what.voice = found->name;
  what.length_scale = found->length_scale;
  return true;
}

} // namespace

std::optional<voice_list> parse_voices(std::string_view body, std::string& problem) {
  detail::borrowed_parser parser;
  const auto root = detail::parse_object(parser, body, max_list_bytes, problem);
  if (!root)
    return {};
  voice_list result;
  std::unordered_set<std::string_view> seen;
  for (const auto one : *root) {
    detail::json_object config;
    if (result.voices.size() == max_voices || one.key.empty() || one.key.size() > max_name_bytes ||
        one.value.get(config) != simdjson::SUCCESS || !seen.insert(one.key).second) {
      ++result.omitted;
      continue;
    }
    result.voices.push_back(voice_of(one.key, config));
  }
  if (result.voices.empty() && result.omitted != 0) {
    problem = "its list of voices has none: " + std::string{detail::shortened(body, 200)};
    return {};
  }
  return result;
}

std::optional<server_info> parse_info(std::string_view body, std::string& problem) {
  detail::borrowed_parser parser;
  const auto root = detail::parse_object(parser, body, max_list_bytes, problem);
  if (!root)
    return {};
  const auto told = detail::object_member(*root, "voice");
  const auto name = told ? detail::text_member(*told, "name") : std::nullopt;
  if (!name || name->empty() || name->size() > max_name_bytes) {
    problem = "its answer names no voice: " + std::string{detail::shortened(body, 200)};
    return {};
  }
  server_info result;
  result.default_voice = *name;
  result.language = code_at_start_of(detail::text_member(*told, "language").value_or(""));
  return result;
}

std::string settle_voice(const voice_list& list, std::string_view default_voice, speech& what) {
  const bool any = what.voice.empty() ||
                   (openai::is_stock_voice(what.voice) && find_voice(list, what.voice) == nullptr);
  if (any && !pick_voice(list, default_voice, what))
    return "there is no voice that speaks '" + std::string{detail::shortened(what.language, 100)} +
           "'";
  const auto name = what.voice.empty() ? default_voice : std::string_view{what.voice};
  const auto* chosen = find_voice(list, name);
  if (chosen == nullptr)
    chosen = find_voice(list, listed(name));
  if (chosen == nullptr && !what.voice.empty())
    return unknown_voice(list, what.voice);
  if (chosen != nullptr)
    what.length_scale = chosen->length_scale;
  if (what.speaker.empty())
    return {};
  if (chosen == nullptr || std::find(chosen->speakers.begin(), chosen->speakers.end(),
                                     what.speaker) == chosen->speakers.end())
    return "the voice has no speaker '" + std::string{detail::shortened(what.speaker, 100)} + "'";
  return {};
}

} // namespace synapse::http::piper
