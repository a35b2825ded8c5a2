/// A recorded model stream, and what a client makes of the events it gets. The reader here shares
/// nothing with the gateway's own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace synapse::test {

/// Events of a llama.cpp server, each with its blank line: the role, reasoning, text, a tool call
/// in two parts, a comment, the finish_reason with timings, usage, [DONE].
const std::vector<std::string>& recorded_events();

/// Joined: the stream as its payload. `ending` replaces LF, for servers that write CRLF or CR.
std::string recorded_payload(std::string_view ending = "\n");

/// One chunk per event, as the server frames them, and the last chunk.
std::string chunked(const std::vector<std::string>& events, bool with_last = true);
std::string chunk(std::string_view payload);

/// A content event like those of the recording.
std::string content_event(std::string_view text);
std::string finish_event();
/// The recording's first event, without content.
inline const std::string role = recorded_events().front();
inline constexpr std::string_view done_event = "data: [DONE]\n\n";

/// Heads of an event stream.
inline constexpr std::string_view chunked_stream_head =
    "HTTP/1.1 200 OK\r\nServer: llama.cpp\r\nContent-Type: text/event-stream\r\n"
    "Transfer-Encoding: chunked\r\nKeep-Alive: timeout=5, max=100\r\n\r\n";
inline constexpr std::string_view closing_stream_head =
    "HTTP/1.0 200 OK\r\nServer: llama.cpp\r\nContent-Type: text/event-stream\r\n\r\n";

/// What a client understands.
struct received_stream {
  std::vector<std::string> data; ///< of every event with data, in order
  std::vector<std::string> comments;
  std::string content;
  std::string reasoning;
  std::string tool_arguments;
  std::string finish_reason;
  std::string error; ///< message of the first error event
  bool error_seen = false;
  bool done_seen = false;
  bool after_done = false;  ///< data came after [DONE]
  unsigned malformed = 0;   ///< events whose data is neither JSON nor [DONE]
  std::string unterminated; ///< what is left behind the last blank line
};
received_stream understand(std::string_view body);

/// What the whole recording says.
const received_stream& recorded_meaning();

} // namespace synapse::test
