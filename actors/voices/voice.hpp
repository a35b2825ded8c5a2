/// @file
/// What a voice is, and the rules for its names: no input or output.
#pragma once

#include "actors/voices/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::voices {

struct voice {
  std::string id;         ///< a UUID, the name of its folder
  std::string name;       ///< for people
  std::string created_at; ///< ISO 8601, UTC; empty in a library of somebody else's making
  double seconds = 0;     ///< duration of all references together
  std::vector<std::string> references; ///< file names, by number

  bool operator==(const voice&) const = default;
};

/// Code points of a voice's name after trimming, composed ones counted as one.
inline constexpr std::size_t max_name_length = 200;

/// Files of one upload.
inline constexpr std::size_t max_upload_files = 10;

/// 32 hexadecimal digits, with the four hyphens of a UUID or without any.
bool is_voice_id(std::string_view text) noexcept;

/// A new random UUID (version 4). Throws io_failure when the kernel has no random numbers.
std::string make_voice_id();

/// 32 random hexadecimal digits. Throws io_failure likewise.
std::string make_token();

/// Trims white space at both ends.
/// @returns the name, or `invalid` when it is not UTF-8, has control characters or a length that is
/// not 1 to max_name_length; the text begins with "name".
result<std::string> clean_name(std::string_view raw);

/// The form in which two names are compared: composed characters (Unicode's NFC), as keyboards of
/// most systems type them; macOS's file names are decomposed. What is no UTF-8 stays as it is.
std::string comparable_name(std::string_view name);

/// @returns 3 for "ref_003.wav"; nothing for what is not the name of a reference.
std::optional<std::uint32_t> reference_number(std::string_view file_name) noexcept;

/// @returns "ref_003.wav" for 3.
std::string reference_name(std::uint32_t number);

/// Now, in microseconds, as existing libraries write it: "2026-02-03T04:05:06.000007+00:00". Texts
/// of this form sort by time.
std::string utc_now();

/// @returns the voice in the text of a metadata.json, without its references. Throws io_failure
/// (EBADMSG) when the text is damaged or is that of another voice.
voice parse_metadata(std::string_view text, const std::string& id);

/// The text of a new voice's metadata.json.
std::string make_metadata(const voice& what);

/// The same metadata with another duration; keys that this program does not know stay.
std::string with_seconds(std::string_view text, double seconds);

} // namespace synapse::voices
