/// @file
/// pyannote-speaker: its paths, the fields of its forms besides the files, its answers.
#pragma once

#include "http/dialects/answer_translator.hpp"
#include "http/dialects/form_fields.hpp"

#include <memory>
#include <string_view>

namespace synapse::http::pyannote {

inline constexpr std::string_view diarize_path = "/diarize";
inline constexpr std::string_view verify_path = "/verify";

/// Whole numbers as the client has written them; empty: not given.
struct speaker_counts {
  std::string_view exact, least, most;
};
inline constexpr long fewest_speakers = 1;
inline constexpr long most_speakers = 100;

/// The fields of /diarize; /verify has none.
form_fields fields_of(const speaker_counts& counts);

/// Its JSON, as it is.
std::unique_ptr<answer_translator> make_answer();

} // namespace synapse::http::pyannote
