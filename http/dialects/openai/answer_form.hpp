/// @file
/// What an answer is, whatever its Content-Type calls it, and whether it is all there. No I/O, no
/// memory of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace synapse::http {

enum class answer_form : std::uint8_t {
  unknown, ///< too little of it to tell
  json,    ///< begins with an object or array
  events,  ///< begins with a comment or field of an event stream
  other,
};

/// Looks at the first bytes of a body; white space and a byte order mark before them say nothing.
answer_form form_of(std::string_view begin) noexcept;

/// Follows one JSON object or array through its bytes, however they are cut. Not a validator: it
/// knows strings, braces and brackets, which is enough to tell a whole answer from one that was
/// cut off, and looks at the outermost members of an object. Costs a scan for structure.
class json_follower {
public:
  void feed(std::string_view bytes) noexcept;

  /// Nothing but white space has come.
  bool empty() const noexcept { return state_ == state::before; }
  /// The value has come to its end, and nothing but white space behind it.
  bool whole() const noexcept { return state_ == state::behind; }
  /// It has what only answers have: no error any more, whatever follows.
  bool is_answer() const noexcept { return answer_; }
  /// It is an error in place of an answer: OpenAI's `error`, or the flat form with
  /// `"object":"error"`, and neither `choices` nor `data`.
  bool reports_error() const noexcept { return error_ && !answer_; }

private:
  enum class state : std::uint8_t { before, within, behind, broken };
  /// What the string under way is, at the outermost level.
  enum class role : std::uint8_t { other, name, value };
  enum class member : std::uint8_t { other, error, object };

  /// The depth at which names of members matter, or none: once it is an answer, no other does.
  unsigned floor() const noexcept { return object_ && !answer_ ? 1 : 0; }
  const char* skip_nested(const char* p, const char* end) noexcept;
  void outside(char c) noexcept;
  void top(char c) noexcept;
  const char* string_part(const char* p, const char* end) noexcept;
  void string_ends() noexcept;
  void opens() noexcept { ++depth_; }
  void closes() noexcept;

  state state_ = state::before;
  role role_ = role::other;
  member member_ = member::other; ///< whose value is read
  bool object_ = false;           ///< the outermost value is one
  bool in_string_ = false;
  bool escaped_ = false;
  bool after_colon_ = false; ///< a value is about to begin
  bool error_ = false;
  bool answer_ = false;
  unsigned char text_size_ = 0; ///< of the string under way, as far as it is kept
  char text_[8] = {};
  unsigned depth_ = 0;
};

} // namespace synapse::http
