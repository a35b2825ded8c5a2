#include "backends/speech/voices.hpp"

#include <algorithm>
#include <cmath>

namespace synapse::backends {

namespace {

// Median fundamental frequencies of the engines' voices, measured over a few sentences.
struct base_voice {
  std::string_view flite;
  std::string_view variant;
  double hz;
};
constexpr std::array bases{
    base_voice{"slt", "f2", 171},
    base_voice{"awb", "m1", 130},
    base_voice{"rms", "m3", 100},
    base_voice{"kal16", "m7", 91},
};

} // namespace

const std::vector<predefined_voice>& predefined_voices() {
  static const std::vector<predefined_voice> voices{
      {"Abigail", "slt", "f3", 1.12},   {"Adrian", "rms", "m3", 1.12},
      {"Alexander", "rms", "m1", 0.92}, {"Alice", "slt", "f2", 1.0},
      {"Austin", "awb", "m4", 1.0},     {"Axel", "kal16", "m7", 0.9},
      {"Connor", "awb", "m5", 1.12},    {"Cora", "slt", "f4", 0.9},
      {"Elena", "slt", "f1", 0.95},     {"Eli", "kal16", "m6", 1.12},
      {"Emily", "slt", "f5", 1.25},     {"Everett", "rms", "m2", 0.85},
      {"Gabriel", "awb", "m3", 0.9},    {"Gianna", "slt", "f3", 1.06},
      {"Henry", "rms", "m3", 1.0},      {"Ian", "awb", "m1", 1.06},
      {"Jade", "slt", "f4", 1.18},      {"Jeremiah", "kal16", "m8", 0.85},
      {"Jordan", "kal16", "m4", 1.0},   {"Julian", "awb", "m5", 0.95},
      {"Layla", "slt", "f2", 1.3},      {"Leonardo", "rms", "m7", 1.06},
      {"Michael", "kal16", "m2", 0.95}, {"Miles", "rms", "m6", 1.2},
      {"Olivia", "slt", "f1", 1.09},    {"Ryan", "awb", "m8", 1.18},
      {"Taylor", "kal16", "m5", 1.25},  {"Thomas", "rms", "m8", 0.96},
  };
  return voices;
}

const predefined_voice* find_predefined(std::string_view filename) {
  const auto& all = predefined_voices();
  auto found = std::find_if(all.begin(), all.end(), [&](const predefined_voice& each) {
    return filename.size() == each.name.size() + 4 && filename.starts_with(each.name) &&
           filename.ends_with(".wav");
  });
  return found == all.end() ? nullptr : &*found;
}

voice_sound nearest_voice(double hz) {
  voice_sound out{"slt", "f2", 1.0};
  if (hz <= 0)
    return out;
  auto off = [hz](const base_voice& each) { return std::abs(std::log(hz / each.hz)); };
  auto nearest = std::min_element(bases.begin(), bases.end(),
                                  [&](const auto& a, const auto& b) { return off(a) < off(b); });
  out.flite = nearest->flite;
  out.variant = nearest->variant;
  out.hz = hz;
  return out;
}

const std::array<spoken_language, 23>& spoken_languages() {
  static constexpr std::array<spoken_language, 23> languages{{
      {"en", "English", "en-us"}, {"de", "German", "de"},
      {"es", "Spanish", "es"},    {"fr", "French", "fr-fr"},
      {"hi", "Hindi", "hi"},      {"it", "Italian", "it"},
      {"ja", "Japanese", "ja"},   {"ko", "Korean", "ko"},
      {"nl", "Dutch", "nl"},      {"pl", "Polish", "pl"},
      {"pt", "Portuguese", "pt"}, {"ru", "Russian", "ru"},
      {"tr", "Turkish", "tr"},    {"zh", "Chinese", "cmn"},
      {"ar", "Arabic", "ar"},     {"cs", "Czech", "cs"},
      {"da", "Danish", "da"},     {"fi", "Finnish", "fi"},
      {"hu", "Hungarian", "hu"},  {"nb", "Norwegian Bokmål", "nb"},
      {"ro", "Romanian", "ro"},   {"sv", "Swedish", "sv"},
      {"uk", "Ukrainian", "uk"},
  }};
  return languages;
}

} // namespace synapse::backends
