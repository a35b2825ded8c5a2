/// @file
/// What the stub does with an uploaded form: it counts the recording and keeps nothing of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace synapse::bench {

/// Reads a form whose first part is a WAV recording; text fields may follow. The recording's own
/// head says how long it is, so its bytes are not searched for the boundary: that would cost more
/// than the proxy that is measured.
class form_sink {
public:
  /// Takes the body, in pieces of any size.
  void feed(std::string_view bytes);
  /// Once the body has ended: whether all of the recording came, and the form's end behind it.
  bool whole() const;
  /// Of the recording, its head included.
  std::uint64_t file_bytes() const { return file_bytes_; }

private:
  enum class state { front, file, back, failed };
  void take_front(std::string_view& bytes);

  state state_ = state::front;
  std::string text_;      ///< the part's head, later what follows the file
  std::string delimiter_; ///< line end, two dashes and boundary
  std::uint64_t file_bytes_ = 0;
  std::uint64_t left_ = 0;
};

} // namespace synapse::bench
