#include "http/handlers/speech_request.hpp"

#include "http/core/languages.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace synapse::handlers {

using json = nlohmann::ordered_json;

namespace {
constexpr std::size_t max_text = 5000;         ///< characters; the API page
constexpr std::size_t max_voice_bytes = 1000;  ///< a name of 200 characters, or an id
constexpr std::size_t max_openai_input = 4096; ///< characters; OpenAI's reference

/// Reads fields of one object; the first fault stays.
class field_reader {
public:
  field_reader(const json& from, std::optional<refusal>& fault) : from_(from), fault_(fault) {}

  /// The value, or null when the field is absent or null.
  const json* find(const char* name) const {
    const auto found = from_.find(name);
    return found == from_.end() || found->is_null() ? nullptr : &*found;
  }
  void refuse(const char* name, std::string message) {
    if (!fault_)
      fault_ = invalid_field(name, std::move(message));
  }

  void text(const char* name, std::string& into) {
    if (const auto* value = find(name)) {
      if (value->is_string())
        into = value->get<std::string>();
      else
        refuse(name, "has to be a string");
    }
  }
  void required_text(const char* name, std::string& into, std::size_t max) {
    if (find(name) == nullptr)
      return refuse(name, "Field required");
    text(name, into);
    const auto length = characters(into);
    if (length < 1 || length > max)
      refuse(name, "has to have 1 to " + std::to_string(max) + " characters, not " +
                       std::to_string(length));
  }
  void boolean(const char* name, bool& into) {
    if (const auto* value = find(name)) {
      if (value->is_boolean())
        into = value->get<bool>();
      else
        refuse(name, "has to be true or false");
    }
  }
  void number(const char* name, double min, double max, double& into) {
    const auto* value = find(name);
    if (value == nullptr)
      return;
    if (value->is_number())
      into = value->get<double>();
    if (!value->is_number() || !(into >= min && into <= max)) {
      const json low = min, high = max;
      refuse(name, "has to be a number from " + low.dump() + " to " + high.dump());
    }
  }

private:
  static std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
      return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    }));
  }

  const json& from_;
  std::optional<refusal>& fault_;
};

void read_common(field_reader& fields, speech_request& into) {
  fields.required_text("text", into.text, max_text);
  fields.text("language", into.language);
  if (http::find_language(http::spoken_languages(), into.language) == nullptr)
    fields.refuse("language", "unknown; GET /tts/languages lists what there is");
  fields.number("speed", 0.5, 2, into.speed);
  fields.boolean("split_sentences", into.split_sentences);
}

json tts_body(const speech_request& request) {
  json body;
  body["text"] = request.text;
  body["split_text"] = request.split_sentences;
  body["language"] = request.language;
  if (request.speed != 1)
    body["speed_factor"] = request.speed;
  if (request.format != "wav")
    body["output_format"] = request.format == "pcm" ? "wav" : request.format;
  return body;
}

/// OpenAI's API reference, "Create speech".
constexpr std::array<std::string_view, 13> stock_voices{"alloy", "ash",   "ballad", "coral", "echo",
                                                        "fable", "marin", "nova",   "onyx",  "sage",
                                                        "cedar", "verse", "shimmer"};
} // namespace

std::optional<refusal> read_synthesis(const json& body, speech_request& into) {
  std::optional<refusal> fault;
  field_reader fields{body, fault};
  read_common(fields, into);
  fields.text("voice_id", into.voice);
  if (into.voice.size() > max_voice_bytes)
    fields.refuse("voice_id", "is no id of a voice");
  return fault;
}

std::optional<refusal> read_interpolation(const json& body, speech_request& into) {
  std::optional<refusal> fault;
  field_reader fields{body, fault};
  read_common(fields, into);
  const auto* voices = fields.find("voices");
  if (voices == nullptr) {
    fields.refuse("voices", "Field required");
    return fault;
  }
  if (!voices->is_array() || voices->size() < 2 || voices->size() > 5) {
    fields.refuse("voices", "has to be a list of 2 to 5 voices");
    return fault;
  }
  double sum = 0, heaviest = 0;
  for (const auto& one : *voices) {
    const bool named = one.is_object() && one.contains("voice_id") && one["voice_id"].is_string();
    const bool weighed = one.is_object() && one.contains("weight") && one["weight"].is_number();
    const double weight = weighed ? one["weight"].get<double>() : 0;
    if (!named || one["voice_id"].get_ref<const std::string&>().empty())
      fields.refuse("voices", "each needs a voice_id");
    else if (!(weight > 0 && weight <= 1))
      fields.refuse("voices", "each needs a weight above 0 and up to 1");
    if (fault)
      return fault;
    into.mix.push_back(one["voice_id"].get<std::string>());
    sum += weight;
    if (weight > heaviest) {
      heaviest = weight;
      into.voice = into.mix.back();
    }
  }
  if (std::abs(sum - 1) > 0.01 + 1e-9)
    fields.refuse("voices", "the weights have to sum up to 1");
  return fault;
}

std::optional<refusal> read_openai_speech(const json& body, speech_request& into) {
  std::optional<refusal> fault;
  field_reader fields{body, fault};
  fields.required_text("input", into.text, max_openai_input);
  into.voice_may_be_named = true;
  into.format = "mp3";
  const auto* voice = fields.find("voice");
  if (voice == nullptr)
    fields.refuse("voice", "Field required");
  else if (voice->is_string())
    into.voice = voice->get<std::string>();
  else if (voice->is_object() && voice->contains("id") && (*voice)["id"].is_string())
    into.voice = (*voice)["id"].get<std::string>();
  else
    fields.refuse("voice", "has to be a string, or an object with an id");
  // What is no voice of the library is a file name for the backend.
  if (into.voice.empty() || into.voice.size() > max_voice_bytes ||
      into.voice.find_first_of(std::string_view{"/\\\0", 3}) != std::string::npos)
    fields.refuse("voice", "is no name or id of a voice");
  fields.text("response_format", into.format);
  constexpr std::array<std::string_view, 4> formats{"mp3", "opus", "wav", "pcm"};
  if (std::find(formats.begin(), formats.end(), into.format) == formats.end())
    fields.refuse("response_format", "this route's backend has mp3, opus, wav and pcm");
  fields.number("speed", 0.25, 4, into.speed);
  std::string stream_format = "audio";
  fields.text("stream_format", stream_format);
  if (stream_format != "audio" && stream_format != "sse")
    fields.refuse("stream_format", "has to be audio or sse");
  into.events = stream_format == "sse";
  fields.text("language", into.language); // ours: OpenAI's voices find out by themselves
  if (http::find_language(http::spoken_languages(), into.language) == nullptr)
    fields.refuse("language", "unknown; GET /tts/languages lists what there is");
  return fault;
}

std::string predefined_voice_file(std::string_view voice) {
  if (std::find(stock_voices.begin(), stock_voices.end(), voice) != stock_voices.end())
    return std::string{default_voice_file};
  std::string file{voice};
  if (file.find('.') != std::string::npos)
    return file;
  if (!file.empty() && file[0] >= 'a' && file[0] <= 'z')
    file[0] = static_cast<char>(file[0] - 'a' + 'A');
  return file + ".wav";
}

std::string clone_body(const speech_request& request, std::string_view reference) {
  auto body = tts_body(request);
  body["voice_mode"] = "clone";
  body["reference_audio_filename"] = reference;
  return dump(body);
}

std::string predefined_body(const speech_request& request, std::string_view voice_file) {
  auto body = tts_body(request);
  body["voice_mode"] = "predefined";
  body["predefined_voice_id"] = voice_file;
  return dump(body);
}

std::string openai_speech_body(const speech_request& request, std::string_view voice_file) {
  json body;
  body["model"] = "chatterbox";
  body["input"] = request.text;
  body["voice"] = voice_file;
  if (request.format != "wav")
    body["response_format"] = request.format == "pcm" ? "wav" : request.format;
  body["speed"] = request.speed;
  return dump(body);
}

} // namespace synapse::handlers
