#pragma once

#include "backends/server/request.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::backends {

/// What an answer does wrong on purpose. All fields unset: it behaves.
///
/// "Events" are the writes of a stream; "body bytes" are counted as they travel, chunk framing
/// included.
struct misbehavior_plan {
  using milliseconds = std::chrono::milliseconds;

  std::optional<milliseconds> refuse;    ///< hang up and close the listener for that long
  std::optional<milliseconds> slow_head; ///< wait before the head
  std::optional<milliseconds> slow_body; ///< wait before every event or piece of the body
  std::optional<std::uint64_t> hang_after_events;
  std::optional<std::uint64_t> cut_after_bytes;        ///< FIN after that many body bytes
  std::optional<std::uint64_t> reset_after_bytes;      ///< RST after that many body bytes
  std::optional<std::uint64_t> cut_clean_after_events; ///< proper chunked end, nothing said
  std::optional<std::uint64_t> bad_chunk_after_events; ///< broken chunk framing
  std::optional<std::uint64_t> cut_after_events;       ///< FIN in the middle of a stream
  std::optional<std::uint64_t> malformed_event;        ///< the n-th event (from 1) is cut JSON
  std::optional<std::uint64_t> error_after_events;     ///< error object in the stream, then EOF
  std::optional<std::int64_t> lie_length;              ///< added to the Content-Length
  std::uint64_t big_head = 0;                          ///< bytes of padding headers
  std::uint64_t big_event = 0;                 ///< bytes of padding in the first event or the body
  std::optional<std::string> line_end;         ///< of events; unset: as the service's are
  std::optional<milliseconds> synthesis_delay; ///< more time for the speech of a text
  std::optional<milliseconds> load_delay;      ///< more time for loading the model
  bool lose_references = false; ///< the uploads of references are forgotten before this request
  bool text_500 = false;        ///< 500 as Starlette writes it for an uncaught exception
  bool broken_audio = false;    ///< a right head, audio that no decoder reads
  std::optional<milliseconds> close_idle;          ///< close the idle connection that early
  std::optional<int> status;                       ///< answer this status with an error object
  std::optional<response> answer;                  ///< answer this in the place of the service
  std::optional<std::chrono::seconds> retry_after; ///< said by an answer put in place
  bool close_at_once = false;                      ///< FIN instead of an answer
  bool loading = false;                            ///< answer as if the model were still loading
  bool html_502 = false;          ///< answer as a proxy in front would: 502 and HTML
  bool hang_before_head = false;  ///< never send a byte
  bool hang_after_head = false;   ///< send the head only
  bool reset_before_head = false; ///< RST instead of an answer
  bool reset_after_head = false;  ///< RST after the head
  bool no_done = false;           ///< no [DONE]
  bool no_finish = false;         ///< no chunk with a finish reason
  bool garbage_head = false;      ///< bytes that are no HTTP
  bool garbage_body = false;      ///< a right head, bytes that are neither JSON nor SSE
  bool error_200_first = false;   ///< status 200, and the first event is an error
  bool double_length = false;     ///< two different Content-Length (or one with chunks)
  bool split_bytes = false;       ///< one write per byte
  bool close_after = false;       ///< close a connection that was to be kept
};

/// A parsed specification, e.g. `slow-body:50,cut:400@/v1/chat`.
struct misbehavior {
  misbehavior_plan plan;
  std::string path_prefix; ///< empty: every path
  bool none = false;       ///< the word `none`: behave
};

/// @param spec comma-separated items `name[:value]`, then optionally `@<path prefix>`
/// @param problem set to a sentence when the result is empty
std::optional<misbehavior> parse_misbehavior(std::string_view spec, std::string& problem);

/// @returns every item name with its value's meaning, one per line, for `--help`.
std::string misbehavior_help();

/// What is still to be done wrong by one service, oldest first. Not thread safe.
class misbehavior_book {
public:
  /// @param times for how many requests; 0 = until cleared. The word `none` clears all.
  void add(misbehavior what, std::uint64_t times);

  /// @returns the plan of a request to `path`, using up one of its times; empty: behave.
  std::optional<misbehavior_plan> take(std::string_view path);

private:
  struct entry {
    misbehavior what;
    std::uint64_t left;
    bool forever;
  };
  std::deque<entry> entries_;
};

} // namespace synapse::backends
