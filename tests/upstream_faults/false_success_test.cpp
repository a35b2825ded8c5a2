// A 200 that is none: pages, halves, errors and streams under another name.
#include "tests/upstream_faults/broken_streams.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace synapse::test {
namespace {

enum class framed { by_length, in_chunks, by_close };

std::string answer(framed how, std::string_view body, std::string_view type) {
  std::string head = how == framed::by_close ? "HTTP/1.0 200 OK\r\n" : "HTTP/1.1 200 OK\r\n";
  if (!type.empty())
    head.append("Content-Type: ").append(type).append("\r\n");
  switch (how) {
  case framed::by_length:
    return head + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string{body};
  case framed::in_chunks:
    return head + "Transfer-Encoding: chunked\r\n\r\n" + (body.empty() ? "" : chunk(body)) +
           "0\r\n\r\n";
  default:
    return head + "\r\n" + std::string{body};
  }
}

/// Sends these bytes once, in pieces of `size`, and closes.
scripted_upstream::script sends_once(std::string bytes, std::size_t size = 100'000) {
  return [bytes = std::move(bytes), size](upstream_connection& connection) {
    if (connection.read_request(milliseconds{600'000}))
      connection.send_in_pieces(bytes, size, [](std::size_t) { return true; });
  };
}

constexpr framed framings[] = {framed::by_length, framed::in_chunks, framed::by_close};
constexpr const char* json_routes[] = {"/v1/chat/completions", "/v1/completions", "/v1/embeddings"};

std::string request_to(std::string_view path, bool stream) {
  return request_bytes("POST", path,
                       std::string{R"({"model":"m","input":"x","stream":)"} +
                           (stream ? "true}" : "false}"),
                       "Content-Type: application/json\r\n");
}

bed_options watchful() {
  bed_options how;
  how.retry = quick_retry;
  how.breaker = "{failures: 1, cooldown: 60s}";
  return how;
}

struct no_answer {
  const char* what;
  const char* body;
  const char* type;
  const char* reason; ///< part of what the client is told
};

constexpr no_answer none[] = {
    {"a page", "<html><body>Bad Gateway</body></html>", "text/html", "Bad Gateway"},
    {"a page that calls itself JSON", "<!doctype html>\n<p>login</p>", "application/json", "login"},
    {"nothing", "", "application/json", "empty"},
    {"nothing, without a name", "", "", "empty"},
    {"white space", "\r\n \n", "application/json", "empty"},
    {"half a JSON text", R"({"choices":[{"message":{"content":"Hi)", "application/json", "whole"},
    {"two of them", R"({"choices":[]}{"choices":[]})", "application/json", "whole"},
    {"an error", R"({"error":{"code":500,"message":"slot failed","type":"server_error"}})",
     "application/json", "slot failed"},
    {"an error as text", R"({"error":"slot failed"})", "application/json; charset=utf-8",
     "slot failed"},
    {"a flat error", R"({"object":"error","message":"slot failed","code":400})", "", "slot failed"},
    {"words", "proxy error: Failed to read connection", "text/plain", "Failed to read"},
};

TEST(false_success, is_502_with_the_reason_on_routes_of_models) {
  fault_bed bed{answer_well(), watchful()};
  for (const auto& one : none)
    for (const auto how : framings)
      for (const auto* path : json_routes)
        for (const bool stream : {false, true}) {
          SCOPED_TRACE(std::string{one.what} + " from " + path + (stream ? ", stream" : "") +
                       ", framing " + std::to_string(static_cast<int>(how)));
          const auto before = bed.upstream.requests();
          bed.upstream.set_script(sends_once(answer(how, one.body, one.type)));
          auto client = bed.gateway.connect();
          client.send(request_to(path, stream));
          const auto reply = client.read_reply();
          expect_error(reply, 502, "backend_error");
          EXPECT_NE(reply.body.find(one.reason), std::string::npos) << reply.body;
          EXPECT_EQ(bed.upstream.requests(), before + 1) << "it was answered: not tried again";
        }
  EXPECT_EQ(bed.backend_metric("synapse_breaker_opened_total"), 0) << "the connection is sound";
  bed.expect_at_rest();
}

TEST(false_success, is_none_of_ours_on_routes_that_pass_through) {
  fault_bed bed{answer_well()};
  for (const auto& one : none)
    for (const auto how : framings) {
      bed.upstream.set_script(sends_once(answer(how, one.body, one.type)));
      const auto reply = bed.gateway.post(raw_path, "x");
      EXPECT_TRUE(reply.ok()) << one.what;
      EXPECT_EQ(reply.body, one.body);
    }
}

TEST(false_success, is_not_looked_for_where_it_cannot_be_seen) {
  // Another media type, or a coding that would have to be undone.
  fault_bed bed{answer_well()};
  for (const std::string fields :
       {"Content-Type: application/octet-stream\r\n", "Content-Type: audio/wav\r\n",
        "Content-Type: application/json\r\nContent-Encoding: gzip\r\n"}) {
    bed.upstream.set_script(
        sends_once("HTTP/1.1 200 OK\r\n" + fields + "Content-Length: 5\r\n\r\n\x1f\x8b<x>"));
    const auto reply = bed.chat();
    EXPECT_TRUE(reply.ok()) << fields;
    EXPECT_EQ(reply.body, "\x1f\x8b<x>");
  }
}

TEST(whole_answer, arrives_as_it_came_however_it_is_framed_and_cut) {
  std::string large = R"({"object":"list","data":[)";
  while (large.size() < 300'000)
    large += R"({"embedding":[0.25,-1,3e-2],"text":"a \"]}{[ b"},)";
  large += "{}]}";
  fault_bed bed{answer_well()};
  for (const auto& body : {completion_body(), "\n " + completion_body() + "\r\n", large})
    for (const auto how : framings)
      for (const std::size_t piece : {7u, 1000u, 100'000u}) {
        if (body.size() / piece > 2000)
          continue;
        bed.upstream.set_script(sends_once(answer(how, body, "application/json"), piece));
        auto client = bed.gateway.connect();
        for (const bool stream : {false, true}) {
          const auto reply = bed.chat_on(client, stream);
          EXPECT_TRUE(reply.ok()) << to_string(reply.end) << " " << reply.body.substr(0, 300);
          EXPECT_TRUE(reply.body == body) << reply.body.size() << " of " << body.size();
          EXPECT_EQ(reply.field("Content-Type"), "application/json");
        }
        auto old = bed.gateway.connect();
        old.send("POST /v1/chat/completions HTTP/1.0\r\nContent-Type: application/json\r\n"
                 "Content-Length: " +
                 std::to_string(chat_body().size()) + "\r\n\r\n" + chat_body());
        const auto reply = old.read_reply();
        EXPECT_TRUE(reply.ok()) << to_string(reply.end);
        EXPECT_FALSE(reply.chunked);
        EXPECT_TRUE(reply.body == body) << reply.body.size() << " of " << body.size();
      }
}

TEST(whole_answer, that_is_large_and_cut_short_does_not_look_whole) {
  std::string half = R"({"data":[{"embedding":[)";
  while (half.size() < 200'000)
    half += "0.125,";
  fault_bed bed{answer_well()};
  for (const auto how : framings) {
    bed.upstream.set_script(sends_once(answer(how, half, "application/json")));
    auto client = bed.gateway.connect();
    client.send(request_to("/v1/embeddings", false));
    const auto reply = client.read_reply();
    EXPECT_EQ(reply.status, 200u);
    expect_cut(reply);
  }
  bed.expect_attempts("reset_after_head", 3);
  bed.expect_at_rest();
}

// ---- streams under another name -----------------------------------------------------------------

constexpr const char* other_names[] = {"", "text/plain", "application/json", "text/plain; x=y"};

TEST(unnamed_stream, is_watched_and_called_what_it_is) {
  fault_bed bed{answer_well()};
  for (const auto* type : other_names)
    for (const auto how : framings)
      for (const std::size_t piece : {1u, 100'000u}) {
        SCOPED_TRACE(type);
        bed.upstream.set_script(sends_once(answer(how, recorded_payload(), type), piece));
        const auto reply = bed.chat(true);
        EXPECT_TRUE(reply.ok()) << to_string(reply.end) << reply.body;
        EXPECT_EQ(reply.body, recorded_payload());
        EXPECT_EQ(reply.field("Content-Type"), "text/event-stream");
        EXPECT_EQ(reply.count("Content-Type"), 1u);
        EXPECT_EQ(reply.field("X-Accel-Buffering"), "no");
      }
  bed.expect_at_rest();
}

TEST(unnamed_stream, that_breaks_off_is_told) {
  std::string begin = role;
  for (int i = 0; i < 20; ++i)
    begin += content_event("word " + std::to_string(i));
  for (const auto how : framings) {
    fault_bed bed{sends_once(answer(how, begin, "text/plain"))};
    expect_broken_stream(bed.chat(true), begin);
    bed.expect_stream_ends("truncated", 1);
    bed.expect_at_rest();
  }
}

TEST(unnamed_stream, that_reports_an_error_first_gets_its_status) {
  const auto event = "data: {\"error\":{\"code\":429,\"message\":\"slot failed\"}}\n\n";
  fault_bed bed{sends_once(answer(framed::in_chunks, role + event, "text/plain"))};
  EXPECT_EQ(bed.chat(true).status, 429u);
}

TEST(end_mark, behind_nothing_is_no_end) {
  for (const auto& events : {std::vector<std::string>{std::string{done_event}},
                             std::vector<std::string>{role, std::string{done_event}}}) {
    fault_bed bed{streams(events)};
    expect_error(bed.chat(true), 502, "stream_truncated");
    bed.expect_stream_ends("truncated", 1);
  }
  bed_options how;
  how.limits = "{stream_keepalive: 50ms}";
  gate seen;
  fault_bed bed{[&](upstream_connection& connection) {
                  connection.read_request();
                  connection.send(std::string{chunked_stream_head} + chunk(role));
                  seen.wait();
                  connection.send(chunked({std::string{done_event}}));
                },
                how};
  auto client = bed.gateway.connect();
  client.send(chat_request(true));
  auto reply = client.read_head();
  ASSERT_TRUE(client.read_until(reply, ": keepalive\n\n"));
  seen.open();
  client.read_rest(reply);
  EXPECT_FALSE(understand(reply.body).done_seen) << reply.body;
  EXPECT_TRUE(understand(reply.body).error_seen) << reply.body;
  expect_cut(reply);
}

// ---- one segment --------------------------------------------------------------------------------

TEST(one_segment, content_and_an_error_are_both_the_clients) {
  const auto event = "data: {\"error\":{\"code\":500,\"message\":\"slot failed\"}}\n\n";
  const auto begin = role + content_event("x");
  for (const auto how : framings) {
    fault_bed bed{
        sends_once(answer(how, begin + event + std::string{done_event}, "text/event-stream"))};
    const auto reply = bed.chat(true);
    EXPECT_EQ(reply.status, 200u);
    expect_cut(reply);
    EXPECT_EQ(reply.body, begin + event);
    bed.expect_stream_ends("upstream_error", 1);
  }
}

TEST(one_segment, a_large_event_passes_and_the_next_ones_too) {
  const auto image = R"(data: {"choices":[{"index":0,"delta":{"images":[{"type":"image_url",)"
                     R"("image_url":{"url":"data:image/png;base64,)" +
                     std::string(5 << 20, 'A') + "\"}}]}}]}\n\n";
  fault_bed bed{
      streams({role, image, content_event("x"), finish_event(), std::string{done_event}})};
  auto client = bed.gateway.connect();
  for (int i = 0; i < 3; ++i) {
    const auto reply = bed.chat_on(client, true);
    EXPECT_TRUE(reply.ok()) << to_string(reply.end);
    EXPECT_TRUE(reply.body ==
                role + image + content_event("x") + finish_event() + std::string{done_event})
        << reply.body.size();
  }
}

} // namespace
} // namespace synapse::test
