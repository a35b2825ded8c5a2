/// @file
/// One look at a JSON request body: is it valid, and what of it decides the route.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace synapse::http {

enum class json_error : std::uint8_t {
  none,
  empty, ///< nothing, or white space only
  syntax,
  utf8,       ///< not valid UTF-8
  not_object, ///< valid so far as it was read, but not an object
  too_deep,   ///< nested deeper than `json_max_depth`
  number,     ///< a number outside what a double can hold
  too_large,  ///< above 4 GiB: more than the parser takes
};

inline constexpr std::size_t json_max_depth = 128;
/// Bytes that must be readable after a body passed to `inspect_padded_json`.
inline constexpr std::size_t json_padding = 64;

/// What stands at a key.
enum class json_kind : std::uint8_t { absent, null, boolean, number, string, array, object };

/// Repeated keys: the last one counts, as it does for the backends.
struct json_inspection {
  json_error error = json_error::none;
  std::size_t offset = 0; ///< byte where reading failed, when known; else 0
  std::string message;    ///< for people; empty without an error
  json_kind model_kind = json_kind::absent;
  std::string model; ///< text of `model` if it is a string
  json_kind stream_kind = json_kind::absent;
  bool stream = false;                        ///< `stream` is true
  bool include_usage = false;                 ///< `stream_options.include_usage` is true
  json_kind synapse_kind = json_kind::absent; ///< of `synapse`, which is for the gateway alone
  json_kind wait_kind = json_kind::absent;    ///< of `synapse.wait`
  bool wait = false;                          ///< `synapse.wait` is true
  bool ok() const noexcept { return error == json_error::none; }
};

/// Validates the whole body and reads `model`, `stream`, `stream_options.include_usage` and
/// `synapse.wait`.
/// Uses a parser per thread that keeps its memory up to a bound; copies the body into it.
json_inspection inspect_json(std::string_view body);

/// The same without the copy: `json_padding` bytes after the body must be readable (their content
/// does not matter), for instance spare capacity of the buffer it lies in.
json_inspection inspect_padded_json(std::string_view body);

/// Whether it is a JSON object, and nothing more: what is asked of a backend's text before somebody
/// walks over it. Does not allocate, once the thread has its parser, unless it is none or holds
/// integers that no machine type does.
bool is_json_object(std::string_view text);

} // namespace synapse::http
