// Targets that decide about every failure: what the forwarder tells them, and when it does not.
#include "http/core/body/sse.hpp"
#include "http/proxy/forwarder.hpp"
#include "tests/http/proxy/proxy_rig.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace synapse::proxy {
namespace {

using actors::deny_reason;
using http::response_detail;
using testing::ElementsAre;
using testing::HasSubstr;

/// Writes down all that it is told.
class deciding_targets final : public targets {
public:
  explicit deciding_targets(proxy_rig& rig) : rig_(rig) {}

  std::vector<onward> next;      ///< in order; after them `none`
  std::vector<std::string> told; ///< "denied 4", "failed connect_failure", "500 body", "good" …
  std::vector<net::time_ns> first_content;
  forward_options extra; ///< what `prepare` sets

  const client::site_ptr& site() const noexcept override { return rig_.site(); }
  const std::string* body() override { return nullptr; }
  bool decide() const noexcept override { return true; }
  void prepare(forward_options& options) override {
    options.permit_wait = extra.permit_wait;
    options.deadline = extra.deadline;
    options.cell = 7;
  }
  bool is_proxys(const collected_answer& what) const override { return what.body == "<page>"; }
  void begun(bool cell_probe) override { told.push_back(cell_probe ? "probe" : "begun"); }
  void answered(const answer_end& how) override {
    told.push_back(
        how.badly == nullptr ? "good" : "bad " + std::to_string(static_cast<int>(how.badly->what)));
    first_content.push_back(how.first_content);
  }
  net::task<onward> after(miss what) override {
    if (what.denied != deny_reason::none)
      told.push_back("denied " + std::to_string(static_cast<int>(what.denied)));
    else if (what.failed != nullptr)
      told.push_back("failed " + std::to_string(static_cast<int>(what.failed->what)));
    else
      told.push_back(std::string{what.answer->within_success ? "within " : ""} +
                     std::to_string(what.answer->status) + " " + what.answer->body);
    const auto which = asked_++;
    co_return which < next.size() ? next[which] : onward::none;
  }

private:
  proxy_rig& rig_;
  std::size_t asked_ = 0;
};

std::string failed(mishap what) {
  return "failed " + std::to_string(static_cast<int>(what));
}
std::string denied(deny_reason why) {
  return "denied " + std::to_string(static_cast<int>(why));
}

const std::string stream_head =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
const std::string content_event =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\n";
const std::string good_json =
    json_answer(R"({"choices":[{"index":0,"message":{"content":"x"},"finish_reason":"stop"}]})");

struct deciding_test : testing::Test {
  /// Asks the targets, as the deployments of a name are asked.
  void begin(bool stream = false) {
    forward_options options;
    options.openai_answer = options.openai_stream = true;
    options.wants_stream = stream;
    options.elsewhere = &all;
    options.elsewhere_decides = true;
    all.prepare(options);
    rig.forward(post("/v1/chat/completions", "{}"), options);
  }
  seen_answer answer() {
    rig.end();
    rig.until([&] {
      rig.pass(10ms);
      return rig.answer().whole;
    });
    return rig.answer();
  }

  proxy_rig rig;
  deciding_targets all{rig};
};

TEST_F(deciding_test, hear_of_a_denied_permit_and_go_on) {
  all.next = {onward::target};
  rig.lane.answers = {proxy_rig::deny(deny_reason::deployment_out, 3'000)};
  begin();
  rig.accept_request().send(good_json);
  EXPECT_EQ(answer().status, 200U);
  EXPECT_THAT(all.told, ElementsAre(denied(deny_reason::deployment_out), "begun", "good"));
  EXPECT_EQ(rig.seen.record.attempts, 1U) << "a denial is no attempt";
  EXPECT_TRUE(rig.at_rest());
}

TEST_F(deciding_test, hear_of_a_failure_at_once_whatever_the_retries_of_the_backend) {
  rig.backend_settings().retry.attempts = 3;
  all.next = {onward::target};
  rig.lane.answers = {rig.grant_refused()};
  begin();
  rig.accept_request().send(good_json);
  EXPECT_EQ(answer().status, 200U);
  EXPECT_THAT(all.told, ElementsAre("begun", failed(mishap::connect_failure), "begun", "good"));
}

TEST_F(deciding_test, hear_of_a_post_that_may_have_been_carried_out) {
  all.next = {onward::target};
  begin();
  auto& first = rig.accept_request();
  rig.until_backend_has(first, "{}");
  first.close();
  rig.accept_request().send(good_json);
  EXPECT_EQ(answer().status, 200U);
  EXPECT_THAT(all.told, ElementsAre("begun", failed(mishap::reset_before_answer), "begun", "good"));
}

TEST_F(deciding_test, hear_of_an_answer_that_is_no_success) {
  all.next = {onward::target};
  begin();
  rig.accept_request().send("HTTP/1.1 500 X\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
  rig.accept_request().send(good_json);
  EXPECT_EQ(answer().status, 200U);
  EXPECT_THAT(all.told, ElementsAre("begun", "500 no", "begun", "good"));
}

TEST_F(deciding_test, hear_of_a_long_answer_that_is_no_success) {
  const std::string body(66'000, 'n'); // more than is held where targets only hear of misses
  all.next = {onward::target};
  begin();
  rig.accept_request().send("HTTP/1.1 500 X\r\nContent-Length: 66000\r\nConnection: close\r\n\r\n" +
                            body);
  rig.accept_request().send(good_json);
  EXPECT_EQ(answer().status, 200U);
  EXPECT_THAT(all.told, ElementsAre("begun", "500 " + body, "begun", "good"));
}

TEST_F(deciding_test, hear_of_an_error_within_a_200) {
  all.next = {onward::target};
  begin();
  rig.accept_request().send(json_answer(R"({"error":{"message":"no"}})", "Connection: close\r\n"));
  rig.accept_request().send(good_json);
  EXPECT_EQ(answer().status, 200U);
  EXPECT_THAT(all.told,
              ElementsAre("begun", R"(within 0 {"error":{"message":"no"}})", "begun", "good"));
}

TEST_F(deciding_test, hear_of_an_error_in_the_first_event) {
  all.next = {onward::target};
  begin(true);
  rig.accept_request().send(stream_head +
                            "data: {\"error\":{\"message\":\"no\",\"code\":503}}\n\n");
  auto& second = rig.accept_request();
  second.send(stream_head + content_event + "data: [DONE]\n\n");
  second.close();
  EXPECT_THAT(answer().body, HasSubstr("\"x\""));
  ASSERT_EQ(all.told.size(), 4U);
  EXPECT_THAT(all.told[1], HasSubstr("within 503 "));
}

TEST_F(deciding_test, hear_of_a_stream_that_says_nothing) {
  all.next = {onward::target};
  begin(true);
  auto& first = rig.accept_request();
  first.send(stream_head + "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"a\"}}]}\n\n");
  first.close();
  rig.accept_request().send(good_json);
  rig.end();
  EXPECT_EQ(all.told[1], failed(mishap::stream_truncated));
}

// ---- once something is the client's ----

TEST_F(deciding_test, are_not_asked_once_the_client_has_content) {
  all.next = {onward::target};
  begin(true);
  auto& backend = rig.accept_request();
  backend.send(stream_head + content_event);
  rig.until_client_has("\"x\"");
  rig.pass(20ms);
  backend.close();
  rig.end();
  EXPECT_THAT(
      all.told,
      ElementsAre("begun", "bad " + std::to_string(static_cast<int>(mishap::stream_truncated))));
  EXPECT_TRUE(rig.nobody_connects());
}

TEST_F(deciding_test, are_asked_behind_comments_that_the_client_has) {
  all.next = {onward::target};
  begin(true);
  auto& first = rig.accept_request();
  rig.pass(15'040ms);
  rig.until_client_has(std::string{http::sse_keepalive});
  first.close();
  auto& second = rig.accept_request();
  second.send(stream_head + content_event + "data: [DONE]\n\n");
  second.close();
  rig.until_client_has("[DONE]");
  rig.end();
  EXPECT_THAT(all.told, ElementsAre("begun", failed(mishap::reset_before_answer), "begun", "good"));
}

TEST_F(deciding_test, a_proxy_s_page_speaks_against_the_backend_and_its_own_error_does_not) {
  for (const auto& [body, told] : {std::pair{"<page>", "bad_gateway"}, {"busy", "ok"}}) {
    proxy_rig own;
    deciding_targets targets{own};
    auto probe = own.grant();
    probe.probe = true;
    probe.urgent = true;
    own.lane.answers = {probe};
    forward_options options;
    options.openai_answer = true;
    options.elsewhere = &targets;
    options.elsewhere_decides = true;
    targets.prepare(options);
    own.forward(post("/v1/chat/completions", "{}"), options);
    own.accept_request().send("HTTP/1.1 502 Bad Gateway\r\nContent-Length: " +
                              std::to_string(std::string_view{body}.size()) + "\r\n\r\n" + body);
    own.end();
    EXPECT_THAT(own.told(), ElementsAre("ask 2", std::string{told} + " 2"))
        << "its head says nothing by itself";
  }
}

TEST_F(deciding_test, a_head_is_no_content) {
  begin(true);
  auto& backend = rig.accept_request();
  rig.pass(100ms);
  backend.send(stream_head + "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"a\"}}]}\n\n");
  rig.pass(400ms);
  backend.send(content_event + "data: [DONE]\n\n");
  backend.close();
  rig.end();
  ASSERT_EQ(all.first_content.size(), 1U);
  EXPECT_GE(all.first_content[0], 500'000'000);
  EXPECT_LE(all.first_content[0], 600'000'000);
}

TEST_F(deciding_test, where_a_stream_has_no_content_its_end_counts) {
  begin(true);
  auto& backend = rig.accept_request();
  rig.pass(100ms);
  backend.send(stream_head);
  rig.pass(400ms);
  backend.send("data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
               "data: [DONE]\n\n");
  backend.close();
  rig.end();
  EXPECT_THAT(all.told, ElementsAre("begun", "good"));
  ASSERT_EQ(all.first_content.size(), 1U);
  EXPECT_GE(all.first_content[0], 500'000'000);
  EXPECT_LE(all.first_content[0], 600'000'000);
}

TEST_F(deciding_test, of_a_whole_answer_the_head_counts) {
  begin();
  auto& backend = rig.accept_request();
  rig.pass(300ms);
  const auto body = good_json.find("\r\n\r\n") + 4;
  backend.send(good_json.substr(0, body));
  rig.pass(400ms);
  backend.send(good_json.substr(body));
  rig.end();
  ASSERT_EQ(all.first_content.size(), 1U);
  EXPECT_GE(all.first_content[0], 300'000'000);
  EXPECT_LE(all.first_content[0], 400'000'000);
}

TEST_F(deciding_test, of_what_is_passed_on_in_pieces_the_first_piece_counts) {
  begin();
  auto& backend = rig.accept_request();
  backend.send("HTTP/1.1 200 OK\r\nContent-Type: audio/pcm\r\nTransfer-Encoding: chunked\r\n\r\n");
  rig.pass(300ms);
  backend.send("2\r\nab\r\n");
  rig.pass(400ms);
  backend.send("0\r\n\r\n");
  rig.end();
  ASSERT_EQ(all.first_content.size(), 1U);
  EXPECT_GE(all.first_content[0], 300'000'000);
  EXPECT_LE(all.first_content[0], 400'000'000);
}

TEST_F(deciding_test, learn_when_the_first_content_came) {
  begin(true);
  auto& backend = rig.accept_request();
  rig.pass(500ms);
  backend.send(stream_head + content_event);
  rig.until_client_has("\"x\"");
  rig.pass(1s);
  backend.send("data: [DONE]\n\n");
  backend.close();
  rig.end();
  ASSERT_EQ(all.first_content.size(), 1U);
  EXPECT_GE(all.first_content[0], 500'000'000);
  EXPECT_LE(all.first_content[0], 600'000'000);
}

TEST_F(deciding_test, hear_nothing_when_the_client_leaves) {
  begin(true);
  auto& backend = rig.accept_request();
  backend.send(stream_head + content_event);
  rig.until_client_has("\"x\"");
  rig.client().reset();
  rig.end();
  rig.until([&] { return backend.ended(); });
  EXPECT_THAT(all.told, ElementsAre("begun"));
  EXPECT_TRUE(rig.at_rest());
}

// ---- time ----

TEST_F(deciding_test, hear_that_the_deadline_has_passed) {
  all.extra.deadline = rig.now() + 2'000'000'000;
  begin();
  auto& backend = rig.accept_request();
  rig.pass(1'980ms);
  EXPECT_EQ(all.told.size(), 1U);
  rig.pass(60ms);
  EXPECT_EQ(answer().status, 504U);
  EXPECT_THAT(all.told, ElementsAre("begun", failed(mishap::deadline_passed)));
  rig.until([&] { return backend.ended(); });
}

TEST_F(deciding_test, a_deadline_is_no_matter_of_a_stream_that_has_begun) {
  all.extra.deadline = rig.now() + 2'000'000'000;
  begin(true);
  auto& backend = rig.accept_request();
  backend.send(stream_head + content_event);
  rig.until_client_has("\"x\"");
  rig.pass(5s);
  backend.send("data: [DONE]\n\n");
  backend.close();
  rig.until_client_has("[DONE]");
  rig.end();
  EXPECT_THAT(all.told, ElementsAre("begun", "good"));
}

TEST_F(deciding_test, wait_for_a_permit_only_as_long_as_they_say) {
  all.extra.permit_wait = 2'000'000'000;
  all.next = {onward::target};
  rig.lane.hold = true;
  begin();
  rig.pass(1'960ms);
  EXPECT_TRUE(all.told.empty());
  rig.lane.hold = false;
  rig.pass(80ms);
  rig.accept_request().send(good_json);
  EXPECT_EQ(answer().status, 200U);
  EXPECT_THAT(all.told, ElementsAre(denied(deny_reason::queue_timeout), "begun", "good"));
  const auto told = rig.told();
  EXPECT_THAT(told, testing::Contains("abandoned 2"));
}

TEST_F(deciding_test, who_does_not_wait_for_a_permit_says_so_to_the_lane) {
  all.extra.permit_wait = 0;
  all.next = {onward::target};
  rig.lane.answers = {proxy_rig::deny(deny_reason::overflow, 1'000)};
  begin();
  rig.accept_request().send(good_json);
  EXPECT_EQ(answer().status, 200U);
  EXPECT_THAT(all.told, ElementsAre(denied(deny_reason::overflow), "begun", "good"));
  EXPECT_THAT(rig.told(), testing::Contains("ask at once 2"));
}

TEST_F(deciding_test, hear_that_the_deadline_has_passed_while_a_permit_was_waited_for) {
  all.extra.deadline = rig.now() + 1'000'000'000;
  rig.lane.hold = true;
  all.next = {onward::ended};
  begin();
  rig.pass(1'040ms);
  rig.end();
  EXPECT_THAT(all.told, ElementsAre(denied(deny_reason::queue_timeout)));
}

TEST_F(deciding_test, know_which_request_is_the_one_that_tries) {
  auto probe = rig.grant();
  probe.cell_probe = true;
  rig.lane.answers = {probe};
  begin();
  rig.accept_request().send(good_json);
  answer();
  EXPECT_THAT(all.told, ElementsAre("probe", "good"));
}

} // namespace
} // namespace synapse::proxy
