#include "http/api/speech/voice_fit.hpp"

#include "http/api/request/field_fault.hpp"
#include "http/dialects/openai/audio/stock_voices.hpp"

#include <algorithm>

namespace synapse::api {

namespace {
namespace piper = http::piper;
namespace speaches = http::speaches;

constexpr std::size_t most_voices_named = 10;
constexpr std::size_t most_quoted_bytes = 100;
/// What Speaches makes of it where there is a Kokoro; other models do not look at it.
constexpr std::string_view any_voice = "alloy";

bool means_any(std::string_view voice) {
  return voice.empty() || http::openai::is_stock_voice(voice);
}

const speaches::model* find_model(const voice_facts& facts, std::string_view id) {
  const auto& all = facts.models.models;
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const speaches::model& one) { return one.id == id; });
  return found == all.end() ? nullptr : &*found;
}

bool has_voice(const speaches::model& model, std::string_view voice) {
  return std::any_of(model.voices.begin(), model.voices.end(),
                     [&](const speaches::voice& one) { return one.name == voice; });
}

piper::speech piper_speech(const named_speech& wish) {
  piper::speech said;
  said.text = wish.text;
  said.voice = wish.voice;
  said.language = wish.language;
  said.speed = wish.speed;
  return said;
}

refusal no_voice(std::string_view backend, std::string_view voice, const speaches::model* model) {
  std::string text = "backend " + std::string{backend} + " has no voice '" +
                     std::string{voice.substr(0, most_quoted_bytes)} + "'";
  if (model == nullptr || model->voices.empty())
    return invalid_field("voice", text);
  text += "; there are: ";
  const auto count = std::min(model->voices.size(), most_voices_named);
  for (std::size_t at = 0; at < count; ++at)
    text += (at == 0 ? "" : ", ") + model->voices[at].name;
  if (count < model->voices.size())
    text += " and " + std::to_string(model->voices.size() - count) + " more";
  return invalid_field("voice", text);
}

std::string number_text(double number) {
  return nlohmann::ordered_json(number).dump();
}
} // namespace

std::optional<refusal> check_format(std::string_view wished, std::span<const std::string_view> has,
                                    std::string_view backend) {
  if (std::find(has.begin(), has.end(), wished) != has.end())
    return {};
  std::string text =
      "backend " + std::string{backend} + " makes no " + std::string{wished} + ", only ";
  for (std::size_t at = 0; at < has.size(); ++at)
    text += (at == 0 ? "" : at + 1 == has.size() ? " and " : ", ") + std::string{has[at]};
  return invalid_field("response_format", text);
}

bool piper_lists(const voice_facts& facts, std::string_view voice) {
  return std::any_of(facts.voices.voices.begin(), facts.voices.voices.end(),
                     [&](const piper::voice& one) { return one.name == voice; });
}

bool piper_has(const voice_facts& facts, const named_speech& wish) {
  if (facts.routes == piper::generation::root_text)
    return means_any(wish.voice);
  auto said = piper_speech(wish);
  return piper::settle_voice(facts.voices, facts.default_voice, said).empty();
}

std::optional<refusal> settle_piper(const voice_facts& facts, const named_speech& wish,
                                    const attempt_place& where, piper::speech& into) {
  into = piper_speech(wish);
  if (facts.routes == piper::generation::root_text) {
    if (means_any(into.voice))
      into.voice.clear();
  } else if (auto problem = piper::settle_voice(facts.voices, facts.default_voice, into);
             !problem.empty()) {
    return invalid_field("voice", "backend " + where.site.name() + ": " + problem);
  }
  auto problem = piper::problem_with(into, facts.routes);
  if (problem.empty())
    return {};
  return invalid_field(problem.find("voice") != std::string::npos   ? "voice"
                       : problem.find("speed") != std::string::npos ? "speed"
                                                                    : "input",
                       "backend " + where.site.name() + ": " + problem);
}

bool speaches_lists(const voice_facts& facts, std::string_view model, std::string_view voice) {
  const auto* found = find_model(facts, model);
  return found != nullptr && has_voice(*found, voice);
}

bool speaches_has(const voice_facts& facts, std::string_view model, const named_speech& wish) {
  if (means_any(wish.voice))
    return true;
  if (const auto* found = find_model(facts, model))
    return found->voices.empty() || has_voice(*found, wish.voice);
  bool told = false;
  for (const auto& one : facts.models.models) {
    told = told || !one.voices.empty();
    if (has_voice(one, wish.voice))
      return true;
  }
  return !told;
}

std::optional<refusal> settle_speaches(const voice_facts& facts, const named_speech& wish,
                                       const attempt_place& where, speaches::speech& into) {
  const auto* model = find_model(facts, where.model);
  if (model != nullptr && model->kind == speaches::model_kind::transcription)
    return refusal{http::response_detail::bad_request,
                   "model '" + where.model + "' of backend " + where.site.name() +
                       " is there for transcription",
                   "model"};
  if (!speaches_has(facts, where.model, wish))
    return no_voice(where.site.name(), wish.voice, model);
  const auto speeds = speaches::speed_range(model != nullptr ? model->sample_rate : 24000);
  if (wish.speed < speeds.least || wish.speed > speeds.most)
    return invalid_field("speed", "backend " + where.site.name() + " speaks at speeds from " +
                                      number_text(speeds.least) + " to " +
                                      number_text(speeds.most));
  into.model = where.model;
  into.text = wish.text;
  into.voice = wish.voice.empty() ? std::string{any_voice} : wish.voice;
  into.format = wish.format.empty() ? "mp3" : wish.format;
  into.speed = wish.speed;
  return {};
}

} // namespace synapse::api
