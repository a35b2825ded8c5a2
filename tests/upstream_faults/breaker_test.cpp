// The circuit breaker as clients and backend see it.
#include "tests/upstream_faults/fault_bed.hpp"
#include "tests/upstream_faults/recording.hpp"

#include <gtest/gtest.h>

#include <atomic>

namespace synapse::test {
namespace {

constexpr int closed = 0;
constexpr int half_open = 1;
constexpr int open = 2;

/// A backend whose mood the test changes.
struct moody {
  std::atomic<bool> broken{true};
  scripted_upstream::script script() {
    return [this](upstream_connection& connection) {
      while (connection.read_request(milliseconds{600'000})) {
        if (broken) {
          connection.reset();
          return;
        }
        connection.reply(200, completion_body());
      }
    };
  }
};

bed_options with_cooldown(std::string_view cooldown) {
  bed_options how;
  how.breaker = "{failures: 5, cooldown: " + std::string{cooldown} + "}";
  return how;
}

void fail_times(const fault_bed& bed, int count) {
  for (int i = 0; i < count; ++i)
    expect_error(bed.chat(), 502, "backend_error");
}

TEST(breaker, five_failures_open_it_and_then_the_backend_is_left_alone) {
  moody mood;
  fault_bed bed{mood.script(), with_cooldown("60s")};
  fail_times(bed, 4);
  EXPECT_EQ(bed.backend_metric("synapse_breaker_state"), closed);
  fail_times(bed, 1);
  ASSERT_TRUE(bed.wait_for_breaker(open));
  const auto connections = bed.upstream.connections();
  EXPECT_EQ(connections, 5u);
  mood.broken = false; // nobody is to find out
  in_parallel(20, 4, [&](std::size_t i) {
    const auto reply = bed.chat(i % 2 == 0);
    expect_error(reply, 503, "backend_unavailable");
    const auto seconds = std::atoi(reply.field("Retry-After").c_str());
    EXPECT_TRUE(seconds > 30 && seconds <= 60) << seconds;
  });
  EXPECT_EQ(bed.upstream.connections(), connections);
  bed.expect_backend_metric("synapse_breaker_opened_total", {}, 1);
  bed.expect_backend_metric("synapse_permits_denied_total", R"(reason="breaker_open")", 20);
  bed.expect_at_rest();
}

TEST(breaker, the_attempts_of_one_request_count_too) {
  moody mood;
  auto how = with_cooldown("60s");
  how.retry = "{attempts: 10, waits: [20ms], jitter: 0}";
  fault_bed bed{mood.script(), how};
  EXPECT_EQ(bed.gateway.get(raw_path).status, 503u);
  EXPECT_EQ(bed.upstream.connections(), 5u);
  EXPECT_TRUE(bed.wait_for_breaker(open));
}

TEST(breaker, after_the_cooldown_one_probe_of_twenty_decides) {
  moody mood;
  std::atomic<std::size_t> denied{0};
  fault_bed bed{[&](upstream_connection& connection) {
                  while (connection.read_request(milliseconds{600'000})) {
                    if (mood.broken)
                      return connection.reset();
                    // The probe's answer waits until all others have theirs.
                    wait_until([&] { return denied == 19; });
                    connection.reply(200, completion_body());
                  }
                },
                with_cooldown("300ms")};
  fail_times(bed, 5);
  mood.broken = false;
  // Not "open": that may be over before it is looked at.
  bed.expect_backend_metric("synapse_breaker_opened_total", {}, 1);
  const auto before = bed.upstream.requests();
  ASSERT_TRUE(bed.wait_for_breaker(half_open));
  std::atomic<int> served{0};
  in_parallel(20, 20, [&](std::size_t) {
    const auto reply = bed.chat();
    if (reply.ok()) {
      ++served;
      return;
    }
    expect_error(reply, 503, "backend_unavailable");
    ++denied;
  });
  EXPECT_EQ(served, 1);
  EXPECT_EQ(denied, 19u);
  EXPECT_EQ(bed.upstream.requests(), before + 1);
  ASSERT_TRUE(bed.wait_for_breaker(closed));
  in_parallel(20, 20, [&](std::size_t) { EXPECT_TRUE(bed.chat().ok()); });
  bed.expect_backend_metric("synapse_breaker_opened_total", {}, 1);
  bed.expect_at_rest();
}

TEST(breaker, a_probe_whose_client_leaves_makes_room_for_the_next) {
  moody mood;
  std::atomic<bool> silent{false};
  fault_bed bed{[&](upstream_connection& connection) {
                  while (connection.read_request(milliseconds{600'000})) {
                    if (mood.broken)
                      return connection.reset();
                    if (silent) {
                      connection.wait_until_peer_closes();
                      return;
                    }
                    connection.reply(200, completion_body());
                  }
                },
                with_cooldown("300ms")};
  fail_times(bed, 5);
  mood.broken = false;
  silent = true;
  ASSERT_TRUE(bed.wait_for_breaker(half_open));
  const auto before = bed.upstream.requests();
  {
    auto probe = bed.gateway.connect();
    probe.send(chat_request());
    ASSERT_TRUE(bed.upstream.wait_for_requests(before + 1));
    expect_error(bed.chat(), 503, "backend_unavailable");
  }
  bed.expect_at_rest();
  silent = false;
  bed.expect_backend_metric("synapse_breaker_state", {}, half_open);
  EXPECT_TRUE(bed.chat().ok());
  EXPECT_TRUE(bed.wait_for_breaker(closed));
}

TEST(breaker, statuses_never_count) {
  fault_bed bed{answer_each([](const upstream_request& request) {
                  const auto status = static_cast<unsigned>(std::stoul(request.field("X-Status")));
                  return answer_bytes(status, R"({"error":{"code":1,"message":"m","type":"t"}})");
                }),
                with_cooldown("60s")};
  const unsigned statuses[] = {400, 404, 429, 500, 503};
  in_parallel(50, 5, [&](std::size_t i) {
    const auto status = statuses[i % 5];
    auto client = bed.gateway.connect();
    client.send(chat_request(i % 2 == 0, "X-Status: " + std::to_string(status) + "\r\n"));
    EXPECT_EQ(client.read_reply().status, status);
  });
  EXPECT_EQ(bed.backend_metric("synapse_breaker_state"), closed);
  EXPECT_EQ(bed.backend_metric("synapse_breaker_opened_total"), 0);
  EXPECT_EQ(bed.upstream.requests(), 50u) << "none was tried again";
  bed.expect_attempts("ok", 50);
}

TEST(breaker, clients_that_leave_are_neutral) {
  moody mood;
  std::atomic<bool> silent{false};
  fault_bed bed{[&](upstream_connection& connection) {
                  while (connection.read_request(milliseconds{600'000})) {
                    if (!silent)
                      return connection.reset();
                    connection.wait_until_peer_closes();
                    return;
                  }
                },
                with_cooldown("60s")};
  fail_times(bed, 4);
  silent = true;
  for (std::size_t i = 0; i < 20; ++i) {
    auto client = bed.gateway.connect();
    client.send(chat_request(i % 2 == 0));
    ASSERT_TRUE(bed.upstream.wait_for_requests(4 + i + 1));
    i % 3 == 0 ? client.reset() : client.close();
  }
  bed.expect_at_rest();
  bed.expect_attempts("canceled", 20);
  EXPECT_EQ(bed.backend_metric("synapse_breaker_state"), closed) << "they do not count";
  silent = false;
  fail_times(bed, 1);
  EXPECT_TRUE(bed.wait_for_breaker(open)) << "nor do they reset the count";
}

TEST(breaker, answers_that_break_off_count) {
  fault_bed bed{[](upstream_connection& connection) {
                  connection.read_request();
                  connection.send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                                  "Content-Length: 100\r\n\r\n{\"a\":");
                },
                with_cooldown("60s")};
  fail_times(bed, 5);
  EXPECT_TRUE(bed.wait_for_breaker(open));
}

TEST(breaker, backends_that_hang_open_it) {
  auto how = with_cooldown("60s");
  how.timeouts = "{response: 100ms}";
  fault_bed bed{[](upstream_connection& connection) {
                  connection.read_request();
                  connection.wait_until_peer_closes();
                },
                how};
  for (int i = 0; i < 5; ++i)
    expect_error(bed.chat(i % 2 == 0), 504, "backend_timeout");
  ASSERT_TRUE(bed.wait_for_breaker(open));
  for (int i = 5; i < 12; ++i)
    expect_error(bed.chat(), 503, "backend_unavailable");
  EXPECT_EQ(bed.upstream.requests(), 5u) << "nobody waits for it any more";
  bed.expect_attempts("response_timeout", 5);
}

TEST(breaker, a_probe_that_hangs_opens_it_again) {
  moody mood;
  std::atomic<bool> silent{false};
  auto how = with_cooldown("300ms");
  how.timeouts = "{response: 100ms}";
  fault_bed bed{[&](upstream_connection& connection) {
                  while (connection.read_request(milliseconds{600'000})) {
                    if (!silent)
                      return connection.reset();
                    connection.wait_until_peer_closes();
                    return;
                  }
                },
                how};
  fail_times(bed, 5);
  silent = true;
  ASSERT_TRUE(bed.wait_for_breaker(half_open));
  expect_error(bed.chat(), 504, "backend_timeout");
  bed.expect_backend_metric("synapse_breaker_opened_total", {}, 2);
}

TEST(breaker, a_success_ends_the_series) {
  moody mood;
  auto how = with_cooldown("60s");
  // Good news is told late: of two threads, one may tell of the next failures before the other has
  // told of this success.
  how.threads = 1;
  fault_bed bed{mood.script(), how};
  for (int round = 0; round < 3; ++round) {
    mood.broken = true;
    fail_times(bed, 4);
    mood.broken = false;
    EXPECT_TRUE(bed.chat().ok());
  }
  EXPECT_EQ(bed.backend_metric("synapse_breaker_opened_total"), 0);
}

} // namespace
} // namespace synapse::test
