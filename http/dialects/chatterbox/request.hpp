/// @file
/// What Chatterbox is asked: texts to be spoken, and references of voices that it is to clone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace synapse::http::chatterbox {

/// A text and how it is to be spoken.
struct speech {
  std::string text;
  std::string language = "en";
  double speed = 1;
  bool split_sentences = true;
  std::string format = "wav"; ///< OpenAI's word for it: mp3, opus, wav or pcm
};

/// A request with a body of JSON.
struct json_call {
  std::string path;
  std::string body;
};

/// The voice that speaks where none is named.
inline constexpr std::string_view default_voice_file = "Alice.wav";
/// Status of an answer about a voice or a reference that it has not got (any more).
inline constexpr unsigned unknown_voice = 404;

/// POST /tts with a reference that it has.
json_call with_reference(const speech& what, std::string_view reference);
/// The same with one of its own voices.
json_call with_voice(const speech& what, std::string_view voice_file);
/// Its POST /v1/audio/speech, which makes sound while it speaks and knows no languages.
json_call openai_with_voice(const speech& what, std::string_view voice_file);

/// The file name under which it knows a voice of its own: names without an ending get one and a
/// capital letter; OpenAI's stock voices, which it does not have, become the default one.
std::string predefined_voice_file(std::string_view voice);

inline constexpr std::string_view upload_path = "/upload_reference";

/// The form of POST /upload_reference with one file, but for the file's bytes.
struct reference_form {
  std::string content_type;
  std::string head; ///< before them
  std::string tail; ///< behind them
};
/// @param name under which it is to keep the reference. @param boundary see multipart_writer
reference_form make_reference_form(std::string_view name, std::string boundary);

/// The name under which it is given a reference. It begins with the voice's id, and another content
/// has another name: Chatterbox keeps the old file where a name exists already.
std::string reference_name(std::string_view voice_id, std::int64_t modified_ns,
                           std::uint64_t bytes);

} // namespace synapse::http::chatterbox
