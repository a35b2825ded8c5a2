// The actor over real sockets, on the test's own thread and in its own time.
#include "http/client/http_link.hpp"
#include "http/net/virtual_clock.hpp"
#include "tests/http/client/loopback.hpp"
#include "tests/support/deterministic_actor_system.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace synapse::actors {
namespace {

using namespace std::chrono_literals;
using client::loopback_backend;
using client::peer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

/// An asker, and what it was told.
struct asker {
  http_event_sink self;
  std::vector<std::string> events; ///< "name: data"
  std::optional<http_reply> reply;
};

/// A link, and the backend that it asks.
struct http_links : testing::Test {
  http_links() {
    net::virtual_clock::stand_for(&io());
    pool.idle_timeout = 60'000'000'000;
    restart();
  }
  ~http_links() override {
    end_link();
    for (auto& one : askers)
      actors.end(one.self);
    peers.clear();
    actors.settle();
    net::virtual_clock::stand_for(nullptr);
  }

  net::io_thread& io() { return actors.unit().thread(); }
  void restart() { link = spawn_pinned<http_link>(actors.unit(), pool); }
  void end_link() {
    if (!link)
      return;
    actors.end(link);
    link = nullptr;
    actors.settle();
  }

  http_call call(std::string target = "/") const { return call_to(backend.address(), target); }
  static http_call call_to(const net::tcp::endpoint& address, std::string target = "/") {
    http_call what;
    what.target = std::move(target);
    what.authority = "backend.example:80";
    const auto bytes = address.address().to_v4().to_bytes();
    std::copy(bytes.begin(), bytes.end(), what.address.ip.begin());
    what.address.port = address.port();
    return what;
  }
  http_call stream(std::uint32_t timeout_ms = 5000) const {
    auto what = call("/events");
    what.events = true;
    what.timeout_ms = timeout_ms;
    return what;
  }

  /// The question is under way.
  asker& ask(http_call what) {
    auto& one = askers.emplace_back();
    one.self =
        actors.system().spawn([&one, to = link, what = std::move(what)](
                                  http_event_sink::pointer self) -> http_event_sink::behavior_type {
          self->request(to, caf::infinite, what)
              .then([&one](http_reply& reply) { one.reply = std::move(reply); },
                    [](const caf::error&) { ADD_FAILURE() << "a link answers in every case"; });
          return {[&one](const http_event& event) {
            one.events.push_back(event.name + ": " + event.data);
          }};
        });
    actors.settle();
    return one;
  }
  const http_reply& reply(asker& to) {
    until([&] { return to.reply.has_value(); });
    return *to.reply;
  }

  /// Waits for something that is on its way.
  template <class P>
  void until(P done) {
    actors.settle();
    while (!done()) {
      io().context().run_one_for(1ms);
      actors.settle();
    }
  }
  void pass(std::chrono::nanoseconds time) {
    actors.settle();
    clock.advance(time.count());
    actors.settle();
  }
  peer& accept() {
    const auto before = peers.size();
    until([&] {
      if (auto next = backend.try_accept())
        peers.push_back(std::move(*next));
      return peers.size() > before;
    });
    return peers.back();
  }
  /// What a backend gets up to and including `end`.
  std::string read_until(peer& from, std::string_view end = "\r\n\r\n") {
    std::string text;
    until([&] {
      text += from->input();
      from->consume(from->input().size());
      from->read();
      return text.ends_with(end);
    });
    return text;
  }
  void until_closed(peer& end) {
    until([&] {
      end->consume(end->input().size());
      end->read();
      return end->ended();
    });
  }

  net::virtual_clock clock{1'000'000'000};
  test::deterministic_actor_system actors{1};
  client::pool_options pool;
  loopback_backend backend{io()};
  std::deque<peer> peers;
  std::deque<asker> askers;
  http_link_actor link;
};

const std::string good = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const std::string event_head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";

// ---- calls ----

TEST_F(http_links, ask_in_the_words_they_are_given) {
  auto what = call("/models/load");
  what.method = "POST";
  what.fields = "Authorization: Bearer key\r\n";
  what.content_type = "application/json";
  what.body = R"({"model":"m"})";
  auto& one = ask(what);
  auto& other = accept();
  EXPECT_EQ(read_until(other, "}"), "POST /models/load HTTP/1.1\r\n"
                                    "Host: backend.example:80\r\n"
                                    "Accept: application/json\r\n"
                                    "Authorization: Bearer key\r\n"
                                    "Content-Type: application/json\r\n"
                                    "Content-Length: 13\r\n\r\n"
                                    R"({"model":"m"})");
  EXPECT_FALSE(one.reply);
  other.send("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone");
  EXPECT_TRUE(reply(one).ok());
  EXPECT_EQ(one.reply->status, 404);
  EXPECT_EQ(one.reply->body, "none");
  EXPECT_EQ(one.reply->message, "");
}

TEST_F(http_links, keep_their_connections_for_the_next_calls) {
  for (int i = 0; i < 3; ++i) {
    auto& one = ask(call("/" + std::to_string(i)));
    auto& other = peers.empty() ? accept() : peers.front();
    EXPECT_THAT(read_until(other), StartsWith("GET /" + std::to_string(i) + " HTTP/1.1\r\n"));
    other.send(good);
    EXPECT_EQ(reply(one).body, "ok");
  }
  EXPECT_FALSE(backend.try_accept());
}

TEST_F(http_links, replace_a_kept_connection_that_was_closed_meanwhile) {
  auto& before = ask(call());
  auto& first = accept();
  read_until(first);
  first.send(good);
  EXPECT_TRUE(reply(before).ok());
  first->close(); // nobody has had time to notice
  auto& one = ask(call());
  auto& second = accept();
  read_until(second);
  second.send(good);
  EXPECT_EQ(reply(one).body, "ok");
}

TEST_F(http_links, do_not_let_calls_wait_for_each_other) {
  auto& slow = ask(call("/slow"));
  auto& of_slow = accept();
  read_until(of_slow);
  auto& quick = ask(call("/quick"));
  auto& of_quick = accept();
  read_until(of_quick);
  of_quick.send(good);
  EXPECT_TRUE(reply(quick).ok());
  EXPECT_FALSE(slow.reply);
  of_slow.send(good);
  EXPECT_TRUE(reply(slow).ok());
}

// ---- faults ----

TEST_F(http_links, say_that_nobody_listens) {
  const client::refusing_address nobody{io()};
  auto& one = ask(call_to(nobody.address()));
  EXPECT_EQ(reply(one).fault, http_fault::connect_failure);
  EXPECT_EQ(one.reply->message, net::error_code{net::asio::error::connection_refused}.message());
  EXPECT_EQ(one.reply->status, 0);
}

TEST_F(http_links, say_that_the_time_is_over) {
  auto what = call();
  what.timeout_ms = 300;
  auto& one = ask(what);
  auto& other = accept();
  read_until(other);
  pass(290ms);
  EXPECT_FALSE(one.reply);
  pass(30ms);
  EXPECT_EQ(reply(one).fault, http_fault::timeout);
  until_closed(other);
}

TEST_F(http_links, say_what_is_wrong_with_an_answer) {
  const struct {
    std::string bytes;
    http_fault fault;
    std::uint16_t status;
  } cases[] = {
      {"", http_fault::reset, 0},
      {"HTTP/1.1 200 O", http_fault::reset, 0},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhalf", http_fault::reset, 0},
      {"SSH-2.0-OpenSSH_9.2\r\n", http_fault::bad_response, 0},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfive\r\n", http_fault::bad_response,
       0},
      {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123456789", http_fault::too_large, 200}};
  for (const auto& each : cases) {
    auto what = call();
    what.max_body = 8;
    auto& one = ask(what);
    auto& other = accept();
    read_until(other);
    other.send(each.bytes);
    other->shutdown_send();
    EXPECT_EQ(reply(one).fault, each.fault) << each.bytes;
    EXPECT_EQ(one.reply->status, each.status) << each.bytes;
    EXPECT_EQ(one.reply->body, "") << each.bytes;
    EXPECT_NE(one.reply->message, "") << each.bytes;
    until_closed(other);
  }
}

// ---- event streams ----

TEST_F(http_links, tell_events_as_they_come_and_answer_at_their_end) {
  auto& one = ask(stream());
  auto& other = accept();
  EXPECT_THAT(read_until(other), HasSubstr("Accept: text/event-stream\r\n"));
  other.send(event_head + "event: loaded\ndata: {\"a\":1}\n\n: comment\n\ndata: se");
  until([&] { return !one.events.empty(); });
  EXPECT_THAT(one.events, ElementsAre("loaded: {\"a\":1}"));
  other.send("cond\n\ndata: third\n\ndata: half");
  until([&] { return one.events.size() == 3; });
  EXPECT_THAT(one.events, ElementsAre("loaded: {\"a\":1}", ": second", ": third"));
  EXPECT_FALSE(one.reply);
  other->shutdown_send();
  EXPECT_TRUE(reply(one).ok()) << one.reply->message;
  EXPECT_EQ(one.reply->status, 200);
  EXPECT_EQ(one.reply->body, "");
  EXPECT_EQ(one.events.size(), 3U) << "half an event is none";
}

TEST_F(http_links, tell_events_however_they_are_cut) {
  const std::string text = event_head + "event: a\ndata: 1\n\ndata: 2\r\n\r\nevent: b\ndata: 3\n\n";
  for (std::size_t cut = event_head.size(); cut < text.size(); ++cut) {
    auto& one = ask(stream());
    auto& other = accept();
    read_until(other);
    other.send(text.substr(0, cut));
    actors.settle();
    other.send(text.substr(cut));
    other->shutdown_send();
    EXPECT_TRUE(reply(one).ok());
    EXPECT_THAT(one.events, ElementsAre("a: 1", ": 2", "b: 3")) << cut;
  }
}

TEST_F(http_links, wait_for_the_next_event_as_long_as_for_the_first) {
  auto& one = ask(stream(1000));
  auto& other = accept();
  read_until(other);
  pass(900ms);
  other.send(event_head);
  until([&] { return other->unsent() == 0; });
  actors.settle();
  for (std::size_t i = 1; i <= 3; ++i) {
    pass(900ms);
    other.send("data: " + std::to_string(i) + "\n\n");
    until([&] { return one.events.size() == i; });
  }
  EXPECT_FALSE(one.reply);
  pass(1100ms);
  EXPECT_EQ(reply(one).fault, http_fault::timeout);
  EXPECT_EQ(one.events.size(), 3U);
}

TEST_F(http_links, answer_an_error_instead_of_events_as_any_other) {
  auto& one = ask(stream());
  auto& other = accept();
  read_until(other);
  other.send("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 8\r\n\r\ndata: x\n");
  EXPECT_TRUE(reply(one).ok());
  EXPECT_EQ(one.reply->status, 503);
  EXPECT_EQ(one.reply->body, "data: x\n");
  EXPECT_TRUE(one.events.empty());
}

TEST_F(http_links, give_up_a_stream_whose_event_has_no_end) {
  auto& one = ask(stream());
  auto& other = accept();
  read_until(other);
  other.send(event_head + "data: first\n\ndata: " + std::string(300 * 1024, 'x'));
  EXPECT_EQ(reply(one).fault, http_fault::canceled);
  EXPECT_THAT(one.events, ElementsAre(": first"));
  until_closed(other);
}

TEST_F(http_links, give_up_a_stream_after_half_a_day) {
  auto& one = ask(stream(20 * 3600 * 1000));
  auto& other = accept();
  read_until(other);
  other.send(event_head + "data: 1\n\n");
  until([&] { return one.events.size() == 1; });
  pass(12h - 1s);
  other.send("data: 2\n\n");
  until([&] { return one.events.size() == 2; });
  pass(2s);
  other.send("data: 3\n\n");
  EXPECT_EQ(reply(one).fault, http_fault::canceled);
  EXPECT_EQ(one.events.size(), 2U);
}

// ---- the link's end ----

TEST_F(http_links, answer_what_runs_as_canceled_when_they_end) {
  auto& connected = ask(call());
  auto& of_connected = accept();
  read_until(of_connected);
  auto& half = ask(call());
  auto& of_half = accept();
  read_until(of_half);
  of_half.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  auto& listening = ask(stream());
  auto& of_listening = accept();
  read_until(of_listening);
  of_listening.send(event_head + "data: 1\n\n");
  until([&] { return listening.events.size() == 1; });
  end_link();
  for (auto* one : {&connected, &half, &listening}) {
    EXPECT_EQ(reply(*one).fault, http_fault::canceled);
    EXPECT_EQ(one->reply->body, "");
  }
  for (auto* end : {&of_connected, &of_half, &of_listening})
    until_closed(*end);
}

TEST_F(http_links, answer_a_call_that_still_connects_as_canceled_when_they_end) {
  // Nobody accepts and the backlog is full: connections stay half open.
  net::asio::basic_socket_acceptor<net::tcp, net::asio::io_context::executor_type> full{
      io().executor()};
  full.open(net::tcp::v4());
  full.bind({net::asio::ip::address_v4::loopback(), 0});
  full.listen(0);
  std::vector<asker*> all;
  for (int i = 0; i < 4; ++i)
    all.push_back(&ask(call_to(full.local_endpoint())));
  end_link();
  for (auto* one : all)
    EXPECT_EQ(reply(*one).fault, http_fault::canceled);
}

TEST_F(http_links, close_what_they_have_kept_when_they_end) {
  auto& one = ask(call());
  auto& other = accept();
  read_until(other);
  other.send(good);
  EXPECT_TRUE(reply(one).ok());
  end_link();
  until_closed(other);
}

TEST_F(http_links, end_without_ever_having_been_asked) {
  const auto ended = test::deterministic_actor_system::watch(link);
  end_link();
  EXPECT_TRUE(*ended);
}

} // namespace
} // namespace synapse::actors
