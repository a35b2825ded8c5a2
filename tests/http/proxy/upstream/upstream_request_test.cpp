#include "http/proxy/upstream/upstream_request.hpp"
#include "tests/http/proxy/proxy_rig.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace synapse::proxy {
namespace {

using actors::attempt_result;
using counted = telemetry::attempt_result;
using http::response_detail;
using telemetry::request_phase;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::string ok_head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";

/// One attempt that a test has begun.
struct upstream_request_test : testing::Test {
  void TearDown() override {
    if (how && !how->done()) { // a coroutine that waits for ever would be lost
      of->ex.actor().end(server::give_up::canceled);
      result();
    }
    asked.reset();
    slot.reset();
    body.reset();
  }

  /// The request is under way; `how` says what it has come to.
  void begin(std::string_view request, const forward_options& options = {}, bool reuse = true) {
    of = &rig.hold(request, options);
    slot.emplace(*of, of->ex.number());
    body.emplace(*of);
    ASSERT_TRUE(slot->take());
    send(reuse);
  }
  void send(bool reuse = true) {
    asked.emplace(*of, *slot, *body, net::io_thread::recent());
    how.emplace(asked->send(reuse));
  }
  step result() {
    rig.until([&] { return how->done(); });
    return **how;
  }
  void expect_failure(mishap what, std::string_view message) {
    EXPECT_EQ(result(), step::failed);
    EXPECT_EQ(of->failed.what, what) << of->failed.message;
    EXPECT_EQ(of->failed.message, message);
  }
  void expect_failure(mishap what) { expect_failure(what, row_of(what).sentence); }
  bool waits() {
    rig.settle();
    return !how->done();
  }
  /// The backend's connection is closed once this object has gone.
  void expect_dropped(far_end& backend) {
    asked.reset();
    rig.until([&] { return backend.ended(); });
    EXPECT_EQ(rig.backend_metrics().pool_active.value(), 0);
    EXPECT_EQ(rig.idle(), 0U);
  }
  static forward_options streamed() {
    forward_options options;
    options.stream_body = true;
    return options;
  }
  static std::string head_with_length(std::size_t length, std::string_view bytes = {}) {
    return "POST /x HTTP/1.1\r\nHost: g\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n" +
           std::string{bytes};
  }
  static std::string in_chunks(std::string_view bytes) {
    return "POST /x HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string{bytes};
  }
  /// A kept connection lies in the pool.
  far_end& keep_one() {
    begin(get("/before"));
    auto& backend = rig.accept_request();
    backend.send(ok_head + "ok");
    EXPECT_EQ(result(), step::done);
    std::string text;
    rig.until([&] {
      asked->take(text);
      asked->connection().read();
      return asked->body().ended();
    });
    asked->release();
    asked->answered_well();
    rig.let_go();
    rig.settle();
    EXPECT_EQ(rig.idle(), 1U);
    backend.take();
    TearDown();
    return backend;
  }

  proxy_rig rig;
  call* of = nullptr;
  std::optional<permit_slot> slot;
  std::optional<request_body> body;
  std::optional<upstream_request> asked;
  std::optional<started<step>> how;
};

// ---- the good way ----

TEST_F(upstream_request_test, writes_the_request_and_reads_the_answers_head) {
  begin(post("/x", "hello"));
  auto& backend = rig.accept_request();
  rig.until_backend_has(backend, "hello");
  EXPECT_THAT(backend.received(), StartsWith("POST /x HTTP/1.1\r\nHost: backend.example:8080\r\n"));
  EXPECT_THAT(backend.received(), HasSubstr("X-Request-Id: " + std::string{of->ex.id()}));
  EXPECT_THAT(backend.received(), HasSubstr("X-Forwarded-For: 127.0.0.1\r\n"));
  EXPECT_THAT(backend.received(), HasSubstr("X-Forwarded-Proto: http\r\n"));
  EXPECT_THAT(backend.received(), HasSubstr("Content-Length: 5\r\n"));
  EXPECT_THAT(backend.received(), EndsWith("\r\n\r\nhello"));
  EXPECT_TRUE(waits());
  EXPECT_TRUE(of->answer_unknown);
  rig.pass(2s);
  backend.send("HTTP/1.1 418 Tea\r\nContent-Length: 2\r\nX-Its: 1\r\n\r\nok");
  EXPECT_EQ(result(), step::done);
  EXPECT_EQ(asked->answer().status, 418U);
  EXPECT_EQ(asked->answer().fields.find("X-Its")->value, "1");
  EXPECT_EQ(asked->body().left(), 2U);
  EXPECT_EQ(asked->connection().input(), "ok");
  EXPECT_FALSE(of->answer_unknown);
  EXPECT_EQ(of->ex.record().upstream_ns, 2'000'000'000);
  EXPECT_EQ(asked->sent_at(), rig.now() - 2'000'000'000);
  EXPECT_EQ(rig.backend_metrics().connect.bucket_count(0), 1U);
}

TEST_F(upstream_request_test, may_get_the_head_in_any_two_pieces) {
  const std::string head = "HTTP/1.1 200 OK\r\nX-Its: 1\r\nContent-Length: 2\r\n\r\n";
  for (std::size_t cut = 1; cut < head.size(); ++cut) {
    begin(get("/x"));
    auto& backend = rig.accept_request();
    backend.send(head.substr(0, cut));
    rig.until([&] { return asked->connection().input().size() == cut; });
    EXPECT_TRUE(waits()) << cut;
    backend.send(head.substr(cut) + "ok");
    EXPECT_EQ(result(), step::done);
    EXPECT_EQ(asked->answer().fields.find("X-Its")->value, "1") << cut;
    TearDown();
    rig.let_go();
  }
}

TEST_F(upstream_request_test, reads_a_head_larger_than_the_buffer) {
  begin(get("/x"));
  auto& backend = rig.accept_request();
  std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n";
  for (int i = 0; i < 60; ++i)
    head += "X-" + std::to_string(i) + ": " + std::string(1000, 'x') + "\r\n";
  backend.send(head + "X-Last: 1\r\n\r\nok");
  EXPECT_EQ(result(), step::done);
  EXPECT_EQ(asked->answer().fields.find("X-Last")->value, "1");
}

TEST_F(upstream_request_test, skips_interim_answers) {
  begin(get("/x"));
  auto& backend = rig.accept_request();
  backend.send("HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_TRUE(waits());
  backend.send("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 102 Wait\r\n\r\nHTTP/1.1 2");
  EXPECT_TRUE(waits());
  backend.send("04 No Content\r\n\r\n");
  EXPECT_EQ(result(), step::done);
  EXPECT_EQ(asked->answer().status, 204U);
}

TEST_F(upstream_request_test, tells_the_lane_of_a_probe_that_there_is_a_head) {
  rig.lane.answer.probe = true;
  begin(get("/x"));
  auto& backend = rig.accept_request();
  EXPECT_TRUE(waits());
  EXPECT_THAT(rig.told(), ElementsAre("ask 1"));
  backend.send(ok_head);
  EXPECT_EQ(result(), step::done);
  EXPECT_THAT(rig.told(), ElementsAre("ask 1", "head_received 1"));
}

TEST_F(upstream_request_test, sends_a_request_in_the_gateways_own_words) {
  own_request own;
  own.target = "/own?x=1";
  own.content_type = "a/b";
  own.body = "words";
  forward_options options;
  options.request = &own;
  begin(get("/x", "X-Clients: 1\r\nAuthorization: Bearer k\r\n"), options);
  auto& backend = rig.accept_request();
  rig.until_backend_has(backend, "words");
  EXPECT_THAT(backend.received(), StartsWith("POST /own?x=1 HTTP/1.1\r\n"));
  EXPECT_THAT(backend.received(), HasSubstr("Content-Type: a/b\r\n"));
  EXPECT_THAT(backend.received(), HasSubstr("Authorization: Bearer k\r\n"));
  EXPECT_THAT(backend.received(), Not(HasSubstr("X-Clients")));
  EXPECT_EQ(asked->lost().method, http::verb::post) << "whatever the client's was";
}

TEST_F(upstream_request_test, asks_for_no_coding_of_what_is_read_on_its_way) {
  forward_options options;
  options.openai_stream = true;
  begin(get("/x", "Accept-Encoding: gzip\r\n"), options);
  EXPECT_THAT(rig.accept_request().received(), Not(HasSubstr("gzip")));
}

// ---- connecting ----

TEST_F(upstream_request_test, fails_when_the_connection_is_refused) {
  rig.lane.answer = rig.grant_refused();
  begin(get("/x"));
  expect_failure(mishap::connect_failure, "cannot connect: Connection refused");
  const auto lost = asked->lost();
  EXPECT_FALSE(lost.sent_whole);
  EXPECT_FALSE(lost.kept_connection);
  EXPECT_TRUE(lost.repeatable);
  asked.reset();
  EXPECT_EQ(rig.backend_metrics().pool_active.value(), 0);
}

TEST_F(upstream_request_test, fails_when_there_is_no_connection_in_time) {
  rig.timeouts().connect = 5s;
  rig.lane.answer = rig.grant_unheard();
  begin(get("/x"));
  rig.pass(4'980ms);
  EXPECT_TRUE(waits());
  rig.pass(40ms);
  EXPECT_FALSE(waits());
  expect_failure(mishap::connect_timeout);
}

TEST_F(upstream_request_test, meets_the_total_limit_while_it_connects) {
  rig.timeouts().connect = 5s;
  rig.timeouts().total = 2s;
  rig.lane.answer = rig.grant_unheard();
  begin(get("/x"));
  rig.pass(1'980ms);
  EXPECT_TRUE(waits());
  rig.pass(40ms);
  EXPECT_FALSE(waits());
  expect_failure(mishap::connect_timeout);
}

TEST_F(upstream_request_test, waits_for_a_connection_for_ever_without_limits) {
  rig.timeouts().connect = 0ms;
  rig.lane.answer = rig.grant_unheard();
  begin(get("/x"));
  rig.pass(60s);
  EXPECT_TRUE(waits());
}

TEST_F(upstream_request_test, is_given_up_when_the_client_leaves_while_it_connects) {
  rig.lane.answer = rig.grant_unheard();
  begin(get("/x"));
  EXPECT_TRUE(waits());
  rig.client().reset();
  EXPECT_EQ(result(), step::gone);
  EXPECT_EQ(rig.disconnects(request_phase::connecting), 1U);
  EXPECT_EQ(rig.backend_metrics().pool_active.value(), 0);
  EXPECT_EQ(of->ex.record().detail, response_detail::client_disconnected);
}

TEST_F(upstream_request_test, does_not_connect_for_a_client_that_has_gone) {
  of = &rig.hold(get("/x"));
  slot.emplace(*of, of->ex.number());
  body.emplace(*of);
  ASSERT_TRUE(slot->take());
  of->ex.actor().end(server::give_up::canceled);
  send();
  EXPECT_EQ(result(), step::gone);
  EXPECT_TRUE(rig.nobody_connects());
  EXPECT_EQ(of->ex.record().detail, response_detail::canceled);
}

// ---- kept connections ----

TEST_F(upstream_request_test, takes_a_kept_connection) {
  auto& backend = keep_one();
  begin(get("/x"));
  rig.until_backend_has(backend, "GET /x HTTP/1.1\r\n");
  EXPECT_TRUE(rig.nobody_connects());
  EXPECT_EQ(rig.idle(), 0U);
  EXPECT_TRUE(asked->lost().kept_connection);
  backend.send(ok_head);
  EXPECT_EQ(result(), step::done);
}

TEST_F(upstream_request_test, takes_none_when_it_may_not) {
  keep_one();
  begin(get("/x"), {}, false);
  rig.accept_request();
  EXPECT_FALSE(asked->lost().kept_connection);
  EXPECT_EQ(rig.idle(), 1U);
}

TEST_F(upstream_request_test, takes_none_for_a_body_that_cannot_be_sent_again) {
  keep_one();
  begin(head_with_length(5, "hello"), streamed());
  auto& backend = rig.accept_request();
  rig.until_backend_has(backend, "hello");
  EXPECT_EQ(rig.idle(), 1U);
}

TEST_F(upstream_request_test, says_that_it_was_a_kept_connection_that_was_closed) {
  auto& backend = keep_one();
  begin(post("/x", "hello"));
  rig.until_backend_has(backend, "hello");
  backend.close();
  expect_failure(mishap::reset_before_answer);
  const auto lost = asked->lost();
  EXPECT_TRUE(lost.kept_connection);
  EXPECT_TRUE(lost.sent_whole);
  EXPECT_TRUE(lost.repeatable);
  EXPECT_EQ(http::replay_of(lost), http::replay::at_once);
}

TEST_F(upstream_request_test, says_that_it_was_a_fresh_connection_that_was_closed) {
  for (const bool by_reset : {false, true}) {
    begin(post("/x", "hello"));
    auto& backend = rig.accept_request();
    rig.until_backend_has(backend, "hello");
    if (by_reset)
      backend.reset();
    else
      backend.close();
    expect_failure(mishap::reset_before_answer);
    const auto lost = asked->lost();
    EXPECT_FALSE(lost.kept_connection);
    EXPECT_TRUE(lost.sent_whole);
    EXPECT_EQ(lost.method, http::verb::post);
    EXPECT_EQ(http::replay_of(lost), http::replay::never);
    TearDown();
    rig.let_go();
  }
}

TEST_F(upstream_request_test, keeps_the_connection_of_a_whole_answer) {
  keep_one();
  EXPECT_EQ(rig.attempts(counted::ok), 1U);
  EXPECT_THAT(rig.told(), ElementsAre("ask 1", "completed 1"));
  EXPECT_TRUE(rig.at_rest());
}

TEST_F(upstream_request_test, keeps_no_connection_that_says_close_or_has_more_to_say) {
  for (const std::string_view answer :
       {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
        "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok"}) {
    begin(get("/x"));
    auto& backend = rig.accept_request();
    backend.send(answer);
    EXPECT_EQ(result(), step::done);
    std::string text;
    rig.until([&] {
      asked->take(text);
      asked->connection().read();
      return text == "ok";
    });
    asked->release();
    rig.until([&] { return backend.ended(); });
    EXPECT_EQ(rig.idle(), 0U) << answer;
    EXPECT_EQ(rig.backend_metrics().pool_active.value(), 0);
    TearDown();
    rig.let_go();
  }
}

// ---- answers that are none ----

TEST_F(upstream_request_test, fails_at_what_is_no_http) {
  for (const std::string_view answer :
       {"garbage\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/1.1 abc\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n"}) {
    begin(get("/x"));
    auto& backend = rig.accept_request();
    backend.send(answer);
    EXPECT_EQ(result(), step::failed) << answer;
    EXPECT_EQ(of->failed.what, mishap::not_http) << answer;
    EXPECT_THAT(of->failed.message, StartsWith("its answer is not HTTP: "));
    expect_dropped(backend);
    TearDown();
    rig.let_go();
  }
}

TEST_F(upstream_request_test, fails_at_a_head_that_is_too_large) {
  begin(get("/x"));
  auto& backend = rig.accept_request();
  std::string head = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 90; ++i)
    head += "X-" + std::to_string(i) + ": " + std::string(1000, 'x') + "\r\n";
  backend.send(head);
  EXPECT_EQ(result(), step::failed);
  EXPECT_EQ(of->failed.what, mishap::not_http);
}

TEST_F(upstream_request_test, fails_at_a_switch_of_protocols) {
  begin(get("/x"));
  rig.accept_request().send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n");
  expect_failure(mishap::protocol_switched);
}

TEST_F(upstream_request_test, fails_when_the_connection_ends_within_the_head) {
  const auto& head = ok_head;
  for (const std::size_t cut : {std::size_t{1}, std::size_t{9}, head.size() - 1}) {
    begin(get("/x"));
    auto& backend = rig.accept_request();
    backend.send(head.substr(0, cut));
    backend.close();
    expect_failure(mishap::reset_within_head);
    TearDown();
    rig.let_go();
  }
}

TEST_F(upstream_request_test, takes_an_end_behind_an_interim_answer_for_none) {
  begin(get("/x"));
  auto& backend = rig.accept_request();
  backend.send("HTTP/1.1 100 Continue\r\n\r\n");
  backend.close();
  expect_failure(mishap::reset_before_answer);
}

// ---- time limits ----

TEST_F(upstream_request_test, fails_without_a_head_in_time) {
  rig.timeouts().response = 10s;
  begin(get("/x"));
  auto& backend = rig.accept_request();
  rig.pass(9'980ms);
  EXPECT_TRUE(waits());
  rig.pass(40ms);
  EXPECT_FALSE(waits());
  expect_failure(mishap::response_timeout);
  expect_dropped(backend);
}

TEST_F(upstream_request_test, counts_the_time_to_the_heads_end) {
  rig.timeouts().response = 10s;
  begin(get("/x"));
  auto& backend = rig.accept_request();
  backend.send("HTTP/1.1 100 Continue\r\n\r\n");
  rig.pass(5s);
  backend.send("HTTP/1.1 200 OK\r\n");
  rig.pass(4'980ms);
  EXPECT_TRUE(waits());
  rig.pass(40ms);
  expect_failure(mishap::response_timeout);
}

TEST_F(upstream_request_test, fails_when_all_of_it_takes_too_long_without_a_sign_of_life) {
  rig.timeouts().response = 10s;
  rig.timeouts().total = 3s;
  begin(get("/x"));
  rig.accept_request();
  rig.pass(2'980ms);
  EXPECT_TRUE(waits());
  rig.pass(40ms);
  EXPECT_FALSE(waits());
  expect_failure(mishap::total_timeout_silent);
}

TEST_F(upstream_request_test, waits_for_ever_without_limits) {
  rig.timeouts().response = 0ms;
  begin(get("/x"));
  auto& backend = rig.accept_request();
  rig.pass(120s);
  EXPECT_TRUE(waits());
  backend.send(ok_head);
  EXPECT_EQ(result(), step::done);
}

TEST_F(upstream_request_test, says_which_clock_has_run_out_within_the_answer) {
  rig.timeouts().idle = 5s;
  rig.timeouts().total = 12s;
  begin(get("/x"));
  auto& backend = rig.accept_request();
  backend.send(ok_head);
  EXPECT_EQ(result(), step::done);
  EXPECT_FALSE(asked->overdue(true));
  rig.pass(4'990ms);
  EXPECT_FALSE(asked->overdue(true));
  rig.pass(20ms);
  EXPECT_EQ(asked->overdue(true), mishap::silence_within_answer);
  asked->connection().read();
  backend.send("o");
  rig.until([&] { return !asked->connection().input().empty(); });
  EXPECT_FALSE(asked->overdue(true)) << "a byte is a sign of life";
  of->down.be_quiet_from(rig.now() + 2'000'000'000);
  rig.pass(6s);
  EXPECT_FALSE(asked->overdue(true)) << "nothing was read from it meanwhile";
  rig.pass(1s);
  EXPECT_EQ(asked->overdue(true), mishap::total_timeout_answering);
  EXPECT_EQ(asked->overdue(false), mishap::total_timeout_silent);
}

// ---- the request's body ----

TEST_F(upstream_request_test, passes_a_body_on_while_it_comes_in) {
  begin(head_with_length(10, "hello"), streamed());
  auto& backend = rig.accept_request();
  rig.until_backend_has(backend, "\r\n\r\nhello");
  EXPECT_TRUE(of->uploading);
  EXPECT_TRUE(waits());
  rig.client().send("world");
  rig.until_backend_has(backend, "helloworld");
  rig.until([&] { return !of->uploading; });
  EXPECT_TRUE(body->sent());
  EXPECT_TRUE(asked->lost().sent_whole);
  EXPECT_FALSE(asked->lost().repeatable);
  backend.send(ok_head);
  EXPECT_EQ(result(), step::done);
}

TEST_F(upstream_request_test, passes_chunks_on_as_chunks) {
  begin(in_chunks("5\r\nhello\r\n"), streamed());
  auto& backend = rig.accept_request();
  rig.until_backend_has(backend, "5\r\nhello\r\n");
  EXPECT_THAT(backend.received(), HasSubstr("Transfer-Encoding: chunked\r\n"));
  rig.client().send("1\r\n!\r\n0\r\nX-Trailer: 1\r\n\r\n");
  rig.until_backend_has(backend, "0\r\n\r\n");
  EXPECT_THAT(backend.received(), EndsWith("5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"));
  backend.send(ok_head);
  EXPECT_EQ(result(), step::done);
  EXPECT_TRUE(body->sent());
}

TEST_F(upstream_request_test, takes_an_answer_that_comes_before_the_bodys_end) {
  begin(head_with_length(10, "hello"), streamed());
  auto& backend = rig.accept_request();
  rig.until_backend_has(backend, "hello");
  backend.send("HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_TRUE(waits()) << "that is none";
  backend.send("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(result(), step::done);
  EXPECT_EQ(asked->answer().status, 413U);
  EXPECT_FALSE(of->uploading);
  EXPECT_FALSE(body->sent());
  asked->release();
  rig.until([&] { return backend.ended(); });
  EXPECT_EQ(rig.idle(), 0U) << "the rest of the body would be taken for a request";
}

TEST_F(upstream_request_test, does_not_take_a_good_answer_to_half_of_its_own_request) {
  class endless final : public body_source {
  public:
    http::body_piece next(std::string_view& piece) override {
      piece = "x";
      return std::exchange(given, true) ? http::body_piece::wait : http::body_piece::data;
    }
    void release() override {}
    bool given = false;
  } source;
  own_request own;
  own.target = "/own";
  own.content_type = "a/b";
  own.source = &source;
  forward_options options;
  options.request = &own;
  for (const bool good : {true, false}) {
    source.given = false;
    begin(get("/x"), options);
    auto& backend = rig.accept_request();
    rig.until_backend_has(backend, "1\r\nx\r\n");
    backend.send(good ? "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
                      : "HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n");
    if (good)
      expect_failure(mishap::answered_half_request);
    else
      EXPECT_EQ(result(), step::done) << "no success: that says something";
    TearDown();
    rig.let_go();
  }
}

TEST_F(upstream_request_test, refuses_a_body_that_is_too_large) {
  auto options = streamed();
  options.max_body = 8;
  begin(in_chunks("5\r\nhello\r\n"), options);
  auto& backend = rig.accept_request();
  rig.until_backend_has(backend, "hello");
  rig.client().send("4\r\n1234\r\n");
  EXPECT_EQ(result(), step::gone);
  EXPECT_EQ(of->end, forward_end::replied);
  EXPECT_EQ(of->ex.record().detail, response_detail::body_too_large);
  rig.until_client_has("\r\n\r\n");
  EXPECT_EQ(rig.answer().status, 413U);
  EXPECT_EQ(rig.answer().field("Connection"), "close");
  EXPECT_THAT(rig.told(), ElementsAre("ask 1", "canceled 1"));
  expect_dropped(backend);
  EXPECT_THAT(backend.received(), Not(HasSubstr("1234")));
}

TEST_F(upstream_request_test, refuses_a_body_whose_chunks_are_broken) {
  begin(in_chunks("5\r\nhello\r\n"), streamed());
  auto& backend = rig.accept_request();
  rig.until_backend_has(backend, "hello");
  rig.client().send("zz\r\n");
  EXPECT_EQ(result(), step::gone);
  rig.until_client_has("\r\n\r\n");
  EXPECT_EQ(rig.answer().status, 400U);
  EXPECT_EQ(of->ex.record().detail, response_detail::bad_request_body);
  EXPECT_THAT(rig.told(), ElementsAre("ask 1", "canceled 1"));
  expect_dropped(backend);
}

TEST_F(upstream_request_test, refuses_a_body_that_does_not_go_on) {
  rig.settings().limits.body_timeout = 30s;
  begin(head_with_length(10, "hello"), streamed());
  auto& backend = rig.accept_request();
  rig.until_backend_has(backend, "hello");
  rig.pass(29'900ms);
  EXPECT_TRUE(waits());
  rig.pass(200ms);
  EXPECT_EQ(result(), step::gone);
  rig.until_client_has("\r\n\r\n");
  EXPECT_EQ(rig.answer().status, 408U);
  EXPECT_EQ(of->ex.record().detail, response_detail::body_timeout);
  expect_dropped(backend);
}

TEST_F(upstream_request_test, says_that_its_own_source_has_failed) {
  class broken final : public body_source {
  public:
    http::body_piece next(std::string_view&) override { return http::body_piece::failed; }
    void release() override {}
  } source;
  own_request own;
  own.target = "/own";
  own.content_type = "a/b";
  own.source = &source;
  forward_options options;
  options.request = &own;
  begin(get("/x"), options);
  rig.accept_request();
  EXPECT_EQ(result(), step::refused);
  EXPECT_EQ(rig.client().received(), "");
}

TEST_F(upstream_request_test, is_given_up_when_the_client_leaves_within_its_body) {
  begin(head_with_length(10, "hello"), streamed());
  auto& backend = rig.accept_request();
  rig.until_backend_has(backend, "hello");
  rig.client().close();
  rig.until([&] {
    rig.pass(100ms); // nothing is read meanwhile that would tell
    return how->done();
  });
  EXPECT_EQ(result(), step::gone);
  EXPECT_EQ(rig.disconnects(request_phase::reading), 1U);
  EXPECT_EQ(of->ex.record().detail, response_detail::client_disconnected);
  rig.until([&] { return backend.ended(); });
}

TEST_F(upstream_request_test, is_given_up_when_the_client_leaves_before_the_answer) {
  begin(get("/x"));
  auto& backend = rig.accept_request();
  EXPECT_TRUE(waits());
  rig.client().reset();
  EXPECT_EQ(result(), step::gone);
  EXPECT_EQ(rig.disconnects(request_phase::waiting), 1U);
  EXPECT_EQ(of->end, forward_end::gone);
  EXPECT_EQ(of->ex.record().status, 499U);
  rig.until([&] { return backend.ended(); });
  EXPECT_EQ(rig.backend_metrics().pool_active.value(), 0);
}

// ---- backends that do not take it ----

TEST_F(upstream_request_test, fails_when_a_whole_request_is_not_taken) {
  rig.timeouts().idle = 5s;
  const std::string large(16 << 20, 'x');
  forward_options options;
  options.body = &large;
  begin(post("/x", "small"), options);
  auto& backend = rig.accept();
  backend.stop_reading();
  rig.until([&] { return asked->connection().writing(); });
  rig.pass_until([&] { return how->done(); });
  expect_failure(mishap::request_not_taken);
  const auto silent = rig.now() - asked->connection().last_written();
  EXPECT_GE(silent, 5'000'000'000) << "the kernel may have taken some later than the rest";
  EXPECT_LE(silent, 5'020'000'000);
  EXPECT_FALSE(asked->lost().sent_whole);
  asked.reset();
  backend.stop_reading(false);
  rig.until([&] { return backend.ended(); });
  EXPECT_TRUE(backend.was_reset()) << "what it has not taken must not reach it any more";
}

TEST_F(upstream_request_test, takes_an_answer_that_comes_before_a_whole_request_was_taken) {
  const std::string large(16 << 20, 'x');
  forward_options options;
  options.body = &large;
  begin(post("/x", "small"), options);
  auto& backend = rig.accept();
  backend.stop_reading();
  rig.until([&] { return asked->connection().writing(); });
  backend.send("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(result(), step::done);
  EXPECT_EQ(asked->answer().status, 413U);
  EXPECT_FALSE(asked->lost().sent_whole);
  asked->release();
  EXPECT_EQ(rig.idle(), 0U);
}

TEST_F(upstream_request_test, fails_when_a_streamed_body_is_not_taken) {
  rig.timeouts().idle = 5s;
  begin(head_with_length(16 << 20), streamed());
  auto& backend = rig.accept_request();
  backend.stop_reading();
  const std::string large(16 << 20, 'x');
  rig.client().send(large);
  rig.until([&] { return asked->connection().writing(); });
  rig.pass_until([&] { return how->done(); });
  expect_failure(mishap::request_not_taken);
  const auto silent = rig.now() - asked->connection().last_written();
  EXPECT_GE(silent, 5'000'000'000) << "the kernel may have taken some later than the rest";
  EXPECT_LE(silent, 5'020'000'000);
  EXPECT_FALSE(asked->lost().repeatable);
}

TEST_F(upstream_request_test, may_be_answered_while_a_streamed_body_is_not_taken) {
  begin(head_with_length(16 << 20), streamed());
  auto& backend = rig.accept_request();
  backend.stop_reading();
  const std::string large(16 << 20, 'x');
  rig.client().send(large);
  rig.until([&] { return asked->connection().writing(); });
  backend.send("HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(result(), step::done);
  EXPECT_EQ(asked->answer().status, 400U);
}

// ---- ends ----

TEST_F(upstream_request_test, counts_and_tells_a_bad_end) {
  begin(get("/x"));
  rig.accept_request().send(ok_head);
  EXPECT_EQ(result(), step::done);
  asked->drop();
  asked->answered_badly(row_of(mishap::stream_truncated));
  EXPECT_EQ(rig.attempts(counted::reset_after_head), 1U);
  EXPECT_EQ(rig.all_attempts(), 1U);
  EXPECT_THAT(rig.told(), ElementsAre("ask 1", "reset_after_head 1"));
}

TEST_F(upstream_request_test, cuts_an_answer_off_whose_head_is_out) {
  begin(get("/x"));
  auto& backend = rig.accept_request();
  backend.send(ok_head);
  EXPECT_EQ(result(), step::done);
  EXPECT_EQ(asked->cut_off(mishap::silence_within_answer), step::done);
  EXPECT_TRUE(of->ex.aborted());
  EXPECT_EQ(of->ex.record().detail, response_detail::stream_idle_timeout);
  EXPECT_EQ(rig.attempts(counted::idle_timeout), 1U);
  EXPECT_THAT(rig.told(), ElementsAre("ask 1", "response_timeout 1"));
  rig.until([&] { return backend.ended(); });
}

TEST_F(upstream_request_test, frees_its_permit_before_its_end) {
  begin(get("/x"));
  rig.accept_request().send(ok_head);
  EXPECT_EQ(result(), step::done);
  asked->free_permit();
  EXPECT_EQ(rig.backend_metrics().in_flight.value(), 0);
  asked->drop();
  asked->answered_badly(row_of(mishap::reset_within_answer));
  EXPECT_THAT(rig.told(), ElementsAre("ask 1", "completed 1")) << "the first word counts";
  EXPECT_EQ(rig.attempts(counted::reset_after_head), 1U);
}

} // namespace
} // namespace synapse::proxy
