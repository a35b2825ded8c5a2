/// @file
/// What whisper.cpp's server is asked: its path, and the fields of its form besides the file.
#pragma once

#include "http/dialects/form_fields.hpp"

#include <string_view>

namespace synapse::http::whisper_cpp {

/// Where it is not told otherwise (`--request-path`, `--inference-path`).
inline constexpr std::string_view inference_path = "/inference";

/// What a client wishes; empty: nothing.
struct question {
  std::string_view language;    ///< as the client calls it; none of Whisper's: it finds out
  std::string_view prompt;      ///< what comes before, or how words are spelled
  std::string_view temperature; ///< a number from 0 to 1; anything else is left out
  bool translate = false;       ///< into English
};

/// Whatever form the client wants, the server is asked for all that it has. What decides about the
/// answer is said even where it is the default: the server's operator may have set another one.
form_fields fields_of(const question& what);

} // namespace synapse::http::whisper_cpp
