// What Chatterbox tells about itself.
#include "backends/speech/chatterbox_tts.hpp"
#include "backends/speech/voices.hpp"

#include <algorithm>
#include <utility>

namespace synapse::backends {

void chatterbox_tts::add_state_routes() {
  add_simple("GET", "/get_reference_files",
             [this](const request&) { return json(references_.names()); });
  add_simple("GET", "/get_predefined_voices", [this](const request&) { return predefined_list(); });
  add_simple("GET", "/v1/audio/voices", [this](const request&) {
    json names = json::array();
    for (const auto& each : predefined_list())
      names.push_back(each["filename"]);
    return json{{"status", "ok"}, {"voices", std::move(names)}};
  });
  add_simple("GET", "/api/ui/initial-data", [this](const request&) { return initial_data(); });
  add_simple("GET", "/api/model-info", [this](const request&) { return model_info(); });
  add_simple("POST", "/api/unload", [this](const request&) {
    loaded_ = false;
    return json{{"status", "unloaded"}};
  });
  add_simple("POST", "/restart_server", [this](const request&) {
    loaded_ = !options_.load_fails;
    return json{{"message", "Model reloaded."}, {"restart_needed", false}};
  });
  for (auto path : {"/save_settings", "/reset_settings"})
    add_simple("POST", path, [](const request&) {
      return json{{"message", "Settings are fixed in this server."}, {"restart_needed", false}};
    });
}

json chatterbox_tts::predefined_list() const {
  std::vector<std::string> names = more_voices_.names();
  for (const auto& each : predefined_voices())
    names.push_back(std::string(each.name) + ".wav");
  std::sort(names.begin(), names.end());
  json out = json::array();
  for (const auto& name : names)
    out.push_back({{"display_name", name.substr(0, name.rfind('.'))}, {"filename", name}});
  return out;
}

json chatterbox_tts::initial_data() const {
  json config = {{"server", {{"host", "127.0.0.1"}}},
                 {"tts_engine", {{"device", "cpu"}, {"default_voice_id", "Emily.wav"}}},
                 {"generation_defaults",
                  {{"temperature", 0.8},
                   {"exaggeration", 1.3},
                   {"cfg_weight", 0.5},
                   {"speed_factor", 1.0},
                   {"language", "en"}}},
                 {"audio_output", {{"format", "wav"}, {"sample_rate", speech_rate}}}};
  json nothing_yet = {{"outputUrl", nullptr},
                      {"filename", nullptr},
                      {"genTime", nullptr},
                      {"submittedVoiceMode", nullptr},
                      {"submittedPredefinedVoice", nullptr},
                      {"submittedCloneFile", nullptr}};
  return {{"config", std::move(config)},
          {"reference_files", references_.names()},
          {"predefined_voices", predefined_list()},
          {"presets", json::array()},
          {"initial_gen_result", std::move(nothing_yet)},
          {"model_info", model_info()}};
}

json chatterbox_tts::model_info() const {
  json languages = json::object();
  for (const auto& each : spoken_languages())
    languages[std::string(each.code)] = each.name;
  return {{"loaded", loaded_ && missing_.empty()},
          {"type", "multilingual"},
          {"class_name", "flite and espeak-ng"},
          {"device", "cpu"},
          {"sample_rate", speech_rate},
          {"supports_paralinguistic_tags", false},
          {"available_paralinguistic_tags", json::array()},
          {"turbo_available_in_package", false},
          {"multilingual_available_in_package", true},
          {"supports_multilingual", true},
          {"supported_languages", std::move(languages)}};
}

} // namespace synapse::backends
