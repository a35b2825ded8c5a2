#include "tests/actors/kubernetes/runtime_bed.hpp"

namespace synapse::actors {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

struct runtime_controller_refusals : runtime_bed {
  http_reply down() const { return fault(http_fault::connect_failure, "Connection refused"); }
};

// ---- access ----

TEST_F(runtime_controller_refusals, outside_of_a_cluster_say_so) {
  variables.clear();
  expect_error(begin(32768), ec::not_in_cluster, HasSubstr("KUBERNETES_SERVICE_HOST"));
  EXPECT_TRUE(links.empty());
}

TEST_F(runtime_controller_refusals, of_bad_settings_name_them) {
  variables["KUBERNETES_SERVICE_PORT"] = "http";
  expect_error(begin(32768), ec::cluster_refused, HasSubstr("KUBERNETES_SERVICE_PORT"));
}

TEST_F(runtime_controller_refusals, for_want_of_a_token_name_its_file) {
  fs::remove(fs::path{account} / "token");
  expect_error(begin(32768), ec::cluster_refused,
               AllOf(HasSubstr(account + "/token"), HasSubstr("automountServiceAccountToken")));
  EXPECT_TRUE(cluster->calls.empty());
}

TEST_F(runtime_controller_refusals, for_want_of_an_authority_pass_on_what_is_wrong_with_it) {
  tls_problem = "cannot read ca.crt";
  expect_error(begin(32768), ec::cluster_refused, HasSubstr("cannot read ca.crt"));
  EXPECT_TRUE(links.empty());
}

TEST_F(runtime_controller_refusals, of_an_unknown_host_name_it) {
  resolver->addresses.clear();
  expect_error(begin(32768), ec::cluster_refused,
               AllOf(HasSubstr("10.96.0.1:6443"), HasSubstr("no such host")));
}

TEST_F(runtime_controller_refusals, of_the_connection_come_at_once) {
  cluster->to_get = {down()};
  expect_error(begin(32768), ec::cluster_refused,
               AllOf(HasSubstr("cannot get the Deployment llm-infra/llama-router"),
                     HasSubstr("10.96.0.1:6443: Connection refused")));
  EXPECT_EQ(cluster->calls.size(), 1u);
}

TEST_F(runtime_controller_refusals, of_one_address_lead_to_the_next_one) {
  resolver->addresses = {address(1), address(2)};
  cluster->to_get = {down()};
  static_cast<void>(begin(32768));
  expect_applied(apply(32768), true, 8);
  EXPECT_EQ(cluster->calls[0].address, address(1));
  EXPECT_EQ(cluster->calls[1].address, address(2));
}

TEST_F(runtime_controller_refusals, of_a_token_are_answered_by_the_one_that_has_replaced_it) {
  cluster->rollout = {status(8, 0, 0, 0), status(8, 1, 1, 1)};
  cluster->token = "second";
  // The file changes while the first request is under way.
  resolver->hold = true;
  const auto question = begin(32768);
  write("token", "second \n");
  resolver->hold = false;
  resolver->release(0, resolver->answer_for("h"));
  actors.settle();
  EXPECT_THAT(cluster->calls.at(0).fields, HasSubstr("Bearer first\r\n"));
  EXPECT_THAT(cluster->calls.at(1).fields, HasSubstr("Bearer second\r\n"));
  // And once more, in the middle of the rollout: without any refusal.
  cluster->token = "third";
  write("token", "third");
  actors.advance(2s, 100ms);
  expect_applied(question, true, 8);
  EXPECT_EQ(cluster->calls.size(), 5u);
}

TEST_F(runtime_controller_refusals, of_a_token_that_stays_the_same_are_believed) {
  cluster->token = "other";
  expect_error(begin(32768), ec::cluster_refused, HasSubstr("401 Unauthorized"));
  EXPECT_EQ(cluster->calls.size(), 2u);
}

TEST_F(runtime_controller_refusals, that_repeat_the_token_are_told_without_it) {
  cluster->to_get = {answer(400, "you said Authorization: Bearer first, did you not")};
  expect_error(begin(32768), ec::cluster_refused, HasSubstr("Bearer [REDACTED], did"));
}

TEST_F(runtime_controller_refusals, of_the_old_authority_do_not_outlive_its_file) {
  expect_applied(apply(32768), true, 8);
  expect_applied(apply(32768), false, 8);
  EXPECT_EQ(links.size(), 1u);
  write("ca.crt", "another authority");
  expect_applied(apply(8192), true, 9);
  ASSERT_EQ(links.size(), 2u);
  EXPECT_TRUE(*ended[0]);
  EXPECT_FALSE(*ended[1]);
}

TEST_F(runtime_controller_refusals, by_a_link_that_has_died_lead_to_a_new_one) {
  cluster->rollout = {status(8, 0, 0, 0), status(8, 0, 0, 0), status(8, 1, 1, 1)};
  const auto question = begin(32768);
  actors.end(links.at(0));
  actors.advance(5s, 100ms);
  expect_applied(question, true, 8);
  EXPECT_EQ(links.size(), 2u);
}

// ---- the object ----

TEST_F(runtime_controller_refusals, to_read_are_told_at_once_with_what_to_check) {
  const std::pair<http_reply, const char*> cases[] = {
      {refusal(403, "Forbidden"), "a Role in the namespace llm-infra"},
      {refusal(404, "NotFound"), "SYNAPSE_LLAMA_ROUTER_DEPLOYMENT_NAME"},
      {answer(404, "<html>"), "SYNAPSE_KUBERNETES_API_URL"},
      {answer(302, ""), "302"},
      {answer(200, "garbage"), "it is not JSON"},
      {answer(200, "{}"), "its kind is"},
      {fault(http_fault::timeout, "timed out"), "timed out"},
      {fault(http_fault::too_large, "the answer is too large"), "too large"}};
  std::size_t asked = 0;
  for (const auto& [reply, text] : cases) {
    cluster->to_get = {reply};
    expect_error(begin(32768), ec::cluster_refused, HasSubstr(text));
    EXPECT_EQ(cluster->calls.size(), ++asked) << text;
  }
}

TEST_F(runtime_controller_refusals, to_patch_are_told_at_once_with_what_to_check) {
  const auto causes = json{{"causes", {{{"field", "spec.x"}, {"message", "Invalid value"}}}}};
  const std::pair<http_reply, const char*> cases[] = {
      {refusal(403, "Forbidden"), "get and patch on deployments"},
      {refusal(415, "UnsupportedMediaType"), "UnsupportedMediaType"},
      {refusal(422, "Invalid", causes), "spec.x: Invalid value"}};
  for (const auto& [reply, text] : cases) {
    cluster->to_patch = {reply};
    expect_error(begin(32768), ec::cluster_refused,
                 AllOf(HasSubstr("cannot patch"), HasSubstr(text)));
  }
  EXPECT_EQ(cluster->count("PATCH"), 3u);
}

TEST_F(runtime_controller_refusals, for_want_of_the_container_list_those_that_are_there) {
  parts.container = "llama";
  expect_error(begin(32768), ec::cluster_refused,
               AllOf(HasSubstr("no container llama but sidecar, llama-server"),
                     HasSubstr("SYNAPSE_LLAMA_ROUTER_CONTAINER_NAME")));
  EXPECT_EQ(cluster->count("PATCH"), 0u);
}

TEST_F(runtime_controller_refusals, of_a_shells_text_change_nothing) {
  cluster->container()["args"] = {"-c", "llama-server --ctx-size 16384"};
  expect_error(begin(32768), ec::cluster_refused, HasSubstr("a shell runs a text"));
  EXPECT_EQ(cluster->count("PATCH"), 0u);
}

// ---- conflicts and failures that pass ----

TEST_F(runtime_controller_refusals, because_of_a_conflict_lead_to_another_look) {
  cluster->to_patch = {refusal(409, "Conflict")};
  cluster->touch();
  expect_applied(apply(32768), true, 8);
  EXPECT_EQ(cluster->count("PATCH"), 2u);
}

TEST_F(runtime_controller_refusals, because_of_conflicts_for_ever_end_after_five) {
  cluster->to_patch.assign(9, refusal(409, "Conflict"));
  expect_error(apply(32768), ec::cluster_refused,
               AllOf(HasSubstr("409 Conflict"), HasSubstr("5 times in a row")));
  EXPECT_EQ(cluster->count("PATCH"), 5u);
  EXPECT_EQ(cluster->count("GET"), 5u);
}

TEST_F(runtime_controller_refusals, that_pass_are_met_with_one_more_try) {
  for (auto* queue : {&cluster->to_get, &cluster->to_patch}) {
    *queue = {refusal(500, "InternalError")};
    const auto wanted = queue == &cluster->to_get ? 32768 : 8192;
    ASSERT_TRUE(*apply(wanted));
    EXPECT_EQ(args()[3], std::to_string(wanted));
  }
  cluster->to_get = {refusal(503, "ServiceUnavailable"), refusal(503, "ServiceUnavailable")};
  expect_error(apply(4096), ec::cluster_refused, HasSubstr("503 ServiceUnavailable"));
  EXPECT_EQ(args()[3], "8192");
}

TEST_F(runtime_controller_refusals, are_given_the_time_that_they_ask_for) {
  cluster->to_get = {refusal(429, "TooManyRequests", {{"retryAfterSeconds", 5}})};
  const auto question = begin(16384);
  actors.advance(4s, 100ms);
  EXPECT_EQ(cluster->calls.size(), 1u);
  actors.advance(1s, 100ms);
  expect_applied(question, false, 7);
}

TEST_F(runtime_controller_refusals, that_got_lost_after_the_patch_worked_are_found_out) {
  cluster->to_patch = {fault(http_fault::reset, "the connection was closed before an answer")};
  const auto question = begin(32768);
  cluster->patch(cluster->calls.back().body);
  actors.advance(2s, 100ms);
  expect_applied(question, true, 8);
  EXPECT_EQ(cluster->count("PATCH"), 1u);
}

TEST_F(runtime_controller_refusals, while_the_rollout_goes_on_are_waited_out) {
  const auto question = begin(32768);
  cluster->to_get = {refusal(500, "InternalError"), down(), answer(200, "garbage"),
                     refusal(429, "TooManyRequests"), fault(http_fault::timeout, "timed out")};
  actors.advance(5s, 100ms);
  EXPECT_FALSE(question.answered());
  actors.advance(1s, 100ms);
  expect_applied(question, true, 8);
}

TEST_F(runtime_controller_refusals, that_last_for_the_whole_rollout_are_told_at_its_end) {
  const auto question = begin(32768);
  cluster->to_get.assign(100, down());
  actors.advance(60s, 1s);
  expect_error(question, ec::rollout_timeout, HasSubstr("Connection refused"));
}

TEST_F(runtime_controller_refusals, during_the_rollout_that_do_not_pass_end_it) {
  cluster->to_get = {answer(200, cluster->deployment.dump()), refusal(404, "NotFound")};
  expect_error(apply(32768), ec::cluster_refused,
               AllOf(HasSubstr("404 NotFound"), HasSubstr("had been accepted before")));
}

} // namespace
} // namespace synapse::actors
