#include "http/client/upstream_pool.hpp"
#include "telemetry/metric_registry.hpp"
#include "tests/http/client/loopback.hpp"
#include "tests/support/io_runner.hpp"
#include "tests/support/self_signed.hpp"
#include "tests/support/watchdog.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace synapse::client {
namespace {

using net::task;
using pool_ptr = net::local_ptr<upstream_pool>;

/// Waits until connecting (or shaking hands) has ended in whatever way.
task<void> opened(connection_ptr connection, net::wake_ptr wake) {
  while (connection->opening())
    co_await wake->wait();
}

/// A pool and backends on one I/O thread. Every test ends with no connection counted.
struct upstream_pools : testing::Test {
  void TearDown() override {
    runner.call([] {}); // what woke the test last has ended, too
    EXPECT_EQ(idle.value(), 0) << "every kept connection has been counted out";
    EXPECT_EQ(active.value(), 0) << "every connection in use has been counted out";
  }

  void run(std::function<task<void>()> work) { runner.run(std::move(work)); }

  pool_options options() const {
    pool_options result;
    result.idle_timeout = 60'000'000'000; // what is to be closed is closed for another reason
    result.idle = idle;
    result.active = active;
    return result;
  }
  pool_ptr make_pool(std::size_t max_idle = 8) {
    auto chosen = options();
    chosen.max_idle = max_idle;
    return net::make_local<upstream_pool>(runner.io(), chosen);
  }

  /// A new, connected connection.
  task<connection_ptr> connect(pool_ptr pool, net::tcp::endpoint address) {
    auto wake = net::make_local<net::wake_point>();
    auto connection = pool->open(address, wake);
    co_await opened(connection, wake);
    EXPECT_FALSE(connection->open_error()) << connection->open_error().message();
    co_return connection;
  }

  test::watchdog dog;
  telemetry::metric_registry metrics{1};
  telemetry::gauge idle = metrics.gauges("idle", "kept").with({});
  telemetry::gauge active = metrics.gauges("active", "in use").with({});
  test::io_runner runner; ///< last: nothing runs on it any more when the others go
};

// ---- opening ----

TEST_F(upstream_pools, open_connections_and_tell_when_they_stand) {
  run([&]() -> task<void> {
    loopback_backend backend{runner.io()};
    auto pool = make_pool();
    auto wake = net::make_local<net::wake_point>();
    auto connection = pool->open(backend.address(), wake);
    EXPECT_TRUE(connection->opening());
    EXPECT_EQ(active.value(), 1) << "counts from its beginning";
    co_await opened(connection, wake);
    EXPECT_FALSE(connection->open_error());
    EXPECT_EQ(connection->address(), backend.address());
    EXPECT_FALSE(connection->reused());
    EXPECT_EQ(pool->idle(), 0U);
    auto other = co_await backend.accept();
    other.send("hello");
    while (connection->input() != "hello") {
      connection->read();
      co_await wake->wait(); // the same one tells about input
    }
    pool->discard(std::move(connection));
    EXPECT_EQ(active.value(), 0);
    EXPECT_EQ(idle.value(), 0);
  });
}

TEST_F(upstream_pools, tell_why_a_connection_failed) {
  run([&]() -> task<void> {
    const refusing_address nobody{runner.io()};
    auto pool = make_pool();
    auto wake = net::make_local<net::wake_point>();
    auto connection = pool->open(nobody.address(), wake);
    co_await opened(connection, wake);
    EXPECT_EQ(connection->open_error(), net::asio::error::connection_refused);
    EXPECT_EQ(active.value(), 1) << "until it is discarded";
    pool->discard(std::move(connection));
  });
}

TEST_F(upstream_pools, let_go_of_a_connection_that_is_still_opening) {
  run([&]() -> task<void> {
    loopback_backend backend{runner.io()};
    auto pool = make_pool();
    auto wake = net::make_local<net::wake_point>();
    auto connection = pool->open(backend.address(), wake);
    auto watched = connection;
    pool->discard(std::move(connection));
    EXPECT_FALSE(watched->is_open());
    EXPECT_EQ(active.value(), 0);
    while (watched->opening())
      co_await turn(runner.io());
    EXPECT_TRUE(watched->open_error());
    EXPECT_EQ(pool->idle(), 0U);
  });
}

// ---- taking ----

TEST_F(upstream_pools, give_the_most_recently_used_connection_first) {
  run([&]() -> task<void> {
    loopback_backend backend{runner.io()};
    auto pool = make_pool();
    std::vector<connection_ptr> all;
    for (int i = 0; i < 3; ++i) {
      auto one = co_await connect(pool, backend.address());
      all.push_back(one);
    }
    EXPECT_EQ(active.value(), 3);
    static constexpr std::size_t given_back[] = {1, 0, 2};
    for (const auto i : given_back)
      pool->give_back(all[i]);
    EXPECT_EQ(pool->idle(), 3U);
    EXPECT_EQ(idle.value(), 3);
    EXPECT_EQ(active.value(), 0);
    auto first = pool->take(backend.address());
    EXPECT_EQ(first, all[2]);
    pool->give_back(std::move(first));
    std::vector<connection_ptr> taken;
    static constexpr std::size_t order[] = {2, 0, 1};
    for (const auto expected : order) {
      taken.push_back(pool->take(backend.address()));
      EXPECT_EQ(taken.back(), all[expected]);
    }
    EXPECT_EQ(active.value(), 3);
    EXPECT_EQ(idle.value(), 0);
    EXPECT_FALSE(pool->take(backend.address()));
    EXPECT_EQ(active.value(), 3) << "nothing was taken";
    for (auto& one : taken)
      pool->discard(std::move(one));
  });
}

TEST_F(upstream_pools, hand_out_kept_connections_that_work) {
  run([&]() -> task<void> {
    loopback_backend backend{runner.io()};
    auto pool = make_pool();
    auto kept = co_await connect(pool, backend.address());
    auto other = co_await backend.accept();
    pool->give_back(std::move(kept));
    EXPECT_EQ(pool->idle(), 1U);
    for (int round = 0; round < 3; ++round) {
      auto wake = net::make_local<net::wake_point>();
      auto connection = pool->take(backend.address());
      if (!connection) {
        ADD_FAILURE() << "none was kept";
        co_return;
      }
      EXPECT_TRUE(connection->reused()) << "it may be stale";
      connection->attach(wake);
      const std::string_view question = "question?";
      connection->write({&question, 1});
      const auto asked = co_await other.read_until("?");
      EXPECT_EQ(asked, "question?");
      other.send("answer!");
      while (!connection->input().ends_with("!")) {
        connection->read();
        co_await wake->wait();
      }
      EXPECT_EQ(connection->input(), "answer!");
      connection->consume(connection->input().size());
      pool->give_back(std::move(connection));
      EXPECT_EQ(pool->idle(), 1U);
    }
    EXPECT_FALSE(backend.try_accept()) << "one connection for all";
  });
}

TEST_F(upstream_pools, keep_different_addresses_apart) {
  run([&]() -> task<void> {
    loopback_backend one{runner.io()};
    loopback_backend two{runner.io()};
    auto pool = make_pool();
    auto a1 = co_await connect(pool, one.address());
    auto b1 = co_await connect(pool, two.address());
    auto a2 = co_await connect(pool, one.address());
    pool->give_back(a1);
    EXPECT_FALSE(pool->take(two.address()));
    pool->give_back(a2);
    pool->give_back(b1);
    EXPECT_EQ(pool->idle(), 3U);
    auto first = pool->take(one.address());
    EXPECT_EQ(first, a2) << "the most recent one of that address";
    auto second = pool->take(one.address());
    EXPECT_EQ(second, a1);
    EXPECT_FALSE(pool->take(one.address()));
    EXPECT_EQ(pool->idle(), 1U);
    // The same port of another host is another address.
    net::tcp::endpoint elsewhere{net::asio::ip::make_address_v4("127.0.0.2"), two.address().port()};
    EXPECT_FALSE(pool->take(elsewhere));
    auto third = pool->take(two.address());
    EXPECT_EQ(third, b1);
    pool->discard(std::move(first));
    pool->discard(std::move(second));
    pool->discard(std::move(third));
  });
}

// ---- room ----

TEST_F(upstream_pools, keep_no_more_than_they_may_and_drop_the_oldest) {
  run([&]() -> task<void> {
    loopback_backend backend{runner.io()};
    auto pool = make_pool(2);
    std::vector<connection_ptr> all;
    std::vector<peer> peers;
    for (int i = 0; i < 3; ++i) {
      auto one = co_await connect(pool, backend.address());
      all.push_back(one);
      auto other_end = co_await backend.accept();
      peers.push_back(std::move(other_end));
    }
    for (const auto& one : all) {
      pool->give_back(one);
      EXPECT_EQ(static_cast<std::size_t>(idle.value()), pool->idle());
    }
    EXPECT_EQ(pool->idle(), 2U);
    EXPECT_EQ(active.value(), 0);
    EXPECT_FALSE(all[0]->is_open());
    const auto got = co_await peers[0].read_to_end();
    EXPECT_EQ(got, 0U);
    EXPECT_FALSE(peers[0]->read_error()) << "in the orderly way";
    EXPECT_TRUE(all[1]->is_open());
    EXPECT_TRUE(all[2]->is_open());
    auto taken = pool->take(backend.address());
    EXPECT_EQ(taken, all[2]);
    pool->give_back(std::move(taken));
  });
}

TEST_F(upstream_pools, keep_nothing_when_they_may_not) {
  run([&]() -> task<void> {
    loopback_backend backend{runner.io()};
    auto pool = make_pool(0);
    auto connection = co_await connect(pool, backend.address());
    auto other = co_await backend.accept();
    pool->give_back(std::move(connection));
    EXPECT_EQ(pool->idle(), 0U);
    EXPECT_EQ(active.value(), 0);
    EXPECT_FALSE(pool->take(backend.address()));
    const auto got = co_await other.read_to_end();
    EXPECT_EQ(got, 0U);
  });
}

// ---- idle time ----

TEST_F(upstream_pools, close_what_was_idle_for_too_long_and_nothing_else) {
  run([&]() -> task<void> {
    constexpr net::time_ns limit = 40'000'000;
    loopback_backend backend{runner.io()};
    auto chosen = options();
    chosen.idle_timeout = limit;
    auto pool = net::make_local<upstream_pool>(runner.io(), chosen);
    auto used = co_await connect(pool, backend.address());
    auto peer_of_used = co_await backend.accept();
    auto left = co_await connect(pool, backend.address());
    auto peer_of_left = co_await backend.accept();
    const auto given_back = net::io_thread::now();
    pool->give_back(left);
    pool->give_back(used);
    EXPECT_EQ(pool->take(backend.address()), used);
    const auto got = co_await peer_of_left.read_to_end();
    EXPECT_EQ(got, 0U);
    EXPECT_FALSE(peer_of_left->read_error());
    // With a precision of one tick.
    EXPECT_GE(net::io_thread::now() - given_back, limit - net::timer_wheel::tick);
    EXPECT_EQ(pool->idle(), 0U);
    EXPECT_EQ(idle.value(), 0);
    EXPECT_TRUE(used->is_open()) << "a connection in use has no idle time";
    // Its time begins anew when it is given back.
    const auto again = net::io_thread::now();
    pool->give_back(std::move(used));
    EXPECT_EQ(pool->idle(), 1U);
    co_await peer_of_used.read_to_end();
    EXPECT_GE(net::io_thread::now() - again, limit - net::timer_wheel::tick);
    EXPECT_EQ(pool->idle(), 0U);
  });
}

// ---- connections that end by themselves ----

TEST_F(upstream_pools, forget_an_idle_connection_that_its_backend_ends) {
  const std::pair<const char*, void (*)(peer&)> ways[] = {
      {"FIN", [](peer& other) { other->shutdown_send(); }},
      {"closed", [](peer& other) { other->close(); }},
      {"RST", [](peer& other) { other->abort(); }},
      {"bytes nobody asked for", [](peer& other) { other.send("HTTP/1.1 408 \r\n\r\n"); }},
  };
  for (const auto& way : ways)
    run([&]() -> task<void> {
      SCOPED_TRACE(way.first);
      loopback_backend backend{runner.io()};
      auto pool = make_pool();
      std::vector<connection_ptr> all;
      std::vector<peer> peers;
      for (int i = 0; i < 3; ++i) {
        auto one = co_await connect(pool, backend.address());
        all.push_back(one);
        auto other_end = co_await backend.accept();
        peers.push_back(std::move(other_end));
      }
      for (const auto& one : all)
        pool->give_back(one);
      way.second(peers[1]);
      while (pool->idle() == 3)
        co_await turn(runner.io());
      EXPECT_EQ(idle.value(), 2);
      EXPECT_EQ(active.value(), 0);
      EXPECT_FALSE(all[1]->is_open());
      auto first = pool->take(backend.address());
      auto second = pool->take(backend.address());
      EXPECT_EQ(first, all[2]);
      EXPECT_EQ(second, all[0]);
      EXPECT_FALSE(pool->take(backend.address()));
      pool->discard(std::move(first));
      pool->discard(std::move(second));
    });
}

TEST_F(upstream_pools, notice_every_connection_that_ends_at_once) {
  run([&]() -> task<void> {
    loopback_backend backend{runner.io()};
    auto pool = make_pool();
    std::vector<connection_ptr> all;
    std::vector<peer> peers;
    for (int i = 0; i < 8; ++i) {
      auto one = co_await connect(pool, backend.address());
      all.push_back(std::move(one));
      auto other_end = co_await backend.accept();
      peers.push_back(std::move(other_end));
    }
    for (auto& one : all)
      pool->give_back(std::move(one));
    EXPECT_EQ(idle.value(), 8);
    peers.clear(); // a backend that restarts
    while (pool->idle() > 0)
      co_await turn(runner.io());
    EXPECT_EQ(idle.value(), 0);
    EXPECT_FALSE(pool->take(backend.address()));
  });
}

// ---- connections that cannot be kept ----

TEST_F(upstream_pools, close_a_connection_with_bytes_that_nobody_has_read) {
  run([&]() -> task<void> {
    loopback_backend backend{runner.io()};
    auto pool = make_pool();
    auto wake = net::make_local<net::wake_point>();
    auto connection = co_await connect(pool, backend.address());
    auto other = co_await backend.accept();
    connection->attach(wake);
    other.send("answer and more");
    while (connection->input().size() < 15) {
      connection->read();
      co_await wake->wait();
    }
    connection->consume(6);
    pool->give_back(std::move(connection));
    EXPECT_EQ(pool->idle(), 0U) << "the rest would be taken for the next answer";
    EXPECT_EQ(active.value(), 0);
    co_await other.read_to_end();
  });
}

TEST_F(upstream_pools, close_a_connection_that_has_ended) {
  run([&]() -> task<void> {
    loopback_backend backend{runner.io()};
    auto pool = make_pool();
    auto wake = net::make_local<net::wake_point>();
    auto connection = co_await connect(pool, backend.address());
    auto other = co_await backend.accept();
    connection->attach(wake);
    other->shutdown_send();
    while (!connection->ended()) {
      connection->read();
      co_await wake->wait();
    }
    pool->give_back(std::move(connection));
    EXPECT_EQ(pool->idle(), 0U);
    co_await other.read_to_end();
    auto closed = co_await connect(pool, backend.address());
    closed->close();
    pool->give_back(std::move(closed));
    EXPECT_EQ(pool->idle(), 0U);
  });
}

TEST_F(upstream_pools, reset_a_connection_whose_request_is_not_written_yet) {
  const std::string much(2'000'000, 'x');
  for (const bool given_back : {true, false})
    run([&]() -> task<void> {
      loopback_backend backend{runner.io(), 4096};
      auto pool = make_pool();
      auto connection = co_await connect(pool, backend.address());
      auto other = co_await backend.accept();
      net::error_code ignored;
      connection->stream().set_option(net::asio::socket_base::send_buffer_size(4096), ignored);
      const std::string_view piece = much;
      EXPECT_FALSE(connection->write({&piece, 1})) << "more than the kernel takes";
      if (given_back)
        pool->give_back(std::move(connection));
      else
        pool->discard(std::move(connection));
      EXPECT_EQ(pool->idle(), 0U);
      EXPECT_EQ(active.value(), 0);
      const auto got = co_await other.read_to_end();
      EXPECT_LT(got, much.size());
      EXPECT_EQ(other->read_error(), net::asio::error::connection_reset)
          << "an orderly close would look like the end of the request";
    });
}

// ---- discarding ----

TEST_F(upstream_pools, reset_what_the_backend_has_not_taken) {
  const std::string request(64 * 1024, 'x');
  run([&]() -> task<void> {
    loopback_backend backend{runner.io(), 4096};
    auto pool = make_pool();
    auto connection = co_await connect(pool, backend.address());
    auto other = co_await backend.accept();
    net::error_code ignored;
    connection->stream().set_option(net::asio::socket_base::send_buffer_size(512 * 1024), ignored);
    const std::string_view piece = request;
    EXPECT_TRUE(connection->write({&piece, 1})) << "all of it is in the kernel";
    EXPECT_FALSE(connection->writing());
    EXPECT_GT(connection->unsent(), 0U) << "but more than the backend has room for";
    pool->discard(std::move(connection));
    EXPECT_EQ(active.value(), 0);
    const auto got = co_await other.read_to_end();
    EXPECT_LT(got, request.size()) << "an orderly close would go on sending";
    EXPECT_EQ(other->read_error(), net::asio::error::connection_reset);
  });
}

TEST_F(upstream_pools, close_what_the_backend_has_taken_in_the_orderly_way) {
  run([&]() -> task<void> {
    loopback_backend backend{runner.io()};
    auto pool = make_pool();
    auto wake = net::make_local<net::wake_point>();
    auto connection = co_await connect(pool, backend.address());
    auto other = co_await backend.accept();
    connection->attach(wake);
    const std::string_view question = "question?";
    connection->write({&question, 1});
    const auto asked = co_await other.read_until("?");
    EXPECT_EQ(asked, "question?");
    other.send("answer"); // and with it goes the acknowledgement
    while (connection->input() != "answer") {
      connection->read();
      co_await wake->wait();
    }
    connection->consume(6);
    EXPECT_EQ(connection->unsent(), 0U);
    auto watched = connection;
    pool->discard(std::move(connection));
    EXPECT_FALSE(watched->is_open());
    co_await other.read_to_end();
    EXPECT_FALSE(other->read_error()) << other->read_error().message();
    while (watched->reading())
      co_await turn(runner.io());
    EXPECT_EQ(pool->idle(), 0U);
  });
}

TEST_F(upstream_pools, wake_nobody_about_what_was_discarded_or_given_back) {
  run([&]() -> task<void> {
    loopback_backend backend{runner.io()};
    auto pool = make_pool();
    for (int i = 0; i < 2; ++i) {
      const bool keep = i == 0;
      auto wake = net::make_local<net::wake_point>();
      auto connection = pool->open(backend.address(), wake);
      co_await opened(connection, wake);
      auto other = co_await backend.accept();
      connection->read();
      auto watched = connection;
      if (keep)
        pool->give_back(std::move(connection));
      else
        pool->discard(std::move(connection));
      other->close();
      while (!watched->ended())
        co_await turn(runner.io());
      EXPECT_FALSE(wake->wait().await_ready()) << "whoever used it has gone on";
    }
  });
}

// ---- the end of a pool ----

TEST_F(upstream_pools, close_what_they_keep_when_they_go) {
  run([&]() -> task<void> {
    loopback_backend backend{runner.io()};
    auto pool = make_pool();
    std::vector<connection_ptr> all;
    std::vector<peer> peers;
    for (int i = 0; i < 3; ++i) {
      auto one = co_await connect(pool, backend.address());
      all.push_back(std::move(one));
      auto other_end = co_await backend.accept();
      peers.push_back(std::move(other_end));
    }
    auto watched = all[1];
    for (auto& one : all)
      pool->give_back(std::move(one));
    all.clear();
    EXPECT_EQ(idle.value(), 3);
    pool.reset();
    EXPECT_EQ(idle.value(), 0);
    EXPECT_FALSE(watched->is_open());
    // Their reads end after the pool has: nobody may look for it.
    while (watched->reading())
      co_await turn(runner.io());
    for (auto& one : peers) {
      co_await one.read_to_end();
      EXPECT_FALSE(one->read_error());
    }
  });
}

TEST_F(upstream_pools, leave_no_timer_that_looks_for_them) {
  run([&]() -> task<void> {
    // The connection outlives its pool and the time it might have been idle; a second pool's
    // connection, given back later, tells when that time is over.
    loopback_backend backend{runner.io()};
    auto chosen = options();
    chosen.idle_timeout = 30'000'000;
    auto first = net::make_local<upstream_pool>(runner.io(), chosen);
    auto second = net::make_local<upstream_pool>(runner.io(), chosen);
    auto survivor = co_await connect(first, backend.address());
    auto peer_of_survivor = co_await backend.accept();
    auto clock = co_await connect(second, backend.address());
    auto peer_of_clock = co_await backend.accept();
    first->give_back(survivor);
    first.reset();
    second->give_back(std::move(clock));
    co_await peer_of_clock.read_to_end();
    EXPECT_FALSE(survivor->is_open());
    EXPECT_EQ(second->idle(), 0U);
  });
}

// ---- TLS ----

struct secure_pools : upstream_pools {
  pool_ptr make_tls_pool(const std::string& server_name, bool trusting = true, bool verify = true) {
    auto chosen = options();
    chosen.tls = std::make_shared<net::asio::ssl::context>(net::asio::ssl::context::tls_client);
    if (trusting)
      chosen.tls->add_certificate_authority(net::asio::buffer(made.pem));
    chosen.server_name = server_name;
    chosen.verify = verify;
    return net::make_local<upstream_pool>(runner.io(), chosen);
  }

  /// For the backend's end; writes the name that it was asked for into `asked_for`.
  std::shared_ptr<net::asio::ssl::context> server() {
    auto context = std::make_shared<net::asio::ssl::context>(net::asio::ssl::context::tls_server);
    context->use_certificate_chain(net::asio::buffer(made.pem));
    context->use_private_key(net::asio::buffer(made.key), net::asio::ssl::context::pem);
    SSL_CTX_set_tlsext_servername_callback(
        context->native_handle(), +[](SSL* tls, int*, void* into) {
          const char* name = SSL_get_servername(tls, TLSEXT_NAMETYPE_host_name);
          *static_cast<std::string*>(into) = name ? name : "";
          return SSL_TLSEXT_ERR_OK;
        });
    SSL_CTX_set_tlsext_servername_arg(context->native_handle(), &asked_for);
    return context;
  }

  /// Opens and secures a connection, and lets it go. @returns how that ended for the pool's end.
  task<net::error_code> try_handshake(pool_ptr pool) {
    loopback_backend backend{runner.io()};
    auto wake = net::make_local<net::wake_point>();
    auto connection = pool->open(backend.address(), wake);
    co_await opened(connection, wake);
    EXPECT_TRUE(pool->secure(*connection));
    EXPECT_TRUE(connection->opening()) << "the handshake has been started";
    auto other = co_await backend.accept();
    other->handshake(server(), false);
    co_await opened(connection, wake);
    const auto result = connection->open_error();
    pool->discard(std::move(connection));
    while (other->opening())
      co_await other.wake()->wait();
    co_return result;
  }

  const test::certificate made = test::make_certificate("backend.example");
  std::string asked_for;
};

TEST_F(secure_pools, ask_for_and_verify_the_configured_name) {
  run([&]() -> task<void> {
    const auto right = co_await try_handshake(make_tls_pool("backend.example"));
    EXPECT_FALSE(right) << right.message();
    EXPECT_EQ(asked_for, "backend.example");
    const auto wrong = co_await try_handshake(make_tls_pool("other.example"));
    EXPECT_TRUE(wrong) << "the certificate is for somebody else";
    EXPECT_EQ(asked_for, "other.example");
    const auto untrusted = co_await try_handshake(make_tls_pool("backend.example", false));
    EXPECT_TRUE(untrusted) << "nobody vouches for it";
    const auto unverified = co_await try_handshake(make_tls_pool("other.example", false, false));
    EXPECT_FALSE(unverified) << unverified.message();
  });
}

TEST_F(secure_pools, secure_a_connection_once_and_keep_it) {
  run([&]() -> task<void> {
    loopback_backend backend{runner.io()};
    auto pool = make_tls_pool("backend.example");
    auto wake = net::make_local<net::wake_point>();
    auto connection = pool->open(backend.address(), wake);
    co_await opened(connection, wake);
    EXPECT_TRUE(pool->secure(*connection));
    auto other = co_await backend.accept();
    other->handshake(server(), false);
    co_await opened(connection, wake);
    while (other->opening())
      co_await other.wake()->wait();
    EXPECT_FALSE(connection->open_error()) << connection->open_error().message();
    EXPECT_FALSE(pool->secure(*connection)) << "it is";
    pool->give_back(std::move(connection));
    EXPECT_EQ(pool->idle(), 1U);
    connection = pool->take(backend.address());
    if (!connection) {
      ADD_FAILURE() << "it was not kept";
      co_return;
    }
    EXPECT_TRUE(connection->is_tls());
    EXPECT_FALSE(pool->secure(*connection));
    connection->attach(wake);
    const std::string text = "answer";
    co_await other.send_all(text);
    while (connection->input() != text) {
      connection->read();
      co_await wake->wait();
    }
    connection->consume(text.size());
    pool->give_back(std::move(connection));
    EXPECT_EQ(pool->idle(), 1U);
    other->shutdown_send(); // close_notify
    while (pool->idle() > 0)
      co_await turn(runner.io());
    EXPECT_EQ(idle.value(), 0);
  });
}

TEST_F(secure_pools, leave_plain_connections_as_they_are) {
  run([&]() -> task<void> {
    loopback_backend backend{runner.io()};
    auto pool = make_pool();
    auto connection = co_await connect(pool, backend.address());
    EXPECT_FALSE(pool->secure(*connection));
    EXPECT_FALSE(connection->opening());
    EXPECT_FALSE(connection->is_tls());
    pool->discard(std::move(connection));
  });
}

} // namespace
} // namespace synapse::client
