#include "http/net/transport.hpp"
#include "tests/support/io_runner.hpp"
#include "tests/support/self_signed.hpp"
#include "tests/support/watchdog.hpp"

#include <gtest/gtest.h>

#include <random>
#include <sys/socket.h>

namespace synapse::net {
namespace {

using transport_ptr = local_ptr<transport>;

/// Two connected sockets on loopback. @param send_buffer SO_SNDBUF of the first and SO_RCVBUF of
/// the second one; 0 leaves the system's.
std::pair<socket, socket> connected(io_thread& io, int send_buffer = 0) {
  asio::basic_socket_acceptor<tcp, asio::io_context::executor_type> acceptor{
      io.executor(), tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
  if (send_buffer)
    acceptor.set_option(asio::socket_base::receive_buffer_size(send_buffer));
  socket left{io.executor()};
  left.open(tcp::v4());
  if (send_buffer)
    left.set_option(asio::socket_base::send_buffer_size(send_buffer));
  left.connect(acceptor.local_endpoint());
  return {std::move(left), acceptor.accept(io.executor())};
}

/// Both ends as transports, woken by the same point.
struct ends {
  explicit ends(io_thread& io, int send_buffer = 0) : wake(make_local<wake_point>()) {
    auto [a, b] = connected(io, send_buffer);
    left = make_local<transport>(io, std::move(a));
    right = make_local<transport>(io, std::move(b));
    left->attach(wake);
    right->attach(wake);
  }
  ~ends() {
    for (auto& end : {left, right}) {
      end->attach(nullptr);
      end->close();
    }
  }
  ends(const ends&) = delete;

  wake_ptr wake;
  transport_ptr left;
  transport_ptr right;
};

std::string random_text(std::size_t size) {
  std::mt19937 random{static_cast<unsigned>(size)};
  std::string text(size, ' ');
  for (auto& c : text)
    c = static_cast<char>('a' + random() % 26);
  return text;
}

bool write(transport& to, std::string_view text) {
  return to.write({&text, 1});
}

/// Reads until `size` bytes or the end have come; consumes them.
task<std::string> read_all(transport& from, wake_ptr wake, std::size_t size = SIZE_MAX) {
  std::string text;
  while (text.size() < size) {
    text += from.input();
    from.consume(from.input().size());
    if (from.ended() || text.size() >= size)
      break;
    from.read();
    co_await wake->wait();
  }
  co_return text;
}

struct transports : testing::Test {
  void run(std::function<task<void>()> work) { runner.run(std::move(work)); }

  test::watchdog dog;
  test::io_runner runner;
};

// ---- plain TCP ----

TEST_F(transports, carry_bytes_both_ways) {
  run([&]() -> task<void> {
    ends e{runner.io()};
    EXPECT_TRUE(write(*e.left, "question"));
    const auto question = co_await read_all(*e.right, e.wake, 8);
    EXPECT_EQ(question, "question");
    EXPECT_TRUE(write(*e.right, "answer"));
    const auto answer = co_await read_all(*e.left, e.wake, 6);
    EXPECT_EQ(answer, "answer");
    EXPECT_EQ(e.left->bytes_written(), 8U);
    EXPECT_EQ(e.left->bytes_read(), 6U);
    EXPECT_GT(e.left->last_read(), 0);
    EXPECT_FALSE(e.left->is_tls());
  });
}

TEST_F(transports, gather_pieces_in_order) {
  run([&]() -> task<void> {
    ends e{runner.io()};
    std::vector<std::string> texts;
    std::vector<std::string_view> pieces;
    std::string expected;
    for (std::size_t i = 0; i < transport::max_pieces; ++i)
      texts.push_back(i % 3 == 0 ? std::string{} : random_text(i * 7));
    for (const auto& text : texts) {
      pieces.push_back(text);
      expected += text;
    }
    EXPECT_TRUE(e.left->write(pieces));
    const auto got = co_await read_all(*e.right, e.wake, expected.size());
    EXPECT_EQ(got, expected);
    EXPECT_TRUE(e.left->write({})) << "nothing to write is written";
    const std::string_view empty;
    EXPECT_TRUE(e.left->write({&empty, 1}));
  });
}

TEST_F(transports, resume_writing_when_a_slow_reader_goes_on) {
  run([&]() -> task<void> {
    ends e{runner.io(), 4096};
    const auto one = random_text(700'000);
    const auto two = random_text(300'001);
    const std::string_view pieces[] = {one, {}, two};
    EXPECT_FALSE(e.left->write(pieces)) << "more than the kernel takes";
    EXPECT_TRUE(e.left->writing());
    std::string got;
    int times_full = 0;
    while (got.size() < one.size() + two.size()) {
      e.right->read();
      co_await e.wake->wait();
      // The reader lets its buffer fill up before it takes anything.
      if (!e.right->full() && e.right->bytes_read() < one.size() + two.size())
        continue;
      times_full += e.right->full();
      got += e.right->input();
      e.right->consume(e.right->input().size());
    }
    while (e.left->writing())
      co_await e.wake->wait();
    EXPECT_EQ(got, one + two);
    EXPECT_GE(times_full, 30);
    EXPECT_EQ(e.left->bytes_written(), got.size());
    EXPECT_FALSE(e.left->write_error());
    EXPECT_GE(e.left->last_written(), e.right->last_read() - 1'000'000'000);
  });
}

TEST_F(transports, write_again_after_every_write) {
  run([&]() -> task<void> {
    ends e{runner.io(), 4096};
    std::string sent;
    std::string got;
    std::string current;
    for (int round = 0; round < 300; ++round) {
      current = random_text(static_cast<std::size_t>(1 + round * 97 % 5000));
      sent += current;
      write(*e.left, current);
      while (e.left->writing()) {
        got += e.right->input();
        e.right->consume(e.right->input().size());
        e.right->read();
        co_await e.wake->wait();
      }
    }
    e.left->shutdown_send();
    got += co_await read_all(*e.right, e.wake);
    EXPECT_EQ(got, sent);
  });
}

TEST_F(transports, tell_an_end_from_a_reset) {
  run([&]() -> task<void> {
    ends e{runner.io()};
    write(*e.left, "last words");
    e.left->shutdown_send();
    const auto got = co_await read_all(*e.right, e.wake);
    EXPECT_EQ(got, "last words");
    EXPECT_TRUE(e.right->ended());
    EXPECT_FALSE(e.right->read_error());
    // The other direction is still open.
    write(*e.right, "heard");
    const auto answer = co_await read_all(*e.left, e.wake, 5);
    EXPECT_EQ(answer, "heard");
  });
  run([&]() -> task<void> {
    ends e{runner.io()};
    e.right->read();
    e.left->abort();
    EXPECT_FALSE(e.left->is_open());
    while (!e.right->ended())
      co_await e.wake->wait();
    EXPECT_EQ(e.right->read_error(), asio::error::connection_reset);
    EXPECT_TRUE(write(*e.right, "x")) << "failing counts as done";
    EXPECT_TRUE(e.right->write_error());
    EXPECT_TRUE(write(*e.right, "y"));
  });
}

TEST_F(transports, notice_a_reset_while_writing) {
  run([&]() -> task<void> {
    ends e{runner.io(), 4096};
    const auto text = random_text(1'000'000);
    EXPECT_FALSE(write(*e.left, text));
    e.right->abort();
    while (e.left->writing())
      co_await e.wake->wait();
    EXPECT_TRUE(e.left->write_error());
    EXPECT_LT(e.left->bytes_written(), text.size());
  });
}

TEST_F(transports, close_while_reading_and_writing) {
  run([&]() -> task<void> {
    ends e{runner.io(), 4096};
    const auto text = random_text(1'000'000);
    EXPECT_FALSE(write(*e.left, text));
    e.left->read();
    EXPECT_TRUE(e.left->reading());
    e.left->close();
    e.left->close(); // of no effect
    while (e.left->reading() || e.left->writing())
      co_await e.wake->wait();
    EXPECT_TRUE(e.left->ended());
    EXPECT_EQ(e.left->read_error(), asio::error::operation_aborted);
    EXPECT_EQ(e.left->write_error(), asio::error::operation_aborted);
    e.left->read(); // begins nothing
    EXPECT_FALSE(e.left->reading());
  });
}

TEST_F(transports, may_be_dropped_while_reading_and_writing) {
  run([&]() -> task<void> {
    auto [a, b] = connected(runner.io(), 4096);
    {
      auto text = std::make_unique<std::string>(random_text(1'000'000));
      auto left = make_local<transport>(runner.io(), std::move(a));
      write(*left, *text);
      left->read();
      left->close();
    } // and so is what it was writing
    auto wake = make_local<wake_point>();
    auto right = make_local<transport>(runner.io(), std::move(b));
    right->attach(wake);
    const auto got = co_await read_all(*right, wake);
    EXPECT_LT(got.size(), 1'000'000U);
    right->close();
  });
}

TEST_F(transports, end_their_waiter_safely_from_within) {
  run([&]() -> task<void> {
    // The waiter drops the last reference to the transport that wakes it.
    auto [a, b] = connected(runner.io());
    auto wake = make_local<wake_point>();
    auto left = make_local<transport>(runner.io(), std::move(a));
    auto right = make_local<transport>(runner.io(), std::move(b));
    right->attach(wake);
    right->read();
    write(*left, "x");
    co_await wake->wait();
    EXPECT_EQ(right->input(), "x");
    right->attach(nullptr);
    right.reset();
    left.reset();
    wake.reset();
  });
}

TEST_F(transports, keep_what_is_consumed_while_a_read_is_outstanding_apart) {
  run([&]() -> task<void> {
    ends e{runner.io()};
    write(*e.left, "head,body");
    while (e.right->input().size() < 9) {
      e.right->read();
      co_await e.wake->wait();
    }
    e.right->read(); // outstanding from here on
    e.right->consume(5);
    EXPECT_EQ(e.right->input(), "body");
    e.right->consume(4);
    EXPECT_TRUE(e.right->input().empty());
    EXPECT_TRUE(e.right->reading());
    write(*e.left, "next");
    while (e.right->input().empty())
      co_await e.wake->wait();
    EXPECT_EQ(e.right->input(), "next");
  });
}

TEST_F(transports, lose_nothing_however_their_input_is_consumed) {
  run([&]() -> task<void> {
    ends e{runner.io()};
    const auto text = random_text(400'000);
    std::mt19937 random{1};
    std::string got;
    std::size_t sent = 0;
    while (got.size() < text.size()) {
      if (!e.left->writing() && sent < text.size()) {
        const auto size = std::min<std::size_t>(random() % 9000, text.size() - sent);
        write(*e.left, std::string_view{text}.substr(sent, size));
        sent += size;
      }
      e.right->read();
      const auto take = std::min<std::size_t>(random() % 9000, e.right->input().size());
      got += e.right->input().substr(0, take);
      e.right->consume(take);
      EXPECT_EQ(e.right->full(), e.right->input().size() == transport::default_buffer);
      if (random() % 2 && (e.right->reading() || e.left->writing()) &&
          got.size() < e.left->bytes_written())
        co_await e.wake->wait();
    }
    EXPECT_EQ(got, text);
  });
}

TEST_F(transports, stop_reading_when_full_and_grow_on_demand) {
  run([&]() -> task<void> {
    ends e{runner.io()};
    const auto text = random_text(40'000);
    EXPECT_TRUE(write(*e.left, text));
    while (!e.right->full()) {
      e.right->read();
      co_await e.wake->wait();
    }
    EXPECT_EQ(e.right->input().size(), transport::default_buffer);
    e.right->read();
    EXPECT_FALSE(e.right->reading());
    e.right->reserve(64 * 1024);
    EXPECT_FALSE(e.right->full());
    while (e.right->input().size() < text.size()) {
      e.right->read();
      co_await e.wake->wait();
    }
    EXPECT_EQ(e.right->input(), text);
    e.right->reserve(100); // never shrinks
    EXPECT_EQ(e.right->input(), text);
  });
}

TEST_F(transports, tell_what_the_peer_has_not_taken) {
  run([&]() -> task<void> {
    ends e{runner.io(), 4096};
    const auto text = random_text(500'000);
    EXPECT_FALSE(write(*e.left, text));
    EXPECT_GT(e.left->unsent(), 0U);
    const auto got = co_await read_all(*e.right, e.wake, text.size());
    EXPECT_EQ(got.size(), text.size());
    e.left->close();
    EXPECT_EQ(e.left->unsent(), 0U);
  });
}

// ---- connecting ----

TEST_F(transports, connect) {
  run([&]() -> task<void> {
    asio::basic_socket_acceptor<tcp, asio::io_context::executor_type> acceptor{
        runner.io().executor(), tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
    auto wake = make_local<wake_point>();
    auto client = make_local<transport>(runner.io(), socket{runner.io().executor()});
    client->attach(wake);
    client->connect(acceptor.local_endpoint());
    EXPECT_TRUE(client->opening());
    while (client->opening())
      co_await wake->wait();
    EXPECT_FALSE(client->open_error());
    EXPECT_TRUE(client->is_open());
    const auto port = acceptor.local_endpoint();
    acceptor.close();
    auto refused = make_local<transport>(runner.io(), socket{runner.io().executor()});
    refused->attach(wake);
    refused->connect(port);
    while (refused->opening())
      co_await wake->wait();
    EXPECT_EQ(refused->open_error(), asio::error::connection_refused);
    refused->close();
    client->close();
  });
}

TEST_F(transports, give_up_connecting_when_closed) {
  run([&]() -> task<void> {
    auto wake = make_local<wake_point>();
    auto client = make_local<transport>(runner.io(), socket{runner.io().executor()});
    client->attach(wake);
    // Nobody accepts, and the backlog is full: the connection stays half open.
    asio::basic_socket_acceptor<tcp, asio::io_context::executor_type> acceptor{
        runner.io().executor()};
    acceptor.open(tcp::v4());
    acceptor.bind({asio::ip::address_v4::loopback(), 0});
    acceptor.listen(0);
    std::vector<transport_ptr> crowd;
    for (int i = 0; i < 4; ++i) {
      crowd.push_back(make_local<transport>(runner.io(), socket{runner.io().executor()}));
      crowd.back()->connect(acceptor.local_endpoint());
    }
    client->connect(acceptor.local_endpoint());
    client->close();
    while (client->opening())
      co_await wake->wait();
    EXPECT_EQ(client->open_error(), asio::error::operation_aborted);
    for (auto& one : crowd)
      one->close();
  });
}

// ---- TLS ----

struct tls_transports : transports {
  std::shared_ptr<asio::ssl::context> server() const {
    auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
    context->use_certificate_chain(asio::buffer(made.pem));
    context->use_private_key(asio::buffer(made.key), asio::ssl::context::pem);
    return context;
  }
  std::shared_ptr<asio::ssl::context> client(bool trusting = true) const {
    auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
    if (trusting)
      context->add_certificate_authority(asio::buffer(made.pem));
    return context;
  }
  /// The handshake of both ends. @returns the client's result.
  task<error_code> shake_hands(ends& e, std::string name, bool trusting = true,
                               bool verify = true) {
    e.left->handshake(client(trusting), true, name, verify);
    e.right->handshake(server(), false);
    while (e.left->opening() || e.right->opening()) {
      co_await e.wake->wait();
      if (!e.left->opening() && e.left->open_error())
        e.left->close(); // or the server would wait for it
    }
    co_return e.left->open_error();
  }

  const test::certificate made = test::make_certificate("backend.example");
};

TEST_F(tls_transports, carry_bytes_both_ways) {
  run([&]() -> task<void> {
    ends e{runner.io()};
    const auto result = co_await shake_hands(e, "backend.example");
    EXPECT_FALSE(result) << result.message();
    EXPECT_FALSE(e.right->open_error());
    EXPECT_TRUE(e.left->is_tls());
    EXPECT_FALSE(write(*e.left, "question"));
    const auto question = co_await read_all(*e.right, e.wake, 8);
    EXPECT_EQ(question, "question");
    while (e.left->writing())
      co_await e.wake->wait();
    write(*e.right, "answer");
    const auto answer = co_await read_all(*e.left, e.wake, 6);
    EXPECT_EQ(answer, "answer");
    EXPECT_EQ(e.left->bytes_written(), 8U) << "of plain text";
    while (e.right->writing())
      co_await e.wake->wait();
  });
}

TEST_F(tls_transports, carry_much_to_a_slow_reader) {
  run([&]() -> task<void> {
    ends e{runner.io(), 4096};
    const auto shaken = co_await shake_hands(e, "backend.example");
    EXPECT_FALSE(shaken);
    const auto one = random_text(300'000);
    const auto two = random_text(1);
    const std::string_view pieces[] = {one, {}, two};
    e.left->write(pieces);
    const auto got = co_await read_all(*e.right, e.wake, one.size() + two.size());
    EXPECT_EQ(got, one + two);
    while (e.left->writing())
      co_await e.wake->wait();
    EXPECT_FALSE(e.left->write_error());
  });
}

TEST_F(tls_transports, tell_a_proper_end_from_a_cut) {
  for (const bool proper : {true, false})
    run([&, proper]() -> task<void> {
      ends e{runner.io()};
      const auto shaken = co_await shake_hands(e, "backend.example");
      EXPECT_FALSE(shaken);
      write(*e.left, "last words");
      while (e.left->writing())
        co_await e.wake->wait();
      if (proper)
        e.left->shutdown_send();
      else
        e.left->close();
      const auto got = co_await read_all(*e.right, e.wake);
      EXPECT_EQ(got, "last words");
      EXPECT_TRUE(e.right->ended());
      EXPECT_EQ(!e.right->read_error(), proper) << e.right->read_error().message();
    });
}

TEST_F(tls_transports, refuse_who_cannot_be_trusted) {
  run([&]() -> task<void> {
    {
      ends e{runner.io()};
      const auto result = co_await shake_hands(e, "backend.example", false);
      EXPECT_TRUE(result) << "an unknown authority";
    }
    {
      ends e{runner.io()};
      const auto result = co_await shake_hands(e, "other.example");
      EXPECT_TRUE(result) << "another name";
    }
    {
      ends e{runner.io()};
      const auto result = co_await shake_hands(e, "other.example", false, false);
      EXPECT_FALSE(result) << "not to be verified: " << result.message();
    }
  });
}

TEST_F(tls_transports, verify_an_address_but_do_not_ask_for_it) {
  const auto own = test::make_certificate("IP:127.0.0.1");
  auto asked = std::make_shared<std::string>();
  run([&]() -> task<void> {
    for (const auto& [name, good] :
         {std::pair{"127.0.0.1", true}, std::pair{"127.0.0.2", false}, std::pair{"::1", false},
          std::pair{"backend.example", false}}) {
      auto trusting = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
      trusting->add_certificate_authority(asio::buffer(own.pem));
      auto serving = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
      serving->use_certificate_chain(asio::buffer(own.pem));
      serving->use_private_key(asio::buffer(own.key), asio::ssl::context::pem);
      SSL_CTX_set_tlsext_servername_callback(
          serving->native_handle(), +[](SSL* tls, int*, void* into) {
            const char* sent = SSL_get_servername(tls, TLSEXT_NAMETYPE_host_name);
            *static_cast<std::string*>(into) = sent ? sent : "(none)";
            return SSL_TLSEXT_ERR_OK;
          });
      SSL_CTX_set_tlsext_servername_arg(serving->native_handle(), asked.get());
      asked->clear();
      ends e{runner.io()};
      e.left->handshake(trusting, true, name, true);
      e.right->handshake(serving, false);
      while (e.left->opening() || e.right->opening()) {
        co_await e.wake->wait();
        if (!e.left->opening() && e.left->open_error())
          e.left->close(); // or the server would wait for it
      }
      EXPECT_EQ(!e.left->open_error(), good) << name;
      EXPECT_EQ(*asked, std::string{name} == "backend.example" ? name : "(none)");
    }
  });
}

TEST_F(tls_transports, report_a_peer_that_does_not_speak_tls) {
  run([&]() -> task<void> {
    ends e{runner.io()};
    write(*e.right, "HTTP/1.1 400 Bad Request\r\n\r\n");
    e.left->handshake(client(), true, "backend.example", true);
    while (e.left->opening())
      co_await e.wake->wait();
    EXPECT_TRUE(e.left->open_error());
  });
}

TEST_F(tls_transports, close_while_shaking_hands_and_while_reading) {
  run([&]() -> task<void> {
    {
      ends e{runner.io()};
      e.left->handshake(client(), true, "backend.example", true);
      e.left->close();
      while (e.left->opening())
        co_await e.wake->wait();
      EXPECT_TRUE(e.left->open_error());
    }
    {
      ends e{runner.io()};
      const auto shaken = co_await shake_hands(e, "backend.example");
      EXPECT_FALSE(shaken);
      e.left->read();
      write(*e.left, "x");
      e.left->close();
      while (e.left->reading() || e.left->writing())
        co_await e.wake->wait();
      EXPECT_TRUE(e.left->ended());
    }
  });
}

} // namespace
} // namespace synapse::net
