#include "http/api/speech/speech_request.hpp"

#include "http/api/request/field_fault.hpp"
#include "http/dialects/chatterbox/languages.hpp"
#include "http/dialects/chatterbox/to_openai.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace synapse::api {

using json = nlohmann::ordered_json;

namespace {
constexpr std::size_t max_text = 5000;         ///< characters; the API page
constexpr std::size_t max_voice_bytes = 2400;  ///< a decomposed name of 200 characters, or an id
constexpr std::size_t max_openai_input = 4096; ///< characters; OpenAI's reference
constexpr std::size_t max_language_bytes = 35; ///< as long as tags of languages get (RFC 5646)

/// Reads fields of one object. What is absent, or null where it may be absent, is left as it is.
class field_reader {
public:
  field_reader(const json& from, fault_list& faults) : from_(from), faults_(faults) {}

  /// The value, or null when the field is absent or null.
  const json* find(const char* name) const {
    const auto found = from_.find(name);
    return found == from_.end() || found->is_null() ? nullptr : &*found;
  }
  /// A fault of a field, which has its value for input, or the whole object where it is missing.
  bool refuse(const char* name, const field_fault& fault) {
    const auto found = from_.find(name);
    faults_.add(name, fault, found == from_.end() ? from_ : *found);
    return false;
  }

  // These return false when the field is at fault.
  bool text(const char* name, std::string& into) {
    const auto* value = find(name);
    if (value == nullptr)
      return true;
    if (!value->is_string())
      return refuse(name, fault_string_type());
    into = value->get<std::string>();
    return true;
  }
  bool required_text(const char* name, std::string& into, std::size_t max) {
    const auto found = from_.find(name);
    if (found == from_.end())
      return refuse(name, fault_missing());
    if (!found->is_string())
      return refuse(name, fault_string_type());
    into = found->get<std::string>();
    const auto length = characters(into);
    return (length >= 1 && length <= max) || refuse(name, fault_string_length(length, 1, max));
  }
  bool boolean(const char* name, bool& into) {
    const auto* value = find(name);
    if (value == nullptr)
      return true;
    if (!value->is_boolean())
      return refuse(name, fault_bool(value->is_string() || value->is_number_integer()));
    into = value->get<bool>();
    return true;
  }
  bool number(const char* name, double min, double max, double& into) {
    const auto* value = find(name);
    if (value == nullptr)
      return true;
    const json low = min, high = max;
    auto message = "has to be a number from " + low.dump() + " to " + high.dump();
    if (!value->is_number())
      return refuse(name, fault_float(value->is_string(), std::move(message)));
    into = value->get<double>();
    if (!(into >= min))
      return refuse(name, fault_least(low, std::move(message)));
    if (!(into <= max))
      return refuse(name, fault_most(high, std::move(message)));
    return true;
  }
  bool language(std::string& into) {
    if (!text("language", into))
      return false;
    return http::find_language(http::chatterbox::languages(), into) != nullptr ||
           refuse("language", fault_value("unknown; GET /tts/languages lists what there is"));
  }

private:
  static std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
      return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    }));
  }

  const json& from_;
  fault_list& faults_;
};

void read_common(field_reader& fields, speech_request& into) {
  fields.required_text("text", into.said.text, max_text);
  fields.language(into.said.language);
  fields.number("speed", 0.5, 2, into.said.speed);
  fields.boolean("split_sentences", into.said.split_sentences);
}

std::optional<refusal> refusal_of_faults(const fault_list& faults) {
  if (faults.empty())
    return {};
  return faults.to_refusal();
}

constexpr const char* voice_wanted = "each needs a voice_id";
constexpr const char* weight_wanted = "each needs a weight above 0 and up to 1";

/// One voice of a mix. @param at its place in the list. @returns its weight; 0 when it is at fault.
double read_part(const json& one, std::size_t at, fault_list& faults, std::string& voice) {
  if (!one.is_object()) {
    faults.add({"voices", at}, fault_object(voice_wanted), one);
    return 0;
  }
  const auto named = one.find("voice_id");
  if (named == one.end()) {
    faults.add({"voices", at, "voice_id"}, fault_missing(), one);
  } else if (!named->is_string()) {
    faults.add({"voices", at, "voice_id"}, fault_string_type(), *named);
  } else if (voice = named->get<std::string>(); voice.empty() || voice.size() > max_voice_bytes) {
    faults.add({"voices", at, "voice_id"}, fault_string_length(voice.size(), 1, max_voice_bytes),
               *named);
  }
  const auto weighed = one.find("weight");
  if (weighed == one.end()) {
    faults.add({"voices", at, "weight"}, fault_missing(), one);
    return 0;
  }
  if (!weighed->is_number()) {
    faults.add({"voices", at, "weight"}, fault_float(weighed->is_string(), weight_wanted),
               *weighed);
    return 0;
  }
  const auto weight = weighed->get<double>();
  if (!(weight > 0))
    faults.add({"voices", at, "weight"}, fault_above(0.0, weight_wanted), *weighed);
  else if (!(weight <= 1))
    faults.add({"voices", at, "weight"}, fault_most(1.0, weight_wanted), *weighed);
  return weight;
}

void read_mix(const json& body, fault_list& faults, speech_request& into) {
  const auto voices = body.find("voices");
  if (voices == body.end())
    return faults.add("voices", fault_missing(), body);
  constexpr const char* list_wanted = "has to be a list of 2 to 5 voices";
  if (!voices->is_array())
    return faults.add("voices", fault_list_type(list_wanted), *voices);
  const auto count = voices->size();
  if (count < 2 || count > 5)
    return faults.add("voices", fault_list_length(count, 2, 5, list_wanted), *voices);
  const bool good_so_far = faults.empty();
  double sum = 0, heaviest = 0;
  for (std::size_t at = 0; at < count; ++at) {
    auto& voice = into.mix.emplace_back();
    const auto weight = read_part((*voices)[at], at, faults, voice);
    sum += weight;
    if (weight > heaviest) {
      heaviest = weight;
      into.voice = voice;
    }
  }
  if (good_so_far && faults.empty() && std::abs(sum - 1) > 0.01 + 1e-9)
    faults.add("voices", fault_value("the weights have to sum up to 1"), *voices);
}

} // namespace

std::optional<refusal> read_synthesis(const json& body, speech_request& into) {
  fault_list faults;
  field_reader fields{body, faults};
  read_common(fields, into);
  if (fields.text("voice_id", into.voice) && into.voice.size() > max_voice_bytes)
    fields.refuse("voice_id", fault_string_length(into.voice.size(), 0, max_voice_bytes));
  return refusal_of_faults(faults);
}

std::optional<refusal> read_interpolation(const json& body, speech_request& into) {
  fault_list faults;
  field_reader fields{body, faults};
  read_common(fields, into);
  read_mix(body, faults, into);
  return refusal_of_faults(faults);
}

std::optional<refusal> read_openai_speech(const json& body, speech_request& into) {
  fault_list faults;
  field_reader fields{body, faults};
  fields.required_text("input", into.said.text, max_openai_input);
  into.voice_may_be_named = true;
  into.said.format = "mp3";
  const auto* voice = fields.find("voice");
  if (voice == nullptr)
    fields.refuse("voice", fault_missing());
  else if (voice->is_string())
    into.voice = voice->get<std::string>();
  else if (voice->is_object() && voice->contains("id") && (*voice)["id"].is_string())
    into.voice = (*voice)["id"].get<std::string>();
  else
    fields.refuse("voice", fault_value("has to be a string, or an object with an id"));
  // What is no voice of the library is a file name for the backend.
  if (into.voice.empty() || into.voice.size() > max_voice_bytes ||
      into.voice.find_first_of(std::string_view{"/\\\0", 3}) != std::string::npos)
    fields.refuse("voice", fault_value("is no name or id of a voice"));
  fields.text("response_format", into.said.format);
  const auto formats = http::chatterbox::openai_formats();
  if (std::find(formats.begin(), formats.end(), into.said.format) == formats.end())
    fields.refuse("response_format",
                  fault_literal(formats, "this route's backend has mp3, opus, wav and pcm"));
  fields.number("speed", 0.25, 4, into.said.speed);
  std::string stream_format = "audio";
  fields.text("stream_format", stream_format);
  constexpr std::array<std::string_view, 2> stream_formats{"audio", "sse"};
  if (stream_format != "audio" && stream_format != "sse")
    fields.refuse("stream_format", fault_literal(stream_formats, "has to be audio or sse"));
  into.events = stream_format == "sse";
  fields.language(into.said.language); // ours: OpenAI's voices find out by themselves
  return refusal_of_faults(faults);
}

std::optional<refusal> read_named_speech(const json& body, named_speech& into) {
  constexpr std::array<std::string_view, 6> formats{"mp3", "opus", "aac", "flac", "wav", "pcm"};
  constexpr std::array<std::string_view, 2> stream_formats{"audio", "sse"};
  fault_list faults;
  field_reader fields{body, faults};
  fields.required_text("input", into.text, max_openai_input);
  const auto* voice = fields.find("voice");
  if (voice != nullptr && voice->is_object() && voice->contains("id") && (*voice)["id"].is_string())
    into.voice = (*voice)["id"].get<std::string>();
  else if (voice != nullptr && voice->is_string())
    into.voice = voice->get<std::string>();
  else if (voice != nullptr)
    fields.refuse("voice", fault_value("has to be a string, or an object with an id"));
  // What is no voice of the library may become a file name of a backend.
  if (into.voice.size() > max_voice_bytes ||
      into.voice.find_first_of(std::string_view{"/\\\0", 3}) != std::string::npos)
    fields.refuse("voice", fault_value("is no name or id of a voice"));
  fields.text("response_format", into.format);
  if (!into.format.empty() &&
      std::find(formats.begin(), formats.end(), into.format) == formats.end())
    fields.refuse("response_format",
                  fault_literal(formats, "has to be mp3, opus, aac, flac, wav or pcm"));
  fields.number("speed", 0.25, 4, into.speed);
  std::string stream_format = "audio";
  fields.text("stream_format", stream_format);
  if (stream_format != "audio" && stream_format != "sse")
    fields.refuse("stream_format", fault_literal(stream_formats, "has to be audio or sse"));
  into.events = stream_format == "sse";
  if (fields.text("language", into.language) && into.language.size() > max_language_bytes)
    fields.refuse("language", fault_value("is no code of a language"));
  return refusal_of_faults(faults);
}

} // namespace synapse::api
