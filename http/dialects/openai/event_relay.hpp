/// @file
/// What becomes of a backend's event stream: decided event by event, in their order, so that
/// nothing depends on how the network has cut it. No I/O, no clock; one thread at a time.
#pragma once

#include "http/core/body/sse.hpp"
#include "http/dialects/openai/chat_stream.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace synapse::http {

/// What a stream has come to.
enum class stream_fate : std::uint8_t {
  open,           ///< more may come
  complete,       ///< its own end mark came, behind content
  done_added,     ///< all choices are finished, and only the end mark was missing: it was added
  truncated,      ///< it ended before it was complete
  error_reported, ///< the backend has reported an error
  event_too_large,
};
std::string_view to_string(stream_fate fate) noexcept;

/// One stream of chat or completion chunks on its way to the client. Holds whole events back until
/// one of them has something to show (then the answer is *committed*); an error before that can
/// still become a status. Afterwards every whole event is passed on byte by byte, and nothing
/// behind the event that ends the stream.
class event_relay {
public:
  /// @param max_event_bytes of one raw event.
  explicit event_relay(std::size_t max_event_bytes) : scanner_(max_event_bytes) {}

  /// Bytes of whole events that are held back before the answer is committed all the same: a
  /// backend may send comments for as long as it likes.
  static constexpr std::size_t most_held = 64 * 1024;

  /// What arrives, decoded from its transfer coding, is appended here; then `look`.
  std::string& buffer() noexcept { return buffer_; }
  /// Takes the whole events in the buffer into account, up to the one that ends the stream.
  void look();
  /// Nothing more will come. @param clean the answer's framing says that this is its end. After the
  /// last `look`.
  void end(bool clean);

  stream_fate fate() const noexcept { return fate_; }
  bool committed() const noexcept { return committed_; }
  /// The answer has begun for a reason of the caller's: nothing is held back any more.
  void commit() noexcept { committed_ = true; }
  /// Whole events that are to be sent now; empty while they are held back. Valid until the next
  /// call.
  std::string_view ready() const noexcept {
    return committed_ ? std::string_view{buffer_}.substr(0, whole_) : std::string_view{};
  }
  /// `ready()` has been sent. Memory that only a large event needed is let go.
  void sent();

  /// Puts whole events of our own behind those that are whole; commits.
  void add(std::string_view events);
  /// Ends the stream with an event of our own; what was not whole stays behind.
  /// @param json one line.
  void add_error(std::string_view json);

  const chat_stream_watch& watch() const noexcept { return watch_; }
  /// Data of the error event that ended a stream before it was committed: the backend's own words.
  const std::string& reported_error() const noexcept { return reported_error_; }
  /// Whole events so far, comments too.
  std::uint64_t events() const noexcept { return events_; }
  /// Bytes of memory for the stream's text.
  std::size_t capacity() const noexcept { return buffer_.capacity() + scanner_.capacity(); }

private:
  void take(const sse_event& event);
  void finish(stream_fate fate);
  void end_line();

  sse_scanner scanner_;
  chat_stream_watch watch_;
  std::string buffer_;    ///< not yet sent: whole events, then the beginning of the next one
  std::size_t whole_ = 0; ///< bytes of `buffer_` that are whole events
  char tail_[2] = {0, 0}; ///< the last two bytes that were sent
  std::string reported_error_;
  std::uint64_t events_ = 0;
  stream_fate fate_ = stream_fate::open;
  bool committed_ = false;
};

} // namespace synapse::http
