#include "http/dialects/openai/event_relay.hpp"
#include "tests/upstream_faults/recording.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <vector>

namespace synapse::http {

void PrintTo(stream_fate fate, std::ostream* out) {
  *out << to_string(fate);
}

namespace {

using synapse::test::content_event;
using synapse::test::finish_event;

const std::string end_mark{synapse::test::done_event};
const std::string error_event = "data: {\"error\":{\"code\":429,\"message\":\"slot failed\"}}\n\n";
const std::string own_error = "data: {\"error\":{}}\n\n";
const std::string progress_event =
    R"(data: {"choices":[{"index":0,"delta":{"role":"assistant","content":null}}],)"
    R"("prompt_progress":{"total":9,"processed":3}})"
    "\n\n";

/// What a stream has come to, and what the client got of it.
struct relayed {
  stream_fate fate = stream_fate::open;
  bool committed = false;
  std::string sent;
  std::string reported;
  std::uint64_t events = 0;
  bool operator==(const relayed&) const = default;
};

void PrintTo(const relayed& it, std::ostream* out) {
  *out << to_string(it.fate) << (it.committed ? ", committed" : "") << ", " << it.events
       << " events, reported '" << it.reported << "', sent:\n"
       << it.sent;
}

/// A relay that is used as the gateway uses it.
class played {
public:
  explicit played(std::size_t max_event = 1 << 20) : relay(max_event) {}

  void arrives(std::string_view bytes) {
    relay.buffer().append(bytes);
    relay.look();
    send();
  }
  relayed end(bool clean) {
    relay.end(clean);
    if (relay.committed() &&
        (relay.fate() == stream_fate::truncated || relay.fate() == stream_fate::event_too_large))
      relay.add_error(R"({"error":{}})");
    send();
    return {relay.fate(), relay.committed(), sent, relay.reported_error(), relay.events()};
  }
  void send() {
    sent += relay.ready();
    relay.sent();
  }

  event_relay relay;
  std::string sent;
};

/// @param cuts ascending places at which the stream is cut.
relayed play(std::string_view stream, const std::vector<std::size_t>& cuts, bool clean,
             std::size_t max_event = 1 << 20) {
  played it{max_event};
  std::size_t at = 0;
  for (const auto cut : cuts) {
    it.arrives(stream.substr(at, cut - at));
    at = cut;
  }
  it.arrives(stream.substr(at));
  return it.end(clean);
}

relayed play_bytes(std::string_view stream, bool clean, std::size_t max_event = 1 << 20) {
  played it{max_event};
  for (std::size_t i = 0; i < stream.size(); ++i)
    it.arrives(stream.substr(i, 1));
  return it.end(clean);
}

std::string with_ending(std::string_view text, std::string_view ending) {
  std::string out;
  for (const char c : text)
    if (c == '\n')
      out += ending;
    else
      out += c;
  return out;
}

/// Every kind of stream that the tests know, with LF.
const std::vector<std::string>& streams() {
  const std::string begin = synapse::test::role + content_event("x");
  static const std::vector<std::string> all{
      synapse::test::recorded_payload(),
      begin + content_event("y"),                                // breaks off
      begin + error_event,                                       // content and error in one piece
      begin + error_event + end_mark,                            // nothing follows an error
      error_event,                                               // before anything
      synapse::test::role + error_event + content_event("late"), // before content
      begin + finish_event(),                                    // only the end mark is missing
      begin + finish_event() + end_mark + content_event("ghost"),
      end_mark,
      synapse::test::role + end_mark,
      synapse::test::role,
      "",
      ": ping\n\n:\n\n",
      begin + "data: {\"choices\":[", // half an event
      begin + finish_event() + "data: [DONE]",
      begin + finish_event() + "data: [DON",
      begin + "data: {\"choices\":[{\"index\":0,\"finish_reason\":\"stop\"}]}", // no blank line
      begin + "proxy error: Failed to read connection",
      begin + "proxy error: Failed to read connection\n\n" + end_mark,
      "proxy error: Failed to read connection",
      begin + "stray\ndata: {}\n\n" + content_event("after"),
      "event: error\ndata: overloaded\n\n",
      begin + "event: error\ndata: {\"message\":\"slot failed\"}\n\n" + end_mark,
      progress_event + progress_event + error_event,
      progress_event + content_event("x") + finish_event() + end_mark,
      begin + "data: {\"choices\":[{\"del\n\n" + content_event("y") + finish_event() + end_mark,
      "data: {\"choices\":[{\"index\":0,\ndata: \"delta\":{\"content\":\"z\"}}]}\n\n" + end_mark,
      "\xEF\xBB\xBF" + begin + finish_event() + end_mark,
      "<html>not a stream</html>\n",
  };
  return all;
}

TEST(event_relay, comes_to_the_same_however_a_stream_is_cut) {
  for (const std::string_view ending : {"\n", "\r\n", "\r"})
    for (const auto& text : streams())
      for (const bool clean : {true, false}) {
        const auto stream = with_ending(text, ending);
        SCOPED_TRACE(stream + (clean ? " then a clean end" : " then a broken end"));
        const auto whole = play(stream, {}, clean);
        ASSERT_EQ(play_bytes(stream, clean), whole) << "byte by byte";
        for (std::size_t cut = 1; cut < stream.size(); ++cut)
          ASSERT_EQ(play(stream, {cut}, clean), whole) << "cut at " << cut;
      }
}

TEST(event_relay, comes_to_the_same_however_a_short_stream_is_cut_twice) {
  // The rules look at events, and two cuts put each event's bytes into all combinations of pieces.
  const std::string c = R"(data: {"choices":[{"delta":{"content":"x"}}]})"
                        "\n\n";
  const std::string e = "data: {\"error\":\"e\"}\n\n";
  const std::string f = R"(data: {"choices":[{"finish_reason":"s"}]})"
                        "\n\n";
  for (const auto& text : {c + e, e + c, c + end_mark, c + f, "data: [DONE]\n\n" + c, c + "data: {",
                           c + "oops\n\n" + f, std::string{":\n\n:\n\n"} + e})
    for (const std::string_view ending : {"\n", "\r\n", "\r"})
      for (const bool clean : {true, false}) {
        const auto stream = with_ending(text, ending);
        const auto whole = play(stream, {}, clean);
        for (std::size_t first = 1; first < stream.size(); ++first)
          for (std::size_t second = first + 1; second < stream.size(); ++second)
            ASSERT_EQ(play(stream, {first, second}, clean), whole)
                << stream << "cut at " << first << " and " << second;
      }
}

TEST(event_relay, comes_to_the_same_when_a_recorded_stream_ends_anywhere) {
  for (const std::string_view ending : {"\n", "\r\n", "\r"}) {
    const auto stream = synapse::test::recorded_payload(ending);
    for (std::size_t size = 0; size <= stream.size(); ++size)
      for (const bool clean : {true, false}) {
        const auto part = std::string_view{stream}.substr(0, size);
        const auto whole = play(part, {}, clean);
        ASSERT_EQ(play_bytes(part, clean), whole) << "ends after " << size;
        ASSERT_EQ(play(part, {size / 2}, clean), whole) << "ends after " << size;
      }
  }
}

TEST(event_relay, comes_to_the_same_around_the_largest_event) {
  const auto event = content_event("a large one");
  for (const std::string_view ending : {"\n", "\r\n", "\r"})
    for (std::size_t max = event.size() - 3; max < event.size() + 8; ++max) {
      const auto stream =
          with_ending(content_event("x") + event + finish_event() + end_mark, ending);
      const auto whole = play(stream, {}, true, max);
      ASSERT_EQ(play_bytes(stream, true, max), whole) << max;
      for (std::size_t cut = 1; cut < stream.size(); ++cut)
        ASSERT_EQ(play(stream, {cut}, true, max), whole) << "cut at " << cut << ", limit " << max;
    }
}

TEST(event_relay, passes_a_recorded_stream_on_byte_by_byte) {
  for (const std::string_view ending : {"\n", "\r\n", "\r"}) {
    const auto stream = synapse::test::recorded_payload(ending);
    const auto got = play(stream, {}, true);
    EXPECT_EQ(got.fate, stream_fate::complete);
    EXPECT_EQ(got.sent, stream);
    EXPECT_EQ(got.events, synapse::test::recorded_events().size());
  }
}

TEST(event_relay, keeps_content_that_came_in_one_piece_with_an_error) {
  const auto content = synapse::test::role + content_event("x");
  const auto got = play(content + error_event + end_mark, {}, true);
  EXPECT_EQ(got.fate, stream_fate::error_reported);
  EXPECT_TRUE(got.committed);
  EXPECT_EQ(got.sent, content + error_event) << "both, and no end mark";
  EXPECT_EQ(got.reported, "") << "no status can tell any more";
}

TEST(event_relay, keeps_content_that_came_in_one_piece_with_a_bare_end) {
  const auto content = synapse::test::role + content_event("x");
  const auto got = play(content, {}, true);
  EXPECT_EQ(got.fate, stream_fate::truncated);
  EXPECT_EQ(got.sent, content + own_error);
}

TEST(event_relay, holds_an_error_before_content_for_a_status) {
  const auto got = play(synapse::test::role + error_event + content_event("x"), {}, true);
  EXPECT_EQ(got.fate, stream_fate::error_reported);
  EXPECT_FALSE(got.committed);
  EXPECT_EQ(got.sent, "");
  EXPECT_EQ(got.reported, R"({"error":{"code":429,"message":"slot failed"}})");
  // Also where the blank line behind it was forgotten.
  const auto bare = play(error_event.substr(0, error_event.size() - 2), {}, true);
  EXPECT_EQ(bare.reported, got.reported);
}

TEST(event_relay, takes_an_end_mark_behind_nothing_for_no_end) {
  for (const auto& stream : {end_mark, synapse::test::role + end_mark, ": ping\n\n" + end_mark,
                             progress_event + end_mark}) {
    const auto got = play(stream, {}, true);
    EXPECT_EQ(got.fate, stream_fate::truncated) << stream;
    EXPECT_EQ(got.sent.find("[DONE]"), std::string::npos) << got.sent;
  }
  EXPECT_FALSE(play(synapse::test::role + end_mark, {}, true).committed) << "502 is still possible";
}

TEST(event_relay, adds_the_end_mark_that_is_all_that_is_missing) {
  const auto stream = content_event("x") + finish_event();
  const auto got = play(stream, {}, true);
  EXPECT_EQ(got.fate, stream_fate::done_added);
  EXPECT_EQ(got.sent, stream + end_mark);
  EXPECT_EQ(play(stream, {}, false).fate, stream_fate::truncated);
}

TEST(event_relay, shows_at_once_what_people_wait_for) {
  // All of these were held back until the next comment once.
  for (const std::string delta :
       {R"("images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}}])",
        R"("thinking":"hm")", R"("annotations":[{"type":"url_citation"}])",
        R"("thinking_blocks":[{"type":"thinking"}])", R"("audio":{"data":"AA"})"}) {
    played it;
    const auto event = R"(data: {"choices":[{"index":0,"delta":{)" + delta + "}}]}\n\n";
    it.arrives(synapse::test::role);
    EXPECT_EQ(it.sent, "");
    it.arrives(event);
    EXPECT_EQ(it.sent, synapse::test::role + event);
  }
  played it;
  it.arrives(progress_event);
  EXPECT_EQ(it.sent, progress_event);
  EXPECT_FALSE(it.relay.watch().content_seen()) << "the first token is yet to come";
}

TEST(event_relay, holds_no_more_than_its_bound) {
  played it;
  std::size_t arrived = 0;
  for (const std::string comment = ": " + std::string(1000, 'c') + "\n\n"; it.sent.empty();) {
    it.arrives(comment);
    arrived += comment.size();
    ASSERT_LE(arrived, event_relay::most_held + comment.size());
  }
  EXPECT_EQ(it.sent.size(), arrived);
}

TEST(event_relay, puts_its_own_events_between_those_of_the_backend) {
  const auto event = content_event("cut in two");
  played it;
  it.arrives(synapse::test::role + event.substr(0, 30));
  it.relay.add(sse_keepalive);
  it.send();
  it.relay.add(sse_keepalive);
  it.send();
  it.arrives(event.substr(30) + finish_event() + end_mark);
  const auto got = it.end(true);
  EXPECT_EQ(got.fate, stream_fate::complete);
  EXPECT_EQ(got.sent, synapse::test::role + std::string{sse_keepalive} +
                          std::string{sse_keepalive} + event + finish_event() + end_mark);
}

TEST(event_relay, lets_go_of_what_a_large_event_needed) {
  constexpr std::size_t megabytes = 5 << 20;
  const auto image = R"(data: {"choices":[{"index":0,"delta":{"images":[{"type":"image_url",)"
                     R"("image_url":{"url":"data:image/png;base64,)" +
                     std::string(megabytes, 'A') + "\"}}]}}]}\n\n";
  const auto lines = "data: {\"choices\":[\ndata: {\"delta\":{\"content\":\"" +
                     std::string(megabytes, 'B') + "\"}}]}\n\n";
  for (const auto& large : {image, lines}) {
    played it{32 << 20};
    std::size_t most = 0;
    for (std::size_t at = 0; at < large.size(); at += 16 * 1024) {
      it.arrives(std::string_view{large}.substr(at, 16 * 1024));
      most = std::max(most, it.relay.capacity());
    }
    EXPECT_TRUE(it.sent == large);
    EXPECT_LT(most, 4 * large.size());
    it.arrives(content_event("x"));
    EXPECT_LT(it.relay.capacity(), 256u * 1024) << "it is not kept for the rest of the stream";
    it.arrives(finish_event() + end_mark);
    EXPECT_EQ(it.end(true).fate, stream_fate::complete);
  }
}

} // namespace
} // namespace synapse::http
