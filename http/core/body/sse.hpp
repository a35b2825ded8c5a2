/// @file
/// Server-sent events (WHATWG HTML, "event stream interpretation"): an incremental scanner over a
/// growing buffer, and the few things the gateway writes into a stream itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace synapse::http {

/// One event, valid until the buffer changes or the scanner is called again.
struct sse_event {
  std::size_t size = 0;      ///< raw bytes, blank line included; what to forward and to drop
  std::string_view data;     ///< data lines joined by LF
  std::string_view type;     ///< last `event` field; empty means "message"
  std::string_view stray;    ///< first line that is neither comment nor one of data/event/id/retry
  bool has_data = false;     ///< there was a data line (its text may be empty)
  bool comment_only = false; ///< comments or blank lines only: a keep-alive
};

enum class sse_status : std::uint8_t {
  need_more,
  event,
  too_large, ///< the event under way exceeds the limit; the scanner stays in this state
};

/// Finds events in a buffer that its owner fills at the end and drops from at the front. Every byte
/// is looked at once however it arrives; lines end in LF, CRLF or CR in any mixture.
/// A CR at the end of the buffer ends its line at once; a LF that comes later is counted into the
/// bytes of the following event, so an event is never held back for it.
class sse_scanner {
public:
  /// `max_event_bytes`: largest raw event.
  explicit sse_scanner(std::size_t max_event_bytes) : max_event_bytes_(max_event_bytes) {}

  /// `p[0..n)` are the bytes after the last reported event; the buffer may have moved or grown
  /// since the last call. After `event` the caller drops `event.size` bytes before it calls again.
  sse_status next(const char* p, std::size_t n, sse_event& event);

  /// The stream ended with `p[0..n)` not yet reported: `event` if they hold an unterminated event
  /// (its size is then `n`), else `need_more`. Call `next` until `need_more` first.
  sse_status finish(const char* p, std::size_t n, sse_event& event);

  /// True if an event is under way: bytes of it have been seen. At false a comment or an event of
  /// our own may be put in.
  bool in_event() const noexcept { return scanned_ > lead_; }

  /// Ready for another stream; keeps the scratch memory.
  void reset() noexcept;
  /// Bytes of scratch memory: what a large event needed is let go with it.
  std::size_t capacity() const noexcept { return joined_.capacity(); }

private:
  struct range {
    std::size_t offset = 0;
    std::size_t size = 0;
  };
  void line(const char* p, std::size_t begin, std::size_t end);
  void add_data(const char* p, range value);
  void fill(const char* p, std::size_t size, sse_event& event) const noexcept;
  void clear_event() noexcept;
  std::size_t size() const noexcept { return scanned_ - lead_; }

  std::size_t max_event_bytes_;
  std::size_t scanned_ = 0;    // bytes of the current event looked at
  std::size_t line_begin_ = 0; // start of the unfinished line
  std::size_t lead_ = 0;       // 1 when the event's first byte is the LF of an earlier CR
  range data_, type_, stray_;
  unsigned data_lines_ = 0;
  bool has_type_ = false, has_stray_ = false, has_field_ = false;
  bool first_line_ = true; // of the stream: a byte order mark may be there
  bool after_cr_ = false;  // the last line ended in CR: a LF now belongs to it
  std::string joined_;     // data when there is more than one line
};

/// Appends `data: <json>` and a blank line. `json` must be one line.
void append_data_event(std::string& out, std::string_view json);
/// Appends a named event; neither argument may hold a line break.
void append_named_event(std::string& out, std::string_view type, std::string_view json);
/// Appends `: <text>` and a blank line. Line breaks in `text` become spaces.
void append_comment(std::string& out, std::string_view text);

inline constexpr std::string_view sse_keepalive = ": keepalive\n\n";
inline constexpr std::string_view sse_done = "data: [DONE]\n\n";

} // namespace synapse::http
