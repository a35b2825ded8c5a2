/// @file
/// Reading the stub's event streams: splitting into events and finding the send time in each.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace synapse::bench {

/// Splits a byte stream into server-sent events (LF or CRLF lines, pieces of any size).
class event_scanner {
public:
  using sink = std::function<void(std::string_view data)>;

  /// Calls `on_event` with the text of the `data` field of every event that `bytes` completes.
  /// Several `data` lines of one event are joined by LF; comments and other fields are left out.
  void feed(std::string_view bytes, const sink& on_event);

  /// True while an event has begun and not ended: a stream that stops here was cut.
  bool mid_event() const { return !line_.empty() || has_data_; }
  void reset() { *this = event_scanner{}; }

private:
  void take_line(std::string_view line, const sink& on_event);

  std::string line_;
  std::string data_;
  bool has_data_ = false;
};

/// The send time that the stub puts into the text of a content event, `@<nanoseconds>;`, in
/// nanoseconds of CLOCK_MONOTONIC; nothing for events that carry none.
std::optional<std::uint64_t> event_timestamp(std::string_view data);

/// Whether the event is the end marker of an OpenAI stream, `[DONE]`.
bool is_done_marker(std::string_view data);

} // namespace synapse::bench
