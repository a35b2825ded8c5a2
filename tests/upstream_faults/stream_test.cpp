// Streams that go well.
#include "tests/upstream_faults/fault_bed.hpp"
#include "tests/upstream_faults/recording.hpp"

#include <gtest/gtest.h>

namespace synapse::test {
namespace {

void expect_recording(const http_reply& reply, std::string_view payload) {
  EXPECT_EQ(reply.status, 200u);
  EXPECT_TRUE(reply.complete()) << to_string(reply.end);
  EXPECT_EQ(reply.body, payload);
}

/// Sends `bytes` in pieces of `size`; keeps the connection.
scripted_upstream::script in_pieces(std::string bytes, std::size_t size) {
  return [bytes = std::move(bytes), size](upstream_connection& connection) {
    // Each piece is a segment of its own (TCP_NODELAY). No yielding in between: on a busy machine
    // that costs some milliseconds for each of thousands of pieces.
    while (connection.read_request(milliseconds{600'000}))
      connection.send_in_pieces(bytes, size, [](std::size_t) { return true; });
  };
}

TEST(recording, says_what_the_tests_rely_on) {
  const auto& meaning = recorded_meaning();
  EXPECT_EQ(meaning.data.size(), 9u);
  EXPECT_EQ(meaning.comments.size(), 1u);
  EXPECT_EQ(meaning.reasoning, "Short: \"ok\".");
  EXPECT_EQ(meaning.content, "Grüße, Welt €\ndata: [DONE]");
  EXPECT_EQ(meaning.tool_arguments, R"({"a":1})");
  EXPECT_EQ(meaning.finish_reason, "tool_calls");
  EXPECT_TRUE(meaning.done_seen);
  EXPECT_FALSE(meaning.error_seen || meaning.after_done || meaning.malformed);
  EXPECT_EQ(meaning.unterminated, "");
  EXPECT_LT(recorded_payload().size(), 2048u);
  const auto crlf = understand(recorded_payload("\r\n"));
  EXPECT_EQ(crlf.data, meaning.data);
  EXPECT_EQ(understand(recorded_payload("\r")).data, meaning.data);
}

TEST(stream, bytes_are_the_backends_at_every_piece_size) {
  const auto bytes = std::string{chunked_stream_head} + chunked(recorded_events());
  fault_bed bed{answer_well()};
  for (const std::size_t size : {1u, 2u, 3u, 5u, 16u, 61u, 250u, 1000u, 100'000u}) {
    SCOPED_TRACE(size);
    bed.upstream.set_script(in_pieces(bytes, size));
    auto client = bed.gateway.connect();
    for (int i = 0; i < 3; ++i)
      expect_recording(bed.chat_on(client, true), recorded_payload());
    EXPECT_EQ(client.unread(), "");
    client.close();
  }
  bed.expect_at_rest();
  bed.expect_stream_ends("complete", 27);
}

TEST(stream, bytes_are_the_backends_however_they_are_split_in_two) {
  const auto bytes = std::string{chunked_stream_head} + chunked(recorded_events());
  fault_bed bed{[&](upstream_connection& connection) {
    while (const auto request = connection.read_request(milliseconds{600'000})) {
      const auto at = std::stoul(request->field("X-Split"));
      connection.send(std::string_view{bytes}.substr(0, at));
      connection.send(std::string_view{bytes}.substr(at));
    }
  }};
  in_parallel(8, 8, [&](std::size_t lane) {
    auto client = bed.gateway.connect();
    for (auto at = lane; at <= bytes.size(); at += 8) {
      client.send(chat_request(true, "X-Split: " + std::to_string(at) + "\r\n"));
      const auto reply = client.read_reply();
      ASSERT_TRUE(reply.ok()) << at << " " << to_string(reply.end);
      ASSERT_EQ(reply.body, recorded_payload()) << at;
    }
  });
  bed.expect_at_rest();
}

TEST(stream, line_ends_and_framings_of_other_servers) {
  fault_bed bed{answer_well()};
  for (const std::string_view ending : {"\n", "\r\n", "\r"}) {
    const auto payload = recorded_payload(ending);
    const std::string head =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n";
    std::string single_bytes;
    for (const char c : payload)
      single_bytes += chunk(std::string_view{&c, 1});
    for (const auto& answer :
         {head + "Transfer-Encoding: chunked\r\n\r\n" + chunk(payload) + "0\r\n\r\n",
          head + "Transfer-Encoding: chunked\r\n\r\n" + single_bytes + "0\r\n\r\n",
          head + "Content-Length: " + std::to_string(payload.size()) + "\r\n\r\n" + payload,
          head + "Connection: close\r\n\r\n" + payload}) {
      SCOPED_TRACE(answer.substr(0, 200));
      bed.upstream.set_script([answer](upstream_connection& connection) {
        connection.read_request();
        connection.send(answer);
      });
      auto client = bed.gateway.connect();
      const auto reply = bed.chat_on(client, true);
      EXPECT_TRUE(reply.ok());
      EXPECT_EQ(understand(reply.body).data, recorded_meaning().data);
      EXPECT_EQ(reply.body, payload);
      client.close();
      bed.expect_at_rest();
      ASSERT_TRUE(bed.wait_for_backend_metric("synapse_pool_connections", R"(state="idle")", 0));
    }
  }
}

TEST(stream, has_the_fields_that_keep_proxies_from_collecting_it) {
  fault_bed bed{in_pieces(std::string{chunked_stream_head} + chunked(recorded_events()), 100'000)};
  const auto reply = bed.chat(true);
  EXPECT_EQ(reply.field("Content-Type"), "text/event-stream");
  EXPECT_EQ(reply.field("Cache-Control"), "no-cache");
  EXPECT_EQ(reply.field("X-Accel-Buffering"), "no");
  EXPECT_EQ(reply.count("Keep-Alive"), 0u);
  EXPECT_NE(reply.field("X-Request-Id"), "");
  EXPECT_EQ(bed.upstream.seen().front().field("X-Request-Id"), reply.field("X-Request-Id"));
}

TEST(stream, every_event_is_passed_on_before_the_next_one_is_made) {
  constexpr int count = 50;
  std::vector<gate> received(count);
  fault_bed bed{[&](upstream_connection& connection) {
    connection.read_request();
    connection.send(chunked_stream_head);
    connection.send_chunk(recorded_events().front());
    for (int i = 0; i < count; ++i) {
      connection.send_chunk(content_event("<" + std::to_string(i) + ">"));
      if (!received[static_cast<std::size_t>(i)].wait())
        return;
    }
    connection.send_chunk(finish_event());
    connection.send_chunk(done_event);
    connection.end_chunks();
  }};
  auto client = bed.gateway.connect();
  client.send(chat_request(true));
  auto reply = client.read_head();
  for (int i = 0; i < count; ++i) {
    ASSERT_TRUE(client.read_until(reply, content_event("<" + std::to_string(i) + ">"))) << i;
    received[static_cast<std::size_t>(i)].open();
  }
  client.read_rest(reply);
  EXPECT_TRUE(reply.complete());
  EXPECT_TRUE(understand(reply.body).done_seen);
}

TEST(stream, the_role_alone_is_held_until_there_is_content) {
  gate looked;
  fault_bed bed{[&](upstream_connection& connection) {
    connection.read_request();
    connection.send(chunked_stream_head);
    connection.send_chunk(recorded_events().front());
    connection.send_chunk(":\n\n");
    looked.wait();
    connection.send_chunk(content_event("x"));
    // The rest comes when the client has this.
    connection.wait_until_peer_closes();
  }};
  auto client = bed.gateway.connect();
  client.send(chat_request(true));
  ASSERT_TRUE(bed.upstream.wait_for_requests(1));
  EXPECT_FALSE(client.anything_within(milliseconds{150})) << "an error could not be told any more";
  looked.open();
  auto reply = client.read_head();
  EXPECT_TRUE(client.read_until(reply, content_event("x")));
  EXPECT_EQ(reply.body, recorded_events().front() + ":\n\n" + content_event("x"));
  client.close();
  bed.expect_at_rest();
}

TEST(stream, silence_is_filled_with_comments_between_events_only) {
  bed_options how;
  how.limits = "{stream_keepalive: 100ms}";
  gate two_seen, three_seen;
  const auto half = content_event("cut in two").substr(0, 30);
  const auto other_half = content_event("cut in two").substr(30);
  fault_bed bed{[&](upstream_connection& connection) {
                  connection.read_request();
                  connection.send(chunked_stream_head);
                  connection.send_chunk(recorded_events().front());
                  two_seen.wait();
                  connection.send_chunk(content_event("x"));
                  connection.send_chunk(half);
                  three_seen.wait();
                  connection.send_chunk(other_half);
                  connection.send_chunk(finish_event());
                  connection.send_chunk(done_event);
                  connection.end_chunks();
                },
                how};
  auto client = bed.gateway.connect();
  client.send(chat_request(true));
  auto reply = client.read_head();
  const std::string keepalive = ": keepalive\n\n";
  ASSERT_TRUE(client.read_until(reply, recorded_events().front() + keepalive + keepalive));
  two_seen.open();
  ASSERT_TRUE(client.read_until(reply, content_event("x") + keepalive + keepalive + keepalive));
  three_seen.open();
  client.read_rest(reply);
  EXPECT_TRUE(reply.complete());
  auto without = reply.body;
  for (std::size_t at; (at = without.find(keepalive)) != std::string::npos;)
    without.erase(at, keepalive.size());
  EXPECT_EQ(without, recorded_events().front() + content_event("x") + content_event("cut in two") +
                         finish_event() + std::string{done_event});
  EXPECT_EQ(understand(reply.body).malformed, 0u);
}

TEST(stream, a_client_of_http_1_0_gets_it_without_chunks) {
  fault_bed bed{in_pieces(std::string{chunked_stream_head} + chunked(recorded_events()), 50)};
  auto client = bed.gateway.connect();
  client.send("POST /v1/chat/completions HTTP/1.0\r\nContent-Type: application/json\r\n"
              "Connection: keep-alive\r\nContent-Length: " +
              std::to_string(chat_body(true).size()) + "\r\n\r\n" + chat_body(true));
  const auto reply = client.read_reply();
  EXPECT_TRUE(reply.until_close);
  EXPECT_EQ(reply.count("Transfer-Encoding"), 0u);
  EXPECT_NE(reply.field("Connection"), "keep-alive");
  expect_recording(reply, recorded_payload());
}

TEST(stream, a_compressed_one_is_not_touched) {
  std::string packed;
  for (int i = 0; i < 5000; ++i)
    packed += static_cast<char>(i * 31 % 251);
  const auto answer = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                      "Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n" +
                      chunk(packed) + "0\r\n\r\n";
  fault_bed bed{answer_each([&](const upstream_request&) { return answer; })};
  auto client = bed.gateway.connect();
  client.send(chat_request(true, "Accept-Encoding: gzip, br\r\n"));
  const auto reply = client.read_reply();
  EXPECT_TRUE(reply.ok());
  EXPECT_TRUE(reply.body == packed);
  EXPECT_EQ(reply.field("Content-Encoding"), "gzip");
  EXPECT_EQ(bed.upstream.seen().front().count("Accept-Encoding"), 0u)
      << "a backend is not asked for what cannot be watched";
}

TEST(stream, the_connection_is_kept_after_its_end) {
  fault_bed bed{in_pieces(std::string{chunked_stream_head} + chunked(recorded_events()), 100'000)};
  for (int i = 0; i < 10; ++i)
    expect_recording(bed.chat(true), recorded_payload());
  EXPECT_LE(bed.upstream.connections(), 2u);
}

TEST(stream, a_large_one_arrives_whole) {
  std::vector<std::string> events{recorded_events().front()};
  std::string text;
  for (int i = 0; i < 4000; ++i) {
    const auto word = std::string(static_cast<std::size_t>(i * 37 % 900), 'w') + std::to_string(i);
    events.push_back(content_event(word));
    text += word;
  }
  events.push_back(finish_event());
  events.emplace_back(done_event);
  fault_bed bed{in_pieces(std::string{chunked_stream_head} + chunked(events), 4096)};
  const auto reply = bed.chat(true);
  EXPECT_TRUE(reply.ok());
  const auto received = understand(reply.body);
  EXPECT_TRUE(received.content == text);
  EXPECT_TRUE(received.done_seen);
  EXPECT_EQ(received.malformed, 0u);
}

} // namespace
} // namespace synapse::test
