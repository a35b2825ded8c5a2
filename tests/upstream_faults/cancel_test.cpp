// Clients that leave, in every phase of a request.
#include "tests/upstream_faults/fault_bed.hpp"
#include "tests/upstream_faults/recording.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>

namespace synapse::test {
namespace {

/// One permit: whatever a client leaves behind, the next request needs it.
bed_options one_permit(std::string url = {}) {
  bed_options how;
  how.concurrency = "{max_requests: 1, queue_timeout: 60s}";
  how.timeouts = "{connect: 60s, response: 60s, first_token: 60s, idle: 60s}";
  how.url = std::move(url);
  return how;
}

double disconnects(const fault_bed& bed, std::string_view phase) {
  return bed.gateway.metric("synapse_client_disconnects_total",
                            "phase=\"" + std::string{phase} + "\"");
}

/// Everything is free again, and the permit works.
void expect_over(fault_bed& bed, std::string_view phase) {
  bed.expect_at_rest();
  EXPECT_EQ(disconnects(bed, phase), 1) << phase;
  bed.upstream.set_script(answer_well());
  EXPECT_TRUE(bed.chat().ok());
}

/// Sends a part of an answer, then waits for the gateway to close.
scripted_upstream::script stops_after(std::string bytes, gate* sent, std::atomic<bool>* closed) {
  return [bytes = std::move(bytes), sent, closed](upstream_connection& connection) {
    connection.read_request();
    connection.send(bytes);
    sent->open();
    *closed = connection.wait_until_peer_closes().has_value();
  };
}

/// The client sends a request and leaves when the backend has sent `part`, or, if `wanted` is not
/// empty, when the client has that.
void leave_after(const std::string& part, const std::string& wanted, std::string_view phase) {
  for (const bool hard : {false, true}) {
    gate sent;
    std::atomic<bool> closed{false};
    fault_bed bed{stops_after(part, &sent, &closed), one_permit()};
    auto client = bed.gateway.connect();
    client.send(chat_request(true));
    ASSERT_TRUE(sent.wait());
    if (!wanted.empty()) {
      auto reply = client.read_head();
      ASSERT_TRUE(client.read_until(reply, wanted));
    }
    hard ? client.reset() : client.close();
    EXPECT_TRUE(wait_until([&] { return closed.load(); }));
    bed.expect_attempts("canceled", 1);
    expect_over(bed, phase);
  }
}

const std::string sized_json_head =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ";

TEST(leaving, before_the_answer) {
  leave_after("", "", "waiting");
}

TEST(leaving, before_the_first_content) {
  gate sent;
  std::atomic<bool> closed{false};
  fault_bed bed{stops_after(std::string{chunked_stream_head} + chunk(role), &sent, &closed),
                one_permit()};
  auto client = bed.gateway.connect();
  client.send(chat_request(true));
  ASSERT_TRUE(sent.wait());
  client.close();
  EXPECT_TRUE(wait_until([&] { return closed.load(); }));
  bed.expect_at_rest();
  EXPECT_EQ(disconnects(bed, "responding") + disconnects(bed, "waiting"), 1);
  bed.upstream.set_script(answer_well());
  EXPECT_TRUE(bed.chat().ok());
}

TEST(leaving, in_the_middle_of_a_stream) {
  const auto content = content_event("x");
  leave_after(std::string{chunked_stream_head} + chunk(role) + chunk(content), content,
              "responding");
}

TEST(leaving, while_its_request_is_read) {
  fault_bed bed{answer_well(), one_permit()};
  for (const bool hard : {false, true}) {
    auto client = bed.gateway.connect();
    const auto request = chat_request();
    client.send(request.substr(0, request.size() - 5));
    ASSERT_TRUE(wait_until([&] {
      return bed.gateway.metric("synapse_requests_in_flight", R"(route="/v1/chat/completions")") ==
             1;
    }));
    hard ? client.reset() : client.close();
    bed.expect_at_rest();
  }
  EXPECT_EQ(disconnects(bed, "reading"), 2);
  EXPECT_EQ(bed.upstream.connections(), 0u) << "the backend never heard of them";
}

TEST(leaving, while_its_upload_is_passed_on) {
  std::atomic<std::size_t> received{0};
  std::atomic<bool> closed{false};
  fault_bed bed{[&](upstream_connection& connection) {
                  connection.read_head();
                  for (std::string piece; !(piece = connection.read_some()).empty();)
                    received += piece.size();
                  closed = true;
                },
                one_permit()};
  auto client = bed.gateway.connect();
  client.send("POST /raw/thing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n" +
              std::string(40'000, 'u'));
  ASSERT_TRUE(wait_until([&] { return received == 40'000; }));
  EXPECT_FALSE(closed);
  client.close();
  EXPECT_TRUE(wait_until([&] { return closed.load(); }));
  expect_over(bed, "reading");
}

TEST(leaving, while_it_waits_for_a_permit) {
  gate go;
  fault_bed bed{[&](upstream_connection& connection) {
                  while (connection.read_request(milliseconds{600'000})) {
                    go.wait();
                    connection.reply(200, completion_body());
                  }
                },
                one_permit()};
  auto first = bed.gateway.connect();
  first.send(chat_request());
  ASSERT_TRUE(bed.upstream.wait_for_requests(1));
  std::vector<raw_client> queued;
  for (int i = 0; i < 6; ++i) {
    queued.push_back(bed.gateway.connect());
    queued.back().send(chat_request());
  }
  ASSERT_TRUE(bed.wait_for_backend_metric("synapse_upstream_waiting", {}, 6));
  for (std::size_t i = 0; i < 6; i += 2)
    i % 4 ? queued[i].reset() : queued[i].close();
  ASSERT_TRUE(bed.wait_for_backend_metric("synapse_upstream_waiting", {}, 3));
  go.open();
  EXPECT_TRUE(first.read_reply().ok());
  for (std::size_t i = 1; i < 6; i += 2)
    EXPECT_TRUE(queued[i].read_reply().ok());
  EXPECT_EQ(bed.upstream.requests(), 4u) << "nobody asks for a client that has left";
  EXPECT_TRUE(wait_until([&] { return disconnects(bed, "permit") == 3; }));
  first.close();
  queued.clear();
  bed.expect_at_rest();
}

TEST(leaving, between_two_attempts) {
  const closed_port nobody;
  auto how = one_permit("http://127.0.0.1:" + std::to_string(nobody.port()));
  how.retry = "{attempts: 3, waits: [60s]}";
  fault_bed bed{answer_well(), how};
  auto client = bed.gateway.connect();
  client.send(chat_request());
  ASSERT_TRUE(wait_until([&] { return bed.attempts("refused") == 1; }));
  // A permit is not held during the wait.
  bed.expect_backend_metric("synapse_upstream_in_flight", {}, 0);
  client.close();
  bed.expect_at_rest();
  EXPECT_EQ(disconnects(bed, "permit"), 1);
}

TEST(leaving, while_the_connection_is_made) {
  const deaf_listener nobody;
  fault_bed bed{answer_well(), one_permit("http://127.0.0.1:" + std::to_string(nobody.port()))};
  auto client = bed.gateway.connect();
  client.send(chat_request());
  ASSERT_TRUE(bed.wait_for_backend_metric("synapse_pool_connections", R"(state="active")", 1));
  client.close();
  bed.expect_at_rest();
  EXPECT_EQ(disconnects(bed, "connecting"), 1);
}

TEST(leaving, while_the_gateway_is_blocked_on_it) {
  for (const bool stream : {false, true}) {
    gate stalled;
    std::atomic<bool> closed{false};
    fault_bed bed{[&](upstream_connection& connection) {
                    connection.read_request();
                    connection.send(stream ? chunked_stream_head
                                           : "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                                             "Transfer-Encoding: chunked\r\n\r\n");
                    const auto piece = chunk(content_event(std::string(50'000, 'x')));
                    std::size_t sent = 0;
                    for (std::size_t before = 1; before != sent;) {
                      before = sent;
                      connection.stream().send(piece, milliseconds{200}, &sent);
                    }
                    stalled.open();
                    closed = connection.wait_until_peer_closes().has_value();
                  },
                  one_permit()};
    client_options small;
    small.receive_buffer = 4096;
    auto client = bed.gateway.connect(small);
    client.send(chat_request(true));
    ASSERT_TRUE(stalled.wait());
    stream ? client.reset() : client.close();
    EXPECT_TRUE(wait_until([&] { return closed.load(); }));
    expect_over(bed, "responding");
  }
}

TEST(leaving, with_a_second_request_in_the_pipeline) {
  gate sent;
  std::atomic<bool> closed{false};
  fault_bed bed{stops_after("", &sent, &closed), one_permit()};
  auto client = bed.gateway.connect();
  client.send(chat_request() + chat_request(true));
  ASSERT_TRUE(sent.wait());
  client.close();
  EXPECT_TRUE(wait_until([&] { return closed.load(); }));
  bed.expect_at_rest();
  EXPECT_EQ(bed.upstream.requests(), 1u);
}

// ---- how fast -----------------------------------------------------------------------------------

double in_milliseconds(clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

/// Sorts them.
double median(std::vector<double>& values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct phase_of_answer {
  const char* name;
  std::string part;   ///< what the backend has sent
  std::string wanted; ///< what the client has read; empty: nothing
};

TEST(leaving, closes_the_backends_connection_at_once) {
  constexpr std::size_t runs = 30;
  const std::string content = content_event("x");
  const phase_of_answer phases[] = {
      {"before the head", "", ""},
      {"within the head", "HTTP/1.1 200 OK\r\nConte", ""},
      {"before content", std::string{chunked_stream_head} + chunk(role), ""},
      {"mid-stream", std::string{chunked_stream_head} + chunk(content), content},
      {"within a body", sized_json_head + "1000000\r\n\r\n{\"begin\":1", "{\"begin\":1"},
  };
  for (const auto& phase : phases) {
    std::vector<gate> sent(runs);
    std::vector<std::atomic<clock::rep>> closed(runs);
    fault_bed bed{[&](upstream_connection& connection) {
                    const auto request = connection.read_request();
                    if (!request)
                      return;
                    const auto run = std::stoul(request->field("X-Run"));
                    connection.send(phase.part);
                    sent[run].open();
                    const auto at = connection.wait_until_peer_closes();
                    closed[run] = at ? at->time_since_epoch().count() : -1;
                  },
                  one_permit()};
    std::array<std::vector<double>, 2> milliseconds_taken; ///< by an orderly close, by a reset
    std::vector<double> usual_milliseconds; ///< of an answer, under the same conditions
    for (std::size_t run = 0; run < runs; ++run) {
      auto client = bed.gateway.connect();
      client.send(chat_request(true, "X-Run: " + std::to_string(run) + "\r\n"));
      ASSERT_TRUE(sent[run].wait());
      if (!phase.wanted.empty()) {
        auto reply = client.read_head();
        ASSERT_TRUE(client.read_until(reply, phase.wanted));
      }
      const auto asked = clock::now();
      ASSERT_TRUE(bed.gateway.get("/livez").ok());
      const auto left = clock::now();
      usual_milliseconds.push_back(in_milliseconds(left - asked));
      run % 2 ? client.reset() : client.close();
      ASSERT_TRUE(wait_until([&] { return closed[run] != 0; })) << phase.name;
      ASSERT_GT(closed[run], 0) << phase.name << ": the connection was kept";
      const clock::time_point at{clock::duration{closed[run]}};
      milliseconds_taken[run % 2].push_back(in_milliseconds(at - left));
    }
    const auto usual = median(usual_milliseconds);
    for (auto& taken : milliseconds_taken) {
      const auto p50 = median(taken);
      const auto quick = taken[taken.size() / 4];
      std::printf("client's close to backend's close, %s: p25 %.3f ms, p50 %.3f ms\n", phase.name,
                  quick, p50);
      // Far from any timer of the gateway, which would be in each of them. What a busy machine
      // adds, it adds to any answer.
      EXPECT_LT(quick, 50 + 10 * usual) << phase.name;
    }
    EXPECT_TRUE(wait_until(
        [&] { return bed.gateway.metric("synapse_cancel_latency_seconds_count") >= runs; }));
    bed.expect_at_rest();
  }
}

} // namespace
} // namespace synapse::test
