#include "http/client/fetch.hpp"
#include "telemetry/metric_registry.hpp"
#include "tests/http/client/loopback.hpp"
#include "tests/support/io_runner.hpp"
#include "tests/support/self_signed.hpp"
#include "tests/support/watchdog.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <optional>

namespace synapse::client {
namespace {

using net::task;
using pool_ptr = net::local_ptr<upstream_pool>;

/// A fetch that runs beside the test's own coroutine, which plays the backend meanwhile.
class running_fetch {
public:
  running_fetch(pool_ptr pool, net::tcp::endpoint address, fetch_request request,
                canceler_ptr cancel = nullptr)
      : state_(net::make_local<state>()) {
    net::spawn(run(state_, std::move(pool), address, std::move(request), std::move(cancel)));
  }

  bool done() const noexcept { return state_->result.has_value(); }
  task<fetch_result> result() {
    while (!done())
      co_await state_->wake->wait();
    co_return *state_->result;
  }

private:
  struct state : net::local_counted {
    net::wake_ptr wake = net::make_local<net::wake_point>();
    std::optional<fetch_result> result;
  };
  static task<void> run(net::local_ptr<state> into, pool_ptr pool, net::tcp::endpoint address,
                        fetch_request request, canceler_ptr cancel) {
    auto result = co_await fetch(*pool, address, std::move(request), std::move(cancel));
    into->result = std::move(result);
    auto wake = into->wake;
    wake->notify();
  }
  net::local_ptr<state> state_;
};

constexpr net::time_ns soon = 40'000'000;

/// A pool, a backend that the test plays, and requests to it. Every test ends with no connection
/// in use.
struct fetches : testing::Test {
  void TearDown() override {
    runner.call([] {}); // what woke the test last has ended, too
    EXPECT_EQ(idle.value(), 0);
    EXPECT_EQ(active.value(), 0) << "a fetch gives back or discards what it took";
  }

  void run(std::function<task<void>()> work) { runner.run(std::move(work)); }

  pool_ptr make_pool() {
    pool_options options;
    options.idle_timeout = 60'000'000'000;
    options.idle = idle;
    options.active = active;
    return net::make_local<upstream_pool>(runner.io(), options);
  }

  static fetch_request question(net::time_ns limit = 60'000'000'000) {
    fetch_request request;
    request.target = "/health";
    request.authority = "backend:80";
    request.deadline = net::io_thread::now() + limit;
    return request;
  }

  /// Fetches from a backend that answers with `bytes`, and closes its direction then if `last`.
  task<fetch_result> answered(pool_ptr pool, std::string bytes, bool last = false,
                              std::size_t max_body = 4096) {
    loopback_backend backend{runner.io()};
    auto request = question();
    request.max_body = max_body;
    running_fetch running{pool, backend.address(), std::move(request)};
    auto other = co_await backend.accept();
    co_await other.read_head();
    other.send(bytes);
    if (last)
      other->shutdown_send();
    auto result = co_await running.result();
    // The backend goes away: what was kept leaves the pool.
    other->close();
    while (pool->idle() > 0)
      co_await turn(runner.io());
    co_return result;
  }

  test::watchdog dog;
  telemetry::metric_registry metrics{1};
  telemetry::gauge idle = metrics.gauges("idle", "kept").with({});
  telemetry::gauge active = metrics.gauges("active", "in use").with({});
  test::io_runner runner; ///< last: nothing runs on it any more when the others go
};

// ---- requests ----

TEST_F(fetches, ask_in_the_words_they_are_given) {
  run([&]() -> task<void> {
    loopback_backend backend{runner.io()};
    auto pool = make_pool();
    auto request = question();
    request.method = "POST";
    request.target = "/base/models?all=1";
    request.authority = "llama.example:8080";
    request.fields = "Authorization: Bearer key\r\nX-More: 1\r\n";
    running_fetch running{pool, backend.address(), request};
    auto other = co_await backend.accept();
    const auto head = co_await other.read_head();
    EXPECT_EQ(head, "POST /base/models?all=1 HTTP/1.1\r\n"
                    "Host: llama.example:8080\r\n"
                    "Accept: application/json\r\n"
                    "Authorization: Bearer key\r\nX-More: 1\r\n\r\n");
    EXPECT_FALSE(running.done());
    EXPECT_EQ(active.value(), 1);
    other.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    const auto result = co_await running.result();
    EXPECT_TRUE(result.ok());
  });
}

TEST_F(fetches, get_by_default) {
  run([&]() -> task<void> {
    loopback_backend backend{runner.io()};
    auto pool = make_pool();
    running_fetch running{pool, backend.address(), question()};
    auto other = co_await backend.accept();
    const auto head = co_await other.read_head();
    EXPECT_TRUE(head.starts_with("GET /health HTTP/1.1\r\n")) << head;
    other.send("HTTP/1.1 204 No Content\r\n\r\n");
    const auto result = co_await running.result();
    EXPECT_EQ(result.status, 204U);
  });
}

// ---- answers ----

TEST_F(fetches, bring_any_status_and_its_body) {
  run([&]() -> task<void> {
    auto pool = make_pool();
    static const unsigned statuses[] = {200, 201, 302, 404, 418, 500, 503, 599};
    for (const unsigned status : statuses) {
      const auto result = co_await answered(pool, "HTTP/1.1 " + std::to_string(status) +
                                                      " Status\r\nContent-Length: 4\r\n\r\nbody");
      EXPECT_TRUE(result.ok()) << status << ' ' << result.message;
      EXPECT_EQ(result.error, fetch_error::none);
      EXPECT_EQ(result.status, status);
      EXPECT_EQ(result.body, "body");
      EXPECT_EQ(result.message, "");
    }
  });
}

TEST_F(fetches, know_the_answers_that_have_no_body) {
  run([&]() -> task<void> {
    auto pool = make_pool();
    static const char* const heads[] = {
        "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"};
    for (const char* head : heads) {
      const auto result = co_await answered(pool, head);
      EXPECT_TRUE(result.ok()) << head << result.message;
      EXPECT_EQ(result.body, "");
    }
  });
}

TEST_F(fetches, read_a_body_however_it_is_cut_into_pieces) {
  const std::pair<std::string, std::string> answers[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world", "hello world"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
       "5;name=value\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: x\r\n\r\n",
       "hello world"},
  };
  for (const auto& each : answers)
    run([&]() -> task<void> {
      const auto& bytes = each.first;
      loopback_backend backend{runner.io()};
      auto pool = make_pool();
      running_fetch running{pool, backend.address(), question()};
      auto other = co_await backend.accept();
      co_await other.read_head();
      for (std::size_t i = 0; i < bytes.size(); ++i) {
        EXPECT_FALSE(running.done()) << "before byte " << i;
        other.send(bytes.substr(i, 1));
        co_await turn(runner.io());
      }
      const auto result = co_await running.result();
      EXPECT_TRUE(result.ok()) << result.message;
      EXPECT_EQ(result.body, each.second);
      EXPECT_EQ(pool->idle(), 1U);
    });
}

TEST_F(fetches, read_a_large_body) {
  const std::string large(3'000'000, 'x');
  run([&]() -> task<void> {
    loopback_backend backend{runner.io()};
    auto pool = make_pool();
    running_fetch running{pool, backend.address(), question()};
    auto other = co_await backend.accept();
    co_await other.read_head();
    std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + large;
    co_await other.send_all(std::move(answer));
    const auto result = co_await running.result();
    EXPECT_TRUE(result.ok()) << result.message;
    EXPECT_TRUE(result.body == large);
  });
}

TEST_F(fetches, read_a_body_that_ends_with_its_connection) {
  run([&]() -> task<void> {
    auto pool = make_pool();
    const auto result = co_await answered(pool, "HTTP/1.1 200 OK\r\n\r\nuntil the end", true);
    EXPECT_TRUE(result.ok()) << result.message;
    EXPECT_EQ(result.body, "until the end");
    const auto empty = co_await answered(pool, "HTTP/1.0 200 OK\r\n\r\n", true);
    EXPECT_TRUE(empty.ok()) << empty.message;
    EXPECT_EQ(empty.body, "");
  });
}

TEST_F(fetches, pass_over_interim_answers) {
  run([&]() -> task<void> {
    auto pool = make_pool();
    const auto result = co_await answered(pool, "HTTP/1.1 100 Continue\r\n\r\n"
                                                "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
                                                "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody");
    EXPECT_TRUE(result.ok()) << result.message;
    EXPECT_EQ(result.status, 200U);
    EXPECT_EQ(result.body, "body");
  });
}

TEST_F(fetches, pass_over_a_change_of_protocol_that_nobody_has_asked_for) {
  run([&]() -> task<void> {
    auto pool = make_pool();
    const auto result = co_await answered(pool, "HTTP/1.1 101 Switching Protocols\r\n\r\n"
                                                "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody");
    EXPECT_TRUE(result.ok()) << result.message;
    EXPECT_EQ(result.body, "body");
  });
}

// ---- connections ----

TEST_F(fetches, use_one_connection_after_the_other_again) {
  run([&]() -> task<void> {
    loopback_backend backend{runner.io()};
    auto pool = make_pool();
    std::optional<peer> other;
    for (int i = 0; i < 4; ++i) {
      running_fetch running{pool, backend.address(), question()};
      if (!other) {
        auto accepted = co_await backend.accept();
        other.emplace(std::move(accepted));
      }
      co_await other->read_head();
      other->send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      const auto result = co_await running.result();
      EXPECT_EQ(result.body, "ok") << result.message;
      EXPECT_EQ(pool->idle(), 1U);
      EXPECT_EQ(active.value(), 0);
    }
    EXPECT_FALSE(backend.try_accept());
  });
}

TEST_F(fetches, side_by_side_have_a_connection_each) {
  run([&]() -> task<void> {
    loopback_backend backend{runner.io()};
    auto pool = make_pool();
    std::vector<running_fetch> all;
    std::vector<peer> peers;
    for (int i = 0; i < 5; ++i) {
      all.emplace_back(pool, backend.address(), question());
      auto other_end = co_await backend.accept();
      peers.push_back(std::move(other_end));
      co_await peers.back().read_head();
    }
    EXPECT_EQ(active.value(), 5);
    for (std::size_t i = all.size(); i-- > 0;) { // the last one first
      const auto text = std::to_string(i);
      peers[i].send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + text);
      const auto result = co_await all[i].result();
      EXPECT_EQ(result.body, text);
    }
    EXPECT_EQ(pool->idle(), 5U);
  });
}

TEST_F(fetches, do_not_keep_a_connection_that_cannot_carry_another_answer) {
  run([&]() -> task<void> {
    static const char* const answers[] = {
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody",
        "HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nbody",
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody and more",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\nmore"};
    for (const char* answer : answers) {
      loopback_backend backend{runner.io()};
      auto pool = make_pool();
      running_fetch running{pool, backend.address(), question()};
      auto other = co_await backend.accept();
      co_await other.read_head();
      other.send(answer);
      const auto result = co_await running.result();
      EXPECT_TRUE(result.ok()) << answer << result.message;
      EXPECT_EQ(result.body, "body");
      EXPECT_EQ(pool->idle(), 0U) << answer;
      co_await other.read_to_end();
    }
  });
}

TEST_F(fetches, replace_kept_connections_that_turn_out_to_be_closed) {
  run([&]() -> task<void> {
    loopback_backend backend{runner.io()};
    auto pool = make_pool();
    { // two kept connections
      running_fetch one{pool, backend.address(), question()};
      auto first = co_await backend.accept();
      running_fetch two{pool, backend.address(), question()};
      auto second = co_await backend.accept();
      co_await first.read_head();
      co_await second.read_head();
      first.send("HTTP/1.1 204 No Content\r\n\r\n");
      second.send("HTTP/1.1 204 No Content\r\n\r\n");
      co_await one.result();
      co_await two.result();
      EXPECT_EQ(pool->idle(), 2U);
    } // closed, and the pool has had no time to notice
    EXPECT_EQ(pool->idle(), 2U);
    running_fetch running{pool, backend.address(), question()};
    auto third = co_await backend.accept();
    const auto head = co_await third.read_head();
    EXPECT_TRUE(head.starts_with("GET /health ")) << head;
    third.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew");
    const auto result = co_await running.result();
    EXPECT_TRUE(result.ok()) << result.message;
    EXPECT_EQ(result.body, "new");
  });
}

TEST_F(fetches, take_no_kept_connection_for_what_changes_something) {
  run([&]() -> task<void> {
    static const char* const methods[] = {"POST", "PUT", "PATCH", "DELETE"};
    for (const char* method : methods) {
      loopback_backend backend{runner.io()};
      auto pool = make_pool();
      running_fetch before{pool, backend.address(), question()};
      auto kept = co_await backend.accept();
      co_await kept.read_head();
      kept.send("HTTP/1.1 204 No Content\r\n\r\n");
      co_await before.result();
      EXPECT_EQ(pool->idle(), 1U);
      auto request = question();
      request.method = method;
      running_fetch running{pool, backend.address(), std::move(request)};
      auto other = co_await backend.accept();
      co_await other.read_head();
      other->close();
      const auto result = co_await running.result();
      EXPECT_EQ(result.error, fetch_error::reset) << method;
      EXPECT_FALSE(backend.try_accept()) << "not sent again: " << method;
      kept->close();
      while (pool->idle() > 0)
        co_await turn(runner.io());
    }
  });
}

TEST_F(fetches, do_not_ask_again_once_an_answer_has_begun) {
  run([&]() -> task<void> {
    loopback_backend backend{runner.io()};
    auto pool = make_pool();
    running_fetch before{pool, backend.address(), question()};
    auto other = co_await backend.accept();
    co_await other.read_head();
    other.send("HTTP/1.1 204 No Content\r\n\r\n");
    co_await before.result();
    EXPECT_EQ(pool->idle(), 1U);
    running_fetch running{pool, backend.address(), question()};
    co_await other.read_head();
    other.send("HTTP/1.1 2");
    other->shutdown_send();
    const auto result = co_await running.result();
    EXPECT_EQ(result.error, fetch_error::reset);
    EXPECT_FALSE(backend.try_accept());
  });
}

TEST_F(fetches, tell_that_nobody_listens) {
  run([&]() -> task<void> {
    const refusing_address nobody{runner.io()};
    auto pool = make_pool();
    running_fetch running{pool, nobody.address(), question()};
    const auto result = co_await running.result();
    EXPECT_EQ(result.error, fetch_error::connect_failure);
    EXPECT_FALSE(result.ok());
    EXPECT_EQ(result.status, 0U);
    EXPECT_EQ(result.message, net::error_code{net::asio::error::connection_refused}.message());
  });
}

// ---- broken answers ----

TEST_F(fetches, tell_that_an_answer_is_not_http) {
  run([&]() -> task<void> {
    auto pool = make_pool();
    static const char* const texts[] = {
        "SSH-2.0-OpenSSH_9.2\r\n\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent Length: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfive\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n"};
    for (const char* bytes : texts) {
      const auto result = co_await answered(pool, bytes);
      EXPECT_EQ(result.error, fetch_error::bad_response) << bytes;
      EXPECT_NE(result.message, "") << bytes;
      EXPECT_EQ(result.status, 0U) << bytes;
      EXPECT_EQ(result.body, "") << bytes;
    }
  });
}

TEST_F(fetches, refuse_an_endless_head_at_once) {
  const std::string many(40'000, 'x');
  run([&]() -> task<void> {
    loopback_backend backend{runner.io()};
    auto pool = make_pool();
    running_fetch running{pool, backend.address(), question()};
    auto other = co_await backend.accept();
    co_await other.read_head();
    other.send("HTTP/1.1 200 OK\r\nX-Long: " + many);
    const auto result = co_await running.result(); // the watchdog bites before the time limit
    EXPECT_EQ(result.error, fetch_error::bad_response);
  });
}

TEST_F(fetches, tell_that_the_connection_ended_too_early) {
  run([&]() -> task<void> {
    auto pool = make_pool();
    static const char* const texts[] = {
        "",
        "HTTP/1.1 200 OK\r\nContent-Le",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nnine byte",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n"};
    for (const char* bytes : texts) {
      const auto result = co_await answered(pool, bytes, true);
      EXPECT_EQ(result.error, fetch_error::reset) << bytes;
      EXPECT_NE(result.message, "") << bytes;
      EXPECT_EQ(result.body, "") << "half of an answer is none: " << bytes;
    }
  });
}

TEST_F(fetches, tell_a_reset) {
  run([&]() -> task<void> {
    static const char* const texts[] = {"", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"};
    for (const char* bytes : texts) {
      loopback_backend backend{runner.io()};
      auto pool = make_pool();
      running_fetch running{pool, backend.address(), question()};
      auto other = co_await backend.accept();
      co_await other.read_head();
      other.send(bytes);
      other->abort();
      const auto result = co_await running.result();
      EXPECT_EQ(result.error, fetch_error::reset) << bytes;
      EXPECT_FALSE(result.ok());
    }
  });
}

TEST_F(fetches, do_not_take_a_reset_for_the_end_of_a_body) {
  run([&]() -> task<void> {
    loopback_backend backend{runner.io()};
    auto pool = make_pool();
    running_fetch running{pool, backend.address(), question()};
    auto other = co_await backend.accept();
    co_await other.read_head();
    other.send("HTTP/1.1 200 OK\r\n\r\nhalf of it");
    co_await turn(runner.io());
    other->abort();
    const auto result = co_await running.result();
    EXPECT_EQ(result.error, fetch_error::reset);
    EXPECT_EQ(result.body, "");
  });
}

// ---- the bound on bodies ----

TEST_F(fetches, take_a_body_up_to_the_bound_and_no_larger_one) {
  run([&]() -> task<void> {
    auto pool = make_pool();
    static const char* const answers[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n12345678",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n1234\r\n4\r\n5678\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n12345678"};
    for (const char* answer : answers) {
      const auto fits = co_await answered(pool, answer, true, 8);
      EXPECT_TRUE(fits.ok()) << answer << fits.message;
      EXPECT_EQ(fits.body, "12345678");
      const auto exceeds = co_await answered(pool, answer, true, 7);
      EXPECT_EQ(exceeds.error, fetch_error::too_large) << answer;
      EXPECT_NE(exceeds.message, "");
      EXPECT_EQ(exceeds.body, "");
    }
  });
}

TEST_F(fetches, do_not_wait_for_the_rest_of_a_body_that_is_too_large) {
  run([&]() -> task<void> {
    loopback_backend backend{runner.io()};
    auto pool = make_pool();
    auto request = question();
    request.max_body = 100;
    running_fetch running{pool, backend.address(), std::move(request)};
    auto other = co_await backend.accept();
    co_await other.read_head();
    other.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + std::string(101, 'x'));
    const auto result = co_await running.result();
    EXPECT_EQ(result.error, fetch_error::too_large);
    EXPECT_EQ(pool->idle(), 0U) << "the rest would come on it";
    co_await other.read_to_end();
  });
}

TEST_F(fetches, tell_the_status_of_an_answer_that_is_too_large) {
  run([&]() -> task<void> {
    auto pool = make_pool();
    const auto result =
        co_await answered(pool, "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n12345678", false, 7);
    EXPECT_EQ(result.error, fetch_error::too_large);
    EXPECT_EQ(result.status, 200U);
  });
}

// ---- the time limit ----

TEST_F(fetches, end_when_their_time_is_over_in_whatever_phase) {
  run([&]() -> task<void> {
    static const char* const beginnings[] = {
        "", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        "HTTP/1.1 200 OK\r\n\r\nno end"};
    for (const char* begun : beginnings) {
      loopback_backend backend{runner.io()};
      auto pool = make_pool();
      const auto started = net::io_thread::now();
      running_fetch running{pool, backend.address(), question(soon)};
      auto other = co_await backend.accept();
      co_await other.read_head();
      other.send(begun);
      const auto result = co_await running.result();
      EXPECT_GE(net::io_thread::now() - started, soon) << "not before its time: " << begun;
      EXPECT_EQ(result.error, fetch_error::timeout) << begun;
      EXPECT_NE(result.message, "");
      EXPECT_EQ(result.body, "");
      EXPECT_EQ(active.value(), 0);
      EXPECT_EQ(pool->idle(), 0U) << "the rest of the answer may still come";
      co_await other.read_to_end();
    }
  });
}

TEST_F(fetches, end_when_their_time_is_over_while_they_connect) {
  run([&]() -> task<void> {
    // Nobody accepts and the backlog is full: connections stay half open.
    net::asio::basic_socket_acceptor<net::tcp, net::asio::io_context::executor_type> full{
        runner.io().executor()};
    full.open(net::tcp::v4());
    full.bind({net::asio::ip::address_v4::loopback(), 0});
    full.listen(0);
    auto pool = make_pool();
    std::vector<running_fetch> all;
    for (int i = 0; i < 4; ++i)
      all.emplace_back(pool, full.local_endpoint(), question(soon));
    for (auto& one : all) {
      const auto result = co_await one.result();
      EXPECT_EQ(result.error, fetch_error::timeout) << result.message;
    }
    EXPECT_EQ(active.value(), 0);
  });
}

TEST_F(fetches, end_soon_when_their_time_was_over_before) {
  run([&]() -> task<void> {
    loopback_backend backend{runner.io()};
    auto pool = make_pool();
    running_fetch running{pool, backend.address(), question(-1'000'000'000)};
    const auto result = co_await running.result();
    EXPECT_EQ(result.error, fetch_error::timeout);
  });
}

TEST_F(fetches, are_not_disturbed_by_a_time_limit_that_passes_afterwards) {
  run([&]() -> task<void> {
    loopback_backend backend{runner.io()};
    auto pool = make_pool();
    running_fetch early{pool, backend.address(), question(soon)};
    auto first = co_await backend.accept();
    running_fetch late{pool, backend.address(), question(soon + net::timer_wheel::tick)};
    auto second = co_await backend.accept();
    co_await first.read_head();
    first.send("HTTP/1.1 204 No Content\r\n\r\n");
    const auto result = co_await early.result();
    EXPECT_TRUE(result.ok());
    EXPECT_EQ(pool->idle(), 1U);
    const auto timed_out = co_await late.result(); // so the first one's time is over, too
    EXPECT_EQ(timed_out.error, fetch_error::timeout);
    EXPECT_EQ(pool->idle(), 1U) << "what was given back is not the fetch's any more";
    EXPECT_TRUE(early.done());
  });
}

// ---- canceling ----

TEST_F(fetches, end_when_they_are_canceled_in_whatever_phase) {
  run([&]() -> task<void> {
    static const char* const beginnings[] = {"", "HTTP/1.1 200 OK\r\nContent-Le",
                                             "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"};
    for (const char* begun : beginnings) {
      loopback_backend backend{runner.io()};
      auto pool = make_pool();
      auto cancel = net::make_local<canceler>();
      running_fetch running{pool, backend.address(), question(), cancel};
      auto other = co_await backend.accept();
      co_await other.read_head();
      other.send(begun);
      co_await turn(runner.io());
      EXPECT_FALSE(running.done());
      EXPECT_FALSE(cancel->canceled());
      cancel->cancel();
      EXPECT_TRUE(cancel->canceled());
      EXPECT_TRUE(running.done()) << "at once";
      const auto result = co_await running.result();
      EXPECT_EQ(result.error, fetch_error::canceled);
      EXPECT_NE(result.message, "");
      EXPECT_EQ(pool->idle(), 0U);
      EXPECT_EQ(active.value(), 0);
      co_await other.read_to_end();
    }
  });
}

TEST_F(fetches, end_when_they_are_canceled_while_they_connect) {
  run([&]() -> task<void> {
    loopback_backend backend{runner.io()};
    auto pool = make_pool();
    auto cancel = net::make_local<canceler>();
    running_fetch running{pool, backend.address(), question(), cancel};
    EXPECT_EQ(active.value(), 1);
    cancel->cancel();
    EXPECT_TRUE(running.done());
    const auto result = co_await running.result();
    EXPECT_EQ(result.error, fetch_error::canceled);
  });
}

TEST_F(fetches, share_a_canceler_that_ends_them_all_and_those_to_come) {
  run([&]() -> task<void> {
    loopback_backend backend{runner.io()};
    auto pool = make_pool();
    auto cancel = net::make_local<canceler>();
    running_fetch finished{pool, backend.address(), question(), cancel};
    auto peer_of_finished = co_await backend.accept();
    co_await peer_of_finished.read_head();
    peer_of_finished.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    const auto good = co_await finished.result();
    EXPECT_TRUE(good.ok());
    std::vector<running_fetch> all;
    std::vector<peer> peers;
    for (int i = 0; i < 3; ++i) {
      all.emplace_back(pool, backend.address(), question(), cancel);
      auto other_end = co_await backend.accept();
      peers.push_back(std::move(other_end));
    }
    running_fetch other{pool, backend.address(), question()}; // has none
    auto peer_of_other = co_await backend.accept();
    for (auto& one : peers)
      co_await one.read_head();
    cancel->cancel();
    for (auto& one : all) {
      const auto result = co_await one.result();
      EXPECT_EQ(result.error, fetch_error::canceled);
    }
    EXPECT_FALSE(other.done());
    running_fetch later{pool, backend.address(), question(), cancel};
    const auto result = co_await later.result();
    EXPECT_EQ(result.error, fetch_error::canceled);
    cancel->cancel(); // of no effect
    co_await peer_of_other.read_head();
    peer_of_other.send("HTTP/1.1 204 No Content\r\n\r\n");
    const auto untouched = co_await other.result();
    EXPECT_TRUE(untouched.ok()) << untouched.message;
  });
}

// ---- TLS ----

struct secure_fetches : fetches {
  pool_ptr make_tls_pool(const std::string& server_name) {
    pool_options options;
    options.idle_timeout = 60'000'000'000;
    options.idle = idle;
    options.active = active;
    options.tls = std::make_shared<net::asio::ssl::context>(net::asio::ssl::context::tls_client);
    options.tls->add_certificate_authority(net::asio::buffer(made.pem));
    options.server_name = server_name;
    return net::make_local<upstream_pool>(runner.io(), options);
  }
  std::shared_ptr<net::asio::ssl::context> server() const {
    auto context = std::make_shared<net::asio::ssl::context>(net::asio::ssl::context::tls_server);
    context->use_certificate_chain(net::asio::buffer(made.pem));
    context->use_private_key(net::asio::buffer(made.key), net::asio::ssl::context::pem);
    return context;
  }

  const test::certificate made = test::make_certificate("backend.example");
};

TEST_F(secure_fetches, ask_over_tls_and_keep_the_connection) {
  run([&]() -> task<void> {
    loopback_backend backend{runner.io()};
    auto pool = make_tls_pool("backend.example");
    std::optional<peer> other;
    for (int i = 0; i < 2; ++i) {
      running_fetch running{pool, backend.address(), question()};
      if (!other) {
        auto accepted = co_await backend.accept();
        other.emplace(std::move(accepted));
        (*other)->handshake(server(), false);
        while ((*other)->opening())
          co_await other->wake()->wait();
      }
      const auto head = co_await other->read_head();
      EXPECT_TRUE(head.starts_with("GET /health HTTP/1.1\r\n")) << head;
      std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret";
      co_await other->send_all(std::move(answer));
      const auto result = co_await running.result();
      EXPECT_TRUE(result.ok()) << result.message;
      EXPECT_EQ(result.body, "secret");
      EXPECT_EQ(pool->idle(), 1U);
    }
  });
}

TEST_F(secure_fetches, take_nothing_but_close_notify_for_the_end_of_a_body) {
  run([&]() -> task<void> {
    static const bool ways[] = {true, false};
    for (const bool notified : ways) {
      loopback_backend backend{runner.io()};
      auto pool = make_tls_pool("backend.example");
      running_fetch running{pool, backend.address(), question()};
      auto other = co_await backend.accept();
      other->handshake(server(), false);
      while (other->opening())
        co_await other.wake()->wait();
      co_await other.read_head();
      std::string answer = "HTTP/1.1 200 OK\r\n\r\nuntil the end";
      co_await other.send_all(std::move(answer));
      if (notified)
        other->shutdown_send();
      else
        other->close();
      const auto result = co_await running.result();
      EXPECT_EQ(result.error, notified ? fetch_error::none : fetch_error::reset);
      EXPECT_EQ(result.body, notified ? "until the end" : "");
    }
  });
}

TEST_F(secure_fetches, do_not_ask_whom_they_cannot_trust) {
  run([&]() -> task<void> {
    loopback_backend backend{runner.io()};
    auto pool = make_tls_pool("other.example");
    running_fetch running{pool, backend.address(), question()};
    auto other = co_await backend.accept();
    other->handshake(server(), false);
    const auto result = co_await running.result();
    EXPECT_EQ(result.error, fetch_error::connect_failure);
    EXPECT_NE(result.message, "");
    while (other->opening())
      co_await other.wake()->wait();
    const auto head = co_await other.read_head();
    EXPECT_EQ(head, "") << "not a byte of the request";
  });
}

TEST_F(secure_fetches, tell_that_nobody_listens) {
  run([&]() -> task<void> {
    const refusing_address nobody{runner.io()};
    auto pool = make_tls_pool("backend.example");
    running_fetch running{pool, nobody.address(), question()};
    const auto result = co_await running.result();
    EXPECT_EQ(result.error, fetch_error::connect_failure);
    EXPECT_EQ(result.message, net::error_code{net::asio::error::connection_refused}.message())
        << "not what became of a handshake without a connection";
  });
}

TEST_F(secure_fetches, end_when_their_time_is_over_while_they_shake_hands) {
  run([&]() -> task<void> {
    loopback_backend backend{runner.io()};
    auto pool = make_tls_pool("backend.example");
    running_fetch running{pool, backend.address(), question(soon)};
    auto silent = co_await backend.accept();
    const auto result = co_await running.result();
    EXPECT_EQ(result.error, fetch_error::timeout);
    co_await silent.read_to_end();
  });
}

} // namespace
} // namespace synapse::client
