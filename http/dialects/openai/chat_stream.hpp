/// @file
/// Truth about an OpenAI-style stream (chat.completions and completions chunks): has it said
/// anything yet, did it report an error, did it really finish.
#pragma once

#include "http/core/body/sse.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace synapse::http {

enum class chat_event : std::uint8_t {
  content,   ///< text, reasoning, refusal, a tool call, an image: anything but the role
  role_only, ///< a choice without any of those: the opening chunk
  progress,  ///< how far the prompt has been read; no content yet
  finish,    ///< a non-null finish_reason
  usage,     ///< token counts and no choices
  done,      ///< [DONE]
  error,     ///< an error the backend reports inside the stream
  malformed, ///< data that is not JSON
  other,     ///< comments, events without data, JSON of another kind
};
std::string_view to_string(chat_event e) noexcept;

/// What a stream that has ended was.
enum class chat_end : std::uint8_t {
  complete,              ///< [DONE] came behind content
  finished_without_done, ///< every choice has its finish_reason, only [DONE] is missing
  truncated,             ///< it broke off, or [DONE] came behind nothing
  error_reported,        ///< an error event came, whatever followed it
  empty,                 ///< no event with data and no text came at all
};
std::string_view to_string(chat_end e) noexcept;

/// The blank line behind a stream's last event is often forgotten. Half an event is not one.
/// @param last what is left at a clean end (`sse_scanner::finish`)
/// @returns whether it is all there
bool is_whole_at_end(const sse_event& last);

/// Fed with the events of one stream. Before the first content every event is parsed; afterwards
/// only those a byte scan picks out (a finish_reason, an error, usage, a choice not seen before),
/// and it is the parser that decides, so text inside strings cannot pass for structure. Of the
/// events that are merely scanned only the outer braces are checked. Never throws for what is in
/// the data. The JSON parser is the calling thread's; a watch may move between threads.
class chat_stream_watch {
public:
  /// Classifies one event and takes it into account. A line that is no SSE field (such as the
  /// `proxy error: …` a model server writes after a cut) is remembered as stray text.
  chat_event on_event(const sse_event& event);
  /// The same for a data text alone.
  chat_event on_data(std::string_view data);

  /// Content or a finish_reason was seen, or data nobody can read: time to let the answer go.
  bool content_seen() const noexcept { return content_seen_; }
  /// Something that people want to see at once was, though no content yet (llama.cpp's
  /// `prompt_progress`).
  bool progress_seen() const noexcept { return progress_seen_; }
  bool error_seen() const noexcept { return error_seen_; }
  bool done_seen() const noexcept { return done_seen_; }
  bool stray_seen() const noexcept { return stray_seen_; }
  /// A choice was seen and each one that was has its finish_reason.
  bool finished() const noexcept { return choices_seen_ > 0 && choices_seen_ == choices_finished_; }
  unsigned choices_seen() const noexcept { return choices_seen_; }
  unsigned choices_finished() const noexcept { return choices_finished_; }
  /// Token counts as last reported, by a usage or by llama.cpp's timings; -1 while unknown.
  std::int64_t prompt_tokens() const noexcept { return prompt_tokens_; }
  std::int64_t completion_tokens() const noexcept { return completion_tokens_; }
  std::uint64_t events() const noexcept { return events_; }
  std::uint64_t malformed() const noexcept { return malformed_; }
  /// Message and HTTP status of the first error event; empty / 0 where it did not say.
  const std::string& error_message() const noexcept { return error_message_; }
  unsigned error_status() const noexcept { return error_status_; }

  /// The verdict, if the stream ends now.
  chat_end at_end() const noexcept;

  /// Choice indices above this are not tracked (OpenAI's own limit for `n`).
  static constexpr std::size_t max_choices = 128;

private:
  struct parsed;
  struct document; // simdjson stays out of this header
  parsed read(const document& doc);
  void note_error(const document& error);
  void note_timings(const document& timings);
  chat_event parse(std::string_view data);
  bool needs_parsing(std::string_view data) const noexcept;
  void note_choice(std::uint64_t index, bool is_finished) noexcept;
  bool seen(std::uint64_t index) const noexcept;

  std::array<std::uint64_t, max_choices / 64> seen_{}, finished_{};
  unsigned choices_seen_ = 0, choices_finished_ = 0;
  bool content_seen_ = false, error_seen_ = false, done_seen_ = false, stray_seen_ = false;
  bool progress_seen_ = false;
  bool usage_seen_ = false;
  std::int64_t prompt_tokens_ = -1, completion_tokens_ = -1;
  std::uint64_t events_ = 0, malformed_ = 0;
  unsigned error_status_ = 0;
  std::string error_message_;
};

} // namespace synapse::http
