// The limit on requests at a backend.
#include "tests/upstream_faults/fault_bed.hpp"
#include "tests/upstream_faults/recording.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

namespace synapse::test {
namespace {

/// Requests wait here until the test lets them go, one by one.
class turnstile {
public:
  /// Called by the backend with a request in its hands. @returns false when nobody lets it go.
  bool pass(const std::string& who) {
    std::unique_lock lock{mutex_};
    order_.push_back(who);
    most_ = std::max(most_, ++inside_);
    const bool free = changed_.wait_for(lock, patience, [&] { return tickets_ > 0; });
    if (free)
      --tickets_;
    --inside_;
    return free;
  }
  void let_go(int count = 1) {
    const std::lock_guard lock{mutex_};
    tickets_ += count;
    changed_.notify_all();
  }
  int inside() const {
    const std::lock_guard lock{mutex_};
    return inside_;
  }
  int most() const {
    const std::lock_guard lock{mutex_};
    return most_;
  }
  std::vector<std::string> order() const {
    const std::lock_guard lock{mutex_};
    return order_;
  }
  scripted_upstream::script script() {
    return [this](upstream_connection& connection) {
      while (const auto request = connection.read_request(milliseconds{600'000})) {
        if (!pass(request->field("X-Who")))
          return;
        connection.reply(200, completion_body());
      }
    };
  }

private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> order_;
  int inside_ = 0;
  int most_ = 0;
  int tickets_ = 0;
};

bed_options limited(std::string_view concurrency) {
  bed_options how;
  how.concurrency = concurrency;
  return how;
}

raw_client ask(const fault_bed& bed, std::string_view who, bool stream = false) {
  auto client = bed.gateway.connect();
  client.send(chat_request(stream, "X-Who: " + std::string{who} + "\r\n"));
  return client;
}

bool wait_inside(const turnstile& door, int count) {
  return wait_until([&] { return door.inside() == count; });
}

TEST(concurrency, never_more_than_the_limit_and_all_are_served) {
  turnstile door;
  fault_bed bed{door.script(), limited("{max_requests: 2, queue_timeout: 60s}")};
  constexpr int count = 40;
  std::vector<raw_client> clients;
  for (int i = 0; i < count; ++i)
    clients.push_back(ask(bed, std::to_string(i), i % 2 == 0));
  ASSERT_TRUE(bed.wait_for_backend_metric("synapse_upstream_waiting", {}, count - 2));
  for (int left = count; left > 0; --left) {
    ASSERT_TRUE(wait_inside(door, std::min(2, left))) << left;
    door.let_go();
  }
  for (auto& client : clients)
    EXPECT_TRUE(client.read_reply().ok());
  EXPECT_EQ(door.most(), 2);
  EXPECT_EQ(bed.upstream.requests(), static_cast<std::size_t>(count));
  clients.clear();
  bed.expect_at_rest();
}

TEST(concurrency, holds_under_load_too) {
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  fault_bed bed{[&](upstream_connection& connection) {
                  while (connection.read_request(milliseconds{600'000})) {
                    const int now = ++inside;
                    for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
                    }
                    std::this_thread::yield();
                    --inside;
                    connection.reply(200, completion_body());
                  }
                },
                limited("{max_requests: 3, queue_timeout: 60s}")};
  in_parallel(16, 16, [&](std::size_t) {
    auto client = bed.gateway.connect();
    for (int i = 0; i < 50; ++i)
      ASSERT_TRUE(bed.chat_on(client).ok());
  });
  EXPECT_LE(most, 3);
  EXPECT_EQ(bed.upstream.requests(), 800u);
  bed.expect_at_rest();
}

TEST(concurrency, who_came_first_goes_first) {
  turnstile door;
  fault_bed bed{door.script(), limited("{max_requests: 1, queue_timeout: 60s}")};
  std::vector<raw_client> clients;
  std::vector<std::string> expected;
  for (int i = 0; i < 20; ++i) {
    expected.push_back(std::to_string(i));
    clients.push_back(ask(bed, expected.back()));
    if (i == 0)
      ASSERT_TRUE(wait_inside(door, 1));
    else
      ASSERT_TRUE(bed.wait_for_backend_metric("synapse_upstream_waiting", {}, i));
  }
  door.let_go(20);
  for (auto& client : clients)
    EXPECT_TRUE(client.read_reply().ok());
  EXPECT_EQ(door.order(), expected);
}

TEST(concurrency, a_full_queue_is_429) {
  turnstile door;
  fault_bed bed{door.script(), limited("{max_requests: 1, max_waiting: 2, queue_timeout: 60s}")};
  std::vector<raw_client> clients;
  for (int i = 0; i < 3; ++i)
    clients.push_back(ask(bed, std::to_string(i)));
  ASSERT_TRUE(wait_inside(door, 1));
  ASSERT_TRUE(bed.wait_for_backend_metric("synapse_upstream_waiting", {}, 2));
  for (int i = 0; i < 5; ++i) {
    const auto reply = bed.chat(i % 2 == 0);
    expect_error(reply, 429, "backend_overloaded");
    EXPECT_GE(std::atoi(reply.field("Retry-After").c_str()), 1);
  }
  bed.expect_backend_metric("synapse_permits_denied_total", R"(reason="queue_full")", 5);
  door.let_go(3);
  for (auto& client : clients)
    EXPECT_TRUE(client.read_reply().ok());
  EXPECT_EQ(bed.upstream.requests(), 3u);
  clients.clear();
  bed.expect_at_rest();
}

TEST(concurrency, no_queue_at_all_is_429_at_once) {
  turnstile door;
  fault_bed bed{door.script(), limited("{max_requests: 1, max_waiting: 0}")};
  auto first = ask(bed, "first");
  ASSERT_TRUE(wait_inside(door, 1));
  expect_error(bed.chat(), 429, "backend_overloaded");
  door.let_go();
  EXPECT_TRUE(first.read_reply().ok());
  // The permit may still be on its way back; then the answer is 429 once more.
  door.let_go(100);
  EXPECT_TRUE(wait_until([&] { return bed.chat().ok(); }));
}

TEST(concurrency, waiting_too_long_is_503) {
  turnstile door;
  fault_bed bed{door.script(), limited("{max_requests: 1, queue_timeout: 150ms}")};
  auto first = ask(bed, "first");
  ASSERT_TRUE(wait_inside(door, 1));
  const auto begun = clock::now();
  in_parallel(4, 4, [&](std::size_t) {
    const auto reply = bed.chat();
    EXPECT_GE(clock::now() - begun, milliseconds{150});
    expect_error(reply, 503, "backend_overloaded");
  });
  bed.expect_backend_metric("synapse_permits_denied_total", R"(reason="queue_timeout")", 4);
  door.let_go();
  EXPECT_TRUE(first.read_reply().ok());
  EXPECT_EQ(bed.upstream.requests(), 1u);
  first.close();
  bed.expect_at_rest();
}

TEST(concurrency, a_stream_holds_its_permit_to_its_end) {
  gate end;
  fault_bed bed{[&](upstream_connection& connection) {
                  while (connection.read_request(milliseconds{600'000})) {
                    connection.send(std::string{chunked_stream_head} + chunk(content_event("x")));
                    end.wait();
                    connection.send(chunked({finish_event(), std::string{done_event}}));
                  }
                },
                limited("{max_requests: 1, queue_timeout: 60s}")};
  auto first = ask(bed, "first", true);
  auto head = first.read_head();
  ASSERT_TRUE(first.read_until(head, content_event("x")));
  auto second = ask(bed, "second", true);
  ASSERT_TRUE(bed.wait_for_backend_metric("synapse_upstream_waiting", {}, 1));
  EXPECT_EQ(bed.upstream.requests(), 1u);
  end.open();
  first.read_rest(head);
  EXPECT_TRUE(head.complete());
  EXPECT_TRUE(second.read_reply().ok());
}

TEST(concurrency, a_failed_attempt_gives_its_permit_to_who_waits) {
  std::atomic<bool> broken{true};
  fault_bed bed{[&](upstream_connection& connection) {
                  while (connection.read_request(milliseconds{600'000})) {
                    if (broken.exchange(false))
                      return connection.reset();
                    connection.reply(200, completion_body());
                  }
                },
                [] {
                  auto how = limited("{max_requests: 1, queue_timeout: 60s}");
                  how.retry = "{attempts: 2, waits: [30s], jitter: 0}";
                  return how;
                }()};
  auto unlucky = bed.gateway.connect();
  unlucky.send(request_bytes("GET", raw_path)); // it may be sent again
  ASSERT_TRUE(wait_until([&] { return bed.attempts("reset_before_head") == 1; }));
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(bed.chat().ok()) << "while the other one backs off";
}

TEST(concurrency, an_opening_breaker_answers_those_who_wait) {
  gate fail;
  auto how = limited("{max_requests: 1, queue_timeout: 60s}");
  how.breaker = "{failures: 1, cooldown: 60s}";
  fault_bed bed{[&](upstream_connection& connection) {
                  connection.read_request();
                  fail.wait();
                  connection.reset();
                },
                how};
  std::vector<raw_client> clients;
  for (int i = 0; i < 5; ++i)
    clients.push_back(ask(bed, std::to_string(i)));
  ASSERT_TRUE(bed.upstream.wait_for_requests(1));
  ASSERT_TRUE(bed.wait_for_backend_metric("synapse_upstream_waiting", {}, 4));
  fail.open();
  int failed = 0;
  for (auto& client : clients) {
    const auto reply = client.read_reply();
    if (reply.status == 502)
      ++failed;
    else
      expect_error(reply, 503, "backend_unavailable");
  }
  EXPECT_EQ(failed, 1);
  EXPECT_EQ(bed.upstream.requests(), 1u);
  clients.clear();
  bed.expect_at_rest();
}

} // namespace
} // namespace synapse::test
