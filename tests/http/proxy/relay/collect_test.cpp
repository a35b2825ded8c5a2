#include "tests/http/proxy/proxy_rig.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace synapse::proxy {
namespace {

using counted = telemetry::attempt_result;
using telemetry::request_phase;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr std::size_t most_of_an_error = 256 * 1024;
constexpr std::size_t most_of_an_answer = 16 * 1024 * 1024;

std::string with_status(unsigned status, std::string_view body, std::string_view fields = {}) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\n" + std::string{fields} +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string{body};
}

struct collect_test : testing::Test {
  far_end& begin(std::string_view fields = {}) {
    rig.emplace();
    return ask(fields);
  }
  far_end& ask(std::string_view fields = {}) {
    rig->attempt(get("/x", fields), wanted,
                 [](call& of, upstream_request& from) { return collect(of, from); });
    return rig->accept_request();
  }
  const collected_answer& expect_collected() {
    const auto& seen = rig->end();
    EXPECT_EQ(seen.came_to, step::done);
    EXPECT_EQ(seen.end, forward_end::collected);
    EXPECT_FALSE(seen.begun);
    EXPECT_EQ(rig->client().received(), "");
    EXPECT_EQ(rig->attempts(counted::ok), 1U);
    EXPECT_THAT(rig->told(), ElementsAre("ask 1", "completed 1"));
    EXPECT_TRUE(rig->at_rest());
    return seen.collected;
  }
  void expect_failed(mishap what) {
    EXPECT_EQ(rig->end().came_to, step::failed);
    EXPECT_EQ(rig->seen.what, what);
    EXPECT_EQ(rig->seen.message, row_of(what).sentence);
  }

  std::optional<proxy_rig> rig = std::optional<proxy_rig>{std::in_place};
  scripted_targets nowhere{*rig};
  forward_options wanted;
};

TEST_F(collect_test, an_answer_is_read_to_its_end) {
  for (const unsigned status : {200U, 201U, 302U, 404U, 500U, 503U}) {
    begin().send(with_status(status, "what it says", "Retry-After: 7\r\n"));
    const auto& answer = expect_collected();
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(answer.body, "what it says");
    EXPECT_EQ(answer.retry_after, "7");
    EXPECT_EQ(rig->idle(), 1U);
  }
}

TEST_F(collect_test, an_answer_comes_out_of_its_framing) {
  auto& backend = begin();
  backend.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  rig->settle();
  EXPECT_TRUE(rig->under_way());
  backend.send("6\r\n world\r\n0\r\nX-Trailer: 1\r\n\r\n");
  EXPECT_EQ(expect_collected().body, "hello world");
  EXPECT_EQ(rig->idle(), 1U);
}

TEST_F(collect_test, an_answer_may_run_until_close) {
  auto& backend = begin();
  backend.send("HTTP/1.1 200 OK\r\n\r\nhello");
  rig->settle();
  backend.close();
  EXPECT_EQ(expect_collected().body, "hello");
  EXPECT_EQ(rig->idle(), 0U);
}

TEST_F(collect_test, an_answer_without_a_body_is_empty) {
  for (const std::string_view answer :
       {"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 205 Reset Content\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}) {
    begin().send(answer);
    EXPECT_EQ(expect_collected().body, "") << answer;
    EXPECT_EQ(rig->seen.collected.retry_after, "");
  }
}

TEST_F(collect_test, what_was_collected_before_is_forgotten) {
  rig->begin_call(get("/x"), wanted, [this](call& of) -> net::task<void> {
    of.collected.status = 500;
    of.collected.body = "of an earlier attempt";
    of.collected.retry_after = "9";
    permit_slot permit{of, 1};
    request_body body{of};
    EXPECT_TRUE(permit.take());
    upstream_request asked{of, permit, body, net::io_thread::recent()};
    const auto sent = co_await asked.send(true);
    EXPECT_EQ(sent, step::done);
    rig->seen.came_to = co_await collect(of, asked);
  });
  rig->accept_request().send(with_status(200, "now"));
  const auto& answer = expect_collected();
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.body, "now");
  EXPECT_EQ(answer.retry_after, "");
}

TEST_F(collect_test, a_good_answer_that_breaks_off_is_a_failure) {
  for (const std::string_view sent :
       {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"}) {
    auto& backend = begin();
    backend.send(sent);
    rig->settle();
    backend.close();
    expect_failed(mishap::reset_within_answer);
  }
}

TEST_F(collect_test, half_of_an_error_still_says_something) {
  auto& backend = begin();
  backend.send("HTTP/1.1 500 No\r\nContent-Length: 99\r\n\r\nout of mem");
  rig->settle();
  backend.close();
  EXPECT_EQ(expect_collected().body, "out of mem");
  EXPECT_EQ(rig->idle(), 0U);
}

TEST_F(collect_test, half_of_an_error_that_is_passed_on_is_a_failure) {
  wanted.elsewhere = &nowhere;
  auto& backend = begin();
  backend.send("HTTP/1.1 500 No\r\nContent-Length: 99\r\n\r\nout of mem");
  rig->settle();
  backend.close();
  expect_failed(mishap::reset_within_answer);
}

TEST_F(collect_test, of_a_long_error_enough_is_kept) {
  const std::string large(most_of_an_error + 100'000, 'x');
  auto& backend = begin();
  backend.send(with_status(500, large));
  EXPECT_EQ(expect_collected().body, large.substr(0, most_of_an_error));
  EXPECT_EQ(rig->idle(), 0U);
  rig->until([&] { return backend.ended(); });
}

TEST_F(collect_test, a_long_error_that_is_passed_on_is_a_failure) {
  wanted.elsewhere = &nowhere;
  begin().send(with_status(500, std::string(most_of_an_error + 100'000, 'x')));
  expect_failed(mishap::answer_too_long);
}

TEST_F(collect_test, a_good_answer_may_be_long) {
  const std::string large(most_of_an_answer, 'x');
  begin().send(with_status(200, large));
  EXPECT_TRUE(expect_collected().body == large);
}

TEST_F(collect_test, a_good_answer_that_is_too_long_is_a_failure) {
  begin().send("HTTP/1.1 200 OK\r\n\r\n" + std::string(most_of_an_answer + 100'000, 'x'));
  expect_failed(mishap::answer_too_long);
}

TEST_F(collect_test, an_error_holds_no_credentials_of_the_request) {
  begin("Authorization: Bearer sk-secret-1234567890\r\n")
      .send(with_status(401, "key sk-secret-1234567890 is wrong"));
  const auto& answer = expect_collected();
  EXPECT_THAT(answer.body, Not(HasSubstr("sk-secret-1234567890")));
  EXPECT_THAT(answer.body, HasSubstr("is wrong"));
}

TEST_F(collect_test, a_good_answer_is_left_as_it_is) {
  const std::string body = "key sk-secret-1234567890 is right";
  begin("Authorization: Bearer sk-secret-1234567890\r\n").send(with_status(200, body));
  EXPECT_EQ(expect_collected().body, body);
}

TEST_F(collect_test, silence_is_a_failure) {
  for (const unsigned status : {200U, 500U}) {
    rig.emplace();
    rig->timeouts().idle = 5s;
    auto& backend = ask();
    backend.send("HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: 9\r\n\r\nhalf");
    rig->settle();
    rig->pass(4'980ms);
    EXPECT_TRUE(rig->under_way());
    rig->pass(40ms);
    EXPECT_FALSE(rig->under_way());
    expect_failed(mishap::silence_within_answer);
  }
}

TEST_F(collect_test, the_total_limit_tells_whether_anything_came) {
  for (const bool answering : {true, false}) {
    rig.emplace();
    rig->timeouts().total = 5s;
    auto& backend = ask();
    backend.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n" +
                 std::string(answering ? 1 : 0, 'x'));
    rig->settle();
    rig->pass(5'100ms);
    expect_failed(answering ? mishap::total_timeout_answering : mishap::total_timeout_silent);
  }
}

TEST_F(collect_test, a_client_that_leaves_ends_it) {
  auto& backend = begin();
  backend.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
  rig->settle();
  rig->client().reset();
  EXPECT_EQ(rig->end().came_to, step::gone);
  EXPECT_EQ(rig->seen.end, forward_end::gone);
  EXPECT_EQ(rig->disconnects(request_phase::responding), 1U);
  rig->until([&] { return backend.ended(); });
  EXPECT_TRUE(rig->at_rest());
}

} // namespace
} // namespace synapse::proxy
