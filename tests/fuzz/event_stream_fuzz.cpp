#include "http/dialects/openai/chat_stream.hpp"
#include "tests/fuzz/fuzz_targets.hpp"
#include "tests/http/core/support.hpp"

#include <algorithm>

namespace synapse::fuzz {
namespace {

using namespace synapse::http;

struct outcome {
  std::string events; // their texts, one after the other
  chat_end end = chat_end::empty;
  bool too_large = false;
  bool operator==(const outcome&) const = default;
};

void note(outcome& out, chat_stream_watch& watch, const sse_event& event) {
  out.events.append(event.type).append(1, '|').append(event.data).append(1, '|');
  out.events.append(event.stray).append(event.has_data ? "d" : "-");
  out.events.append(event.comment_only ? "c;" : "-;");
  out.events.append(to_string(watch.on_event(event)));
}

/// Reads a stream whose bytes come `step` at a time.
outcome read(std::string_view text, std::size_t step) {
  sse_scanner scanner(1024);
  chat_stream_watch watch;
  outcome out;
  sse_event event;
  std::size_t begin = 0;
  for (std::size_t end = 0; end < text.size();) {
    end = std::min(text.size(), end + step);
    for (;;) {
      const test::exact_copy now(text.substr(begin, end - begin));
      const sse_status s = scanner.next(now.begin(), now.size(), event);
      if (s == sse_status::need_more)
        break;
      if (s == sse_status::too_large) {
        out.too_large = true;
        out.end = watch.at_end();
        return out;
      }
      SYNAPSE_FUZZ_CHECK(event.size > 0 && event.size <= now.size() && event.size <= 1024);
      note(out, watch, event);
      begin += event.size;
    }
  }
  const test::exact_copy rest(text.substr(begin));
  if (scanner.finish(rest.begin(), rest.size(), event) == sse_status::event)
    note(out, watch, event);
  out.end = watch.at_end();
  return out;
}

} // namespace

int try_event_stream(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const outcome at_once = read(text, std::max<std::size_t>(size, 1));
  const outcome slowly = read(text, 1 + (size == 0 ? 0 : data[0] % 5));
  // Which event a LF after a CR is counted into may decide whether one is just too large.
  if (at_once.too_large == slowly.too_large)
    SYNAPSE_FUZZ_CHECK(at_once == slowly);
  return 0;
}

} // namespace synapse::fuzz

SYNAPSE_FUZZ_ENTRY(try_event_stream)
