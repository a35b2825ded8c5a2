#include "http/dialects/chatterbox/languages.hpp"
#include "http/openapi/schema_parts.hpp"

namespace synapse::api::openapi {

namespace {
json recording(std::string_view description = "A recording in any common format") {
  return {{"type", "string"},
          {"format", "binary"},
          {"contentMediaType", "application/octet-stream"},
          {"description", description}};
}
json between(json schema, double low, double high) {
  schema["minimum"] = low;
  schema["maximum"] = high;
  return schema;
}

json spoken_language() {
  std::vector<std::string_view> codes;
  for (const auto& one : http::chatterbox::languages())
    codes.push_back(one.code);
  return one_of(codes, "Code of a language, en if absent");
}

void add_speech(json& to) {
  json common{{"text", {{"type", "string"}, {"minLength", 1}, {"maxLength", 5000}}},
              {"language", nullable(spoken_language())},
              {"speed", nullable(between(number("1 if absent"), 0.5, 2))},
              {"split_sentences", nullable(boolean("Speak sentence by sentence; true if absent"))}};
  json synthesis = common;
  synthesis["voice_id"] =
      nullable(text("A voice of the library; absent: one of the backend's own"));
  to["Synthesis"] = object(synthesis, {"text"});
  json mix = common;
  json weight{{"type", "number"}, {"exclusiveMinimum", 0}, {"maximum", 1}};
  json one{{"voice_id", text("A voice of the library")}, {"weight", weight}};
  one["voice_id"]["minLength"] = 1;
  mix["voices"] = list_of(object(one, {"voice_id", "weight"}));
  mix["voices"]["minItems"] = 2;
  mix["voices"]["maxItems"] = 5;
  mix["voices"]["description"] = "The weights sum up to 1; the heaviest one is cloned";
  to["Interpolation"] = object(mix, {"text", "voices"});
  to["LanguageList"] =
      list_of(object({{"code", text("ISO 639")}, {"name", text("In English")}}, {"code", "name"}));
  to["SpeechRequest"] = object(
      {{"model", text("Taken, and not looked at: the backend has one")},
       {"input", {{"type", "string"}, {"minLength", 1}, {"maxLength", 4096}}},
       {"voice",
        {{"type", {"string", "object"}},
         {"description", "Id or name of a library voice, or one of the backend's own; a string or "
                         "an object with an id. OpenAI's stock voices become the default one"}}},
       {"response_format", nullable(one_of({"mp3", "opus", "wav", "pcm"}, "mp3 if absent"))},
       {"speed", nullable(between(number("1 if absent"), 0.25, 4))},
       {"stream_format", nullable(one_of({"audio", "sse"}, "audio if absent"))},
       {"language", nullable(spoken_language())}},
      {"input", "voice"});
}

void add_recognition(json& to) {
  const json language = text("Code of the language spoken; absent: found out");
  to["RecordingForm"] = object({{"file", recording()}}, {"file"});
  to["TranscribeForm"] =
      object({{"file", recording()},
              {"language", language},
              {"word_timestamps", boolean("Times of each word; false if absent")}},
             {"file"});
  to["StreamForm"] = object({{"file", recording()}, {"language", language}}, {"file"});
  to["NativeTranscription"] =
      object({{"text", text("All of it")},
              {"language", text("Code")},
              {"language_probability", number("0 to 1")},
              {"duration", number("Seconds")},
              {"segments",
               list_of(object({{"id", integer("From 1")},
                               {"text", text("What was said")},
                               {"start", number("Seconds")},
                               {"end", number("Seconds")},
                               {"words", {{"description", "Words with their times, or null"}}}}))}},
             {"text"});
  to["DetectedLanguage"] = object(
      {{"detected_language", text("Code")},
       {"probability", number("0 to 1")},
       {"all_languages",
        list_of(object({{"code", text("Code")}, {"name", text("Name, or the code again")}}))}},
      {"detected_language"});
  const json model = text("Taken, and not looked at: the backend has one");
  const json form = one_of({"json", "text", "srt", "vtt", "verbose_json"}, "json if absent");
  to["TranscriptionForm"] = object(
      {{"file", recording()},
       {"model", model},
       {"language", language},
       {"response_format", form},
       {"temperature", between(number("Taken, and not looked at"), 0, 1)},
       {"timestamp_granularities[]",
        list_of(one_of({"word", "segment"}, "Of verbose_json; segment if absent"))},
       {"stream", boolean("Answer with events transcript.text.delta and transcript.text.done")}},
      {"file", "model"});
  to["TranslationForm"] = object(
      {{"file", recording()}, {"model", model}, {"response_format", form}}, {"file", "model"});
  json usage = object({{"type", {{"const", "duration"}}}, {"seconds", integer("Begun ones")}});
  to["Transcription"] = object({{"text", text("All of it")},
                                {"usage", usage},
                                {"task", text("transcribe; of verbose_json, as what follows")},
                                {"language", text("Name in English")},
                                {"duration", number("Seconds")},
                                {"segments", list_of(json{{"type", "object"}})},
                                {"words", list_of(object({{"word", text("Without blanks")},
                                                          {"start", number("Seconds")},
                                                          {"end", number("Seconds")}}))}},
                               {"text"});
  to["Translation"] = object({{"text", text("In English")}}, {"text"});
}

void add_speakers_and_audio(json& to) {
  const auto count = [](std::string_view what) { return between(integer(what), 1, 100); };
  to["DiarizeForm"] = object({{"file", recording()},
                              {"num_speakers", count("How many there are, if that is known")},
                              {"min_speakers", count("At least so many")},
                              {"max_speakers", count("At most so many")}},
                             {"file"});
  to["Diarization"] = object({{"num_speakers", integer("How many were found")},
                              {"segments", list_of(object({{"speaker", text("SPEAKER_00, …")},
                                                           {"start", number("Seconds")},
                                                           {"end", number("Seconds")}}))},
                              {"duration", number("Seconds")}},
                             {"segments"});
  to["VerifyForm"] = object({{"file1", recording()}, {"file2", recording()}}, {"file1", "file2"});
  to["Verification"] = object({{"is_same_speaker", {{"type", "boolean"}}},
                               {"similarity_score", number("The higher the more alike")},
                               {"threshold", number("From here on it is the same speaker")}},
                              {"is_same_speaker"});
  json bitrate = text("4k to 1000k, such as 192k");
  bitrate["pattern"] = "^[0-9]+[kK]?$";
  to["ConvertForm"] =
      object({{"file", recording()},
              {"output_format", one_of({"wav", "mp3", "flac", "ogg"}, "wav if absent")},
              {"sample_rate", between(integer("Hz"), 4000, 384'000)},
              {"bitrate", bitrate}},
             {"file"});
}
} // namespace

void add_audio_schemas(json& schemas) {
  add_speech(schemas);
  add_recognition(schemas);
  add_speakers_and_audio(schemas);
}

std::vector<std::string_view> other_media_types(std::string_view request) {
  if (request == "ChatCompletionRequest" || request == "CompletionRequest" ||
      request == "MessageRequest" || request == "ResponseRequest")
    return {"text/event-stream"};
  if (request == "SpeechRequest")
    return {"audio/opus", "audio/wav", "audio/pcm", "text/event-stream"};
  if (request == "TranscriptionForm")
    return {"text/plain", "text/vtt", "text/event-stream"};
  if (request == "ConvertForm")
    return {"audio/mpeg", "audio/flac", "audio/ogg"};
  return {};
}

} // namespace synapse::api::openapi
