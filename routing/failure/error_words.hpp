/// @file
/// What the words of an error are about.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace synapse::routing {

enum class error_topic : std::uint8_t {
  context,         ///< longer than the model's context
  input_too_large, ///< an input to embed does not fit the server's batch: llama.cpp's one 500
  validation,      ///< TEI's type for inputs that it cannot take
  batch_too_large, ///< too many inputs at once
  policy,          ///< refused for its content
  moderation,      ///< the same where the status alone would mean something else
  unpaid,          ///< the account has no money left
  unknown_field,
  incapable,     ///< the model does not do this kind of request
  client_object, ///< what is missing is something that the client named: a voice, a file
  model_missing,
  not_loaded, ///< the model is not in memory
  reloading,  ///< whisper.cpp while it loads another model
  route_missing,
  out_of_memory,
  engine_dead,
  loading,
  busy,
  proxy_page,    ///< a proxy speaks, in plain text
  unimplemented, ///< an option, rather than the whole route
  // types of errors that come without a status
  rate_limited,
  overloaded,
  key_refused,
  forbidden,
  not_found,
  invalid_request,
  count_ ///< number of enumerators
};

/// The words of one error, made ready for looking: lower case, blanks and escapes of JSON (also of
/// JSON within JSON) undone. Holds a copy of the first `limit` bytes; allocates nothing.
class error_words {
public:
  static constexpr std::size_t limit = 8192; ///< what comes later is not looked at

  /// @param text code, type and message, a line each, or a body as it came
  explicit error_words(std::string_view text) noexcept;

  bool are_about(error_topic topic) const noexcept;
  /// There are none.
  bool empty() const noexcept { return size_ == 0; }

private:
  std::string_view text() const noexcept { return {buffer_.data(), size_}; }
  void put(char c) noexcept;

  std::array<char, limit> buffer_; // not set: only what `size_` covers is read
  std::size_t size_ = 0;
};

} // namespace synapse::routing
