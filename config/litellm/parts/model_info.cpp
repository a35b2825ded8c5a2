#include "config/litellm/parts/model_info.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace synapse::config::litellm {

namespace {

constexpr std::uint64_t max_context = 1'000'000'000;
constexpr double million = 1e6;
constexpr std::size_t max_info = 128;

constexpr std::uint16_t bits(std::initializer_list<capability> all) {
  std::uint16_t result = 0;
  for (const capability one : all)
    result = static_cast<std::uint16_t>(result | capability_set::bit(one));
  return result;
}

constexpr std::uint16_t answers =
    bits({capability::chat, capability::completions, capability::responses});
constexpr std::uint16_t others = bits(
    {capability::embeddings, capability::rerank, capability::speech, capability::transcription});

struct mode_row {
  std::string_view name;
  std::uint16_t yes;
  std::uint16_t no;
};

constexpr std::uint16_t all_but(std::uint16_t one) {
  return static_cast<std::uint16_t>((answers | others) & ~one);
}

constexpr mode_row only(std::string_view name, capability what) {
  return {name, capability_set::bit(what), all_but(capability_set::bit(what))};
}

/// A chat model may well complete; of the rest each does one thing.
constexpr auto modes = std::to_array<mode_row>({
    {"chat", bits({capability::chat}), others},
    {"responses", bits({capability::responses}), others},
    only("completion", capability::completions),
    only("embedding", capability::embeddings),
    only("rerank", capability::rerank),
    only("audio_speech", capability::speech),
    only("audio_transcription", capability::transcription),
    {"image_generation", 0, all_but(0)},
    {"image_edit", 0, all_but(0)},
    {"video_generation", 0, all_but(0)},
    {"moderation", 0, all_but(0)},
    {"realtime", 0, all_but(0)},
    {"batch", 0, all_but(0)},
    {"ocr", 0, all_but(0)},
    {"search", 0, all_but(0)},
});

constexpr auto abilities = std::to_array<std::pair<std::string_view, capability>>({
    {"supports_vision", capability::vision},
    {"supports_function_calling", capability::tools},
    {"supports_response_schema", capability::json_schema},
    {"supports_reasoning", capability::reasoning},
    {"supports_audio_input", capability::audio_in},
});

/// What more is known and changes nothing.
constexpr auto silent = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"base_model", "prices are not looked up; write input_cost_per_token"},
    {"max_output_tokens", "answers are not limited; write max_tokens beside model"},
    {"supports_tool_choice", "is not asked before a request is sent"},
    {"supports_parallel_function_calling", "is not asked before a request is sent"},
    {"supports_system_messages", "is not asked before a request is sent"},
    {"supports_prompt_caching", "is not asked before a request is sent"},
    {"supports_audio_output", "is not asked before a request is sent"},
    {"supports_web_search", "is not asked before a request is sent"},
    {"supports_pdf_input", "is not asked before a request is sent"},
    {"supports_assistant_prefill", "is not asked before a request is sent"},
    {"supports_native_streaming", "is not asked before a request is sent"},
    {"access_groups", "every client may use every model"},
    {"health_check_model", "backends are looked at without a request to a model"},
    {"health_check_timeout", "backends are looked at without a request to a model"},
    {"disable_background_health_check", "backends are looked at without a request to a model"},
});

void read_mode(const spot& at, model_entry& into, context& say) {
  const auto name = say.text(at);
  if (!name)
    return;
  const auto set = capabilities_of(*name);
  if (!set) {
    std::vector<std::string_view> known;
    for (const mode_row& one : modes)
      known.push_back(one.name);
    say.warn(at, "unknown mode; what the model can do is found out", nearest(*name, known));
    return;
  }
  into.what.capabilities.yes |= set->yes;
  into.what.capabilities.no |= set->no;
  if (set->yes == 0)
    say.warn(at, "such requests are not served: nothing is sent to this deployment");
}

/// Whether `key` is one that counts.
bool take_info(const spot& at, std::string_view key, model_entry& into, context& say) {
  deployment_settings& what = into.what;
  if (key == "id") {
    what.id = say.text(at).value_or("");
  } else if (key == "mode") {
    read_mode(at, into, say);
  } else if (key == "max_input_tokens") {
    what.context = static_cast<std::size_t>(say.count(at, max_context).value_or(0));
  } else if (key == "max_tokens") {
    // LiteLLM's older word for the same, where the newer one is absent.
    if (const auto value = say.count(at, max_context); value && what.context == 0)
      what.context = static_cast<std::size_t>(*value);
  } else if (key == "input_cost_per_token") {
    what.cost_input = say.number(at, 0, million).value_or(0) * million;
  } else if (key == "output_cost_per_token") {
    what.cost_output = say.number(at, 0, million).value_or(0) * million;
  } else {
    const auto found = std::find_if(abilities.begin(), abilities.end(),
                                    [&](const auto& one) { return one.first == key; });
    if (found == abilities.end())
      return false;
    if (const auto value = say.flag(at))
      (*value ? what.capabilities.yes : what.capabilities.no) |= capability_set::bit(found->second);
  }
  return true;
}

std::vector<std::string_view> known_info() {
  std::vector<std::string_view> known{"id",
                                      "mode",
                                      "max_tokens",
                                      "max_input_tokens",
                                      "input_cost_per_token",
                                      "output_cost_per_token"};
  for (const auto& [name, what] : abilities)
    known.push_back(name);
  return known;
}

} // namespace

std::optional<capability_set> capabilities_of(std::string_view mode) {
  const auto found = std::find_if(modes.begin(), modes.end(),
                                  [&](const mode_row& one) { return one.name == mode; });
  if (found == modes.end())
    return std::nullopt;
  return capability_set{found->yes, found->no};
}

void read_model_info(const spot& info, model_entry& into, context& say) {
  if (!say.expect_map(info))
    return;
  if (info.node->entries.size() > max_info) {
    say.refuse(info, "must not have more than " + std::to_string(max_info) + " keys");
    return;
  }
  for (const yaml_entry& entry : info.node->entries) {
    const spot at = info.at(entry);
    if (say.is_full())
      return;
    if (take_info(at, entry.key, into, say))
      continue;
    const auto found = std::find_if(silent.begin(), silent.end(),
                                    [&](const auto& one) { return one.first == entry.key; });
    if (found != silent.end())
      say.warn(at, std::string{found->second});
    else
      say.warn_unknown(at, "unknown key, which does nothing here", known_info());
  }
}

} // namespace synapse::config::litellm
