#include "http/client/connector.hpp"
#include "http/client/head_reader.hpp"
#include "http/core/replay.hpp"
#include "tests/http/client/loopback.hpp"
#include "tests/support/io_runner.hpp"
#include "tests/support/self_signed.hpp"
#include "tests/support/watchdog.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string_view>

namespace synapse::client {
namespace {

using net::task;

/// A pool and a backend that the test plays.
struct connectors : testing::Test {
  void run(std::function<task<void>()> work) { runner.run(std::move(work)); }

  net::local_ptr<upstream_pool> make_pool(pool_options options = {}) {
    options.idle_timeout = 60'000'000'000;
    return net::make_local<upstream_pool>(runner.io(), std::move(options));
  }
  static task<open_step> open(upstream_pool& pool, upstream_connection& connection,
                              net::wake_ptr wake) {
    for (;;) {
      const auto how = open_further(pool, connection);
      if (how != open_step::more)
        co_return how;
      co_await wake->wait();
    }
  }

  test::watchdog dog;
  test::io_runner runner; ///< last: nothing runs on it any more when the others go
};

// ---- new connections ----

TEST_F(connectors, open_a_connection_in_steps) {
  run([&]() -> task<void> {
    loopback_backend backend{runner.io()};
    auto pool = make_pool();
    auto wake = net::make_local<net::wake_point>();
    auto connection = pool->open(backend.address(), wake);
    EXPECT_EQ(open_further(*pool, *connection), open_step::more);
    EXPECT_EQ(open_further(*pool, *connection), open_step::more) << "as often as anybody asks";
    const auto how = co_await open(*pool, *connection, wake);
    EXPECT_EQ(how, open_step::open);
    EXPECT_EQ(open_further(*pool, *connection), open_step::open);
    EXPECT_FALSE(connection->is_tls());
    EXPECT_FALSE(connection->reused());
    auto other = co_await backend.accept();
    static constexpr std::string_view text = "hello";
    connection->write({&text, 1});
    const auto heard = co_await other.read_until("hello");
    EXPECT_EQ(heard, "hello");
    pool->discard(std::move(connection));
  });
}

TEST_F(connectors, tell_that_nobody_listens) {
  run([&]() -> task<void> {
    const refusing_address nobody{runner.io()};
    auto pool = make_pool();
    auto wake = net::make_local<net::wake_point>();
    auto connection = pool->open(nobody.address(), wake);
    const auto how = co_await open(*pool, *connection, wake);
    EXPECT_EQ(how, open_step::failed);
    EXPECT_EQ(connection->open_error(), net::asio::error::connection_refused);
    EXPECT_FALSE(connection->is_tls());
    EXPECT_EQ(open_further(*pool, *connection), open_step::failed) << "and stays so";
    pool->discard(std::move(connection));
  });
}

// ---- over TLS ----

struct secure_connectors : connectors {
  net::local_ptr<upstream_pool> make_tls_pool(const std::string& server_name) {
    pool_options options;
    options.tls = std::make_shared<net::asio::ssl::context>(net::asio::ssl::context::tls_client);
    options.tls->add_certificate_authority(net::asio::buffer(made.pem));
    options.server_name = server_name;
    return make_pool(std::move(options));
  }
  std::shared_ptr<net::asio::ssl::context> server() const {
    auto context = std::make_shared<net::asio::ssl::context>(net::asio::ssl::context::tls_server);
    context->use_certificate_chain(net::asio::buffer(made.pem));
    context->use_private_key(net::asio::buffer(made.key), net::asio::ssl::context::pem);
    return context;
  }
  const test::certificate made = test::make_certificate("backend.example");
};

TEST_F(secure_connectors, shake_hands_before_a_connection_is_open) {
  run([&]() -> task<void> {
    loopback_backend backend{runner.io()};
    auto pool = make_tls_pool("backend.example");
    auto wake = net::make_local<net::wake_point>();
    auto connection = pool->open(backend.address(), wake);
    auto other = co_await backend.accept();
    while (connection->opening())
      co_await wake->wait();
    EXPECT_FALSE(connection->is_tls()) << "TCP only";
    EXPECT_EQ(open_further(*pool, *connection), open_step::more);
    EXPECT_TRUE(connection->is_tls());
    other->handshake(server(), false);
    const auto how = co_await open(*pool, *connection, wake);
    EXPECT_EQ(how, open_step::open);
    EXPECT_EQ(open_further(*pool, *connection), open_step::open) << "no second handshake";
    pool->discard(std::move(connection));
  });
}

TEST_F(secure_connectors, tell_whom_they_cannot_trust) {
  run([&]() -> task<void> {
    loopback_backend backend{runner.io()};
    auto pool = make_tls_pool("other.example");
    auto wake = net::make_local<net::wake_point>();
    auto connection = pool->open(backend.address(), wake);
    auto other = co_await backend.accept();
    other->handshake(server(), false);
    const auto how = co_await open(*pool, *connection, wake);
    EXPECT_EQ(how, open_step::failed);
    EXPECT_TRUE(connection->is_tls()) << "it was no matter of TCP";
    EXPECT_TRUE(connection->open_error());
    pool->discard(std::move(connection));
    while (other->opening())
      co_await other.wake()->wait();
  });
}

TEST_F(secure_connectors, tell_that_nobody_listens_for_tls_either) {
  run([&]() -> task<void> {
    const refusing_address nobody{runner.io()};
    auto pool = make_tls_pool("backend.example");
    auto wake = net::make_local<net::wake_point>();
    auto connection = pool->open(nobody.address(), wake);
    const auto how = co_await open(*pool, *connection, wake);
    EXPECT_EQ(how, open_step::failed);
    EXPECT_EQ(connection->open_error(), net::asio::error::connection_refused);
    EXPECT_FALSE(connection->is_tls()) << "no handshake without a connection";
    pool->discard(std::move(connection));
  });
}

// ---- kept connections ----

struct kept_connections : connectors {
  /// An open connection lies in the pool.
  static task<peer> keep_one(upstream_pool& pool, loopback_backend& backend) {
    auto wake = net::make_local<net::wake_point>();
    auto connection = pool.open(backend.address(), wake);
    co_await open(pool, *connection, wake);
    pool.give_back(std::move(connection));
    EXPECT_EQ(pool.idle(), 1U);
    co_return co_await backend.accept();
  }
};

TEST_F(kept_connections, are_none_before_one_was_given_back) {
  run([&]() -> task<void> {
    loopback_backend backend{runner.io()};
    auto pool = make_pool();
    auto wake = net::make_local<net::wake_point>();
    EXPECT_FALSE(take_kept(*pool, backend.address(), wake));
    EXPECT_FALSE(backend.try_accept());
    co_return;
  });
}

TEST_F(kept_connections, tell_whoever_has_taken_them) {
  run([&]() -> task<void> {
    loopback_backend backend{runner.io()};
    auto pool = make_pool();
    auto other = co_await keep_one(*pool, backend);
    auto wake = net::make_local<net::wake_point>();
    auto connection = take_kept(*pool, backend.address(), wake);
    EXPECT_TRUE(connection);
    if (!connection)
      co_return;
    EXPECT_TRUE(connection->reused());
    EXPECT_EQ(pool->idle(), 0U);
    EXPECT_EQ(open_further(*pool, *connection), open_step::open);
    other.send("bytes");
    while (connection->input().empty())
      co_await wake->wait();
    EXPECT_EQ(connection->input(), "bytes");
    pool->discard(std::move(connection));
  });
}

TEST_F(kept_connections, that_are_stale_end_before_an_answer_and_are_replaced_once) {
  for (const bool by_reset : {false, true})
    run([&]() -> task<void> {
      loopback_backend backend{runner.io()};
      auto pool = make_pool();
      auto wake = net::make_local<net::wake_point>();
      auto other = co_await keep_one(*pool, backend);
      if (by_reset)
        other->abort();
      else
        other->close();
      // The pool has had no time to notice.
      auto connection = take_kept(*pool, backend.address(), wake);
      EXPECT_TRUE(connection);
      if (!connection)
        co_return;
      static constexpr std::string_view text = "POST / HTTP/1.1\r\nHost: x\r\n\r\n";
      connection->write({&text, 1});
      const http::head_limits limits;
      head_reader reader{limits};
      http::response_head answer;
      auto how = reader.step(*connection, answer);
      while (how == head_step::more) {
        connection->read();
        co_await wake->wait();
        how = reader.step(*connection, answer);
      }
      EXPECT_EQ(how, head_step::ended_before);
      http::lost_request lost;
      lost.method = http::verb::post;
      lost.sent_whole = true;
      lost.kept_connection = connection->reused();
      EXPECT_EQ(http::replay_of(lost), http::replay::at_once);
      lost.replaced = true;
      EXPECT_EQ(http::replay_of(lost), http::replay::never);
      pool->discard(std::move(connection));
    });
}

} // namespace
} // namespace synapse::client
