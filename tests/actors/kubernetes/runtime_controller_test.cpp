#include "tests/actors/kubernetes/runtime_bed.hpp"

namespace synapse::actors {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

struct runtime_controller : runtime_bed {};

TEST_F(runtime_controller, changes_the_argument_and_waits_for_the_rollout) {
  // The lag that looks complete, the gap of Recreate, a pod that is not available yet.
  cluster->rollout = {status(7, 1, 1, 1), status(8, 0, 0, 0), status(8, 1, 1, 0),
                      status(8, 1, 1, 1)};
  const auto question = begin(32768);
  for (int second = 0; second < 3; ++second) {
    actors.advance(1s, 100ms);
    EXPECT_FALSE(question.answered()) << "after " << second + 1 << " s";
  }
  actors.advance(1s, 100ms);
  expect_applied(question, true, 8);
  EXPECT_EQ(args(), (json{"--host", "0.0.0.0", "--ctx-size", "32768"}));
  EXPECT_EQ(cluster->container(0)["args"], (json{"-c", "1"}));
  EXPECT_EQ(cluster->count("GET"), 5u);
  EXPECT_EQ(cluster->count("PATCH"), 1u);
  // Good news is no error: a log that calls it one teaches people not to look.
  EXPECT_THAT(notes, testing::ElementsAre(HasSubstr("16384 becomes 32768"), HasSubstr("runs")));
  EXPECT_THAT(reports, testing::IsEmpty());
}

TEST_F(runtime_controller, asks_in_the_words_of_the_api) {
  expect_applied(apply(32768), true, 8);
  ASSERT_GE(cluster->calls.size(), 2u);
  const auto& get = cluster->calls[0];
  const auto& patch = cluster->calls[1];
  EXPECT_EQ(get.method, "GET");
  EXPECT_EQ(get.target, "/apis/apps/v1/namespaces/llm-infra/deployments/llama-router");
  EXPECT_EQ(get.authority, "10.96.0.1:6443");
  EXPECT_EQ(get.content_type, "");
  EXPECT_EQ(patch.method, "PATCH");
  EXPECT_EQ(patch.target, get.target + "?fieldManager=synapse");
  EXPECT_EQ(patch.content_type, "application/strategic-merge-patch+json");
  EXPECT_THAT(patch.fields, HasSubstr("Authorization: Bearer first\r\n"));
  EXPECT_EQ(json::parse(patch.body)["metadata"]["resourceVersion"], "100");
  EXPECT_EQ(resolver->asked[0].host, "10.96.0.1");
  EXPECT_EQ(resolver->asked[0].port, 6443);
  EXPECT_EQ(names, std::vector<std::string>{"10.96.0.1"});
  EXPECT_EQ(authorities, std::vector<std::string>{account + "/ca.crt"});
}

TEST_F(runtime_controller, verifies_an_ipv6_address_without_its_brackets) {
  variables = {{"KUBERNETES_SERVICE_HOST", "fd00::1"}, {"KUBERNETES_SERVICE_PORT", "443"}};
  expect_applied(apply(32768), true, 8);
  EXPECT_EQ(names, std::vector<std::string>{"fd00::1"});
  EXPECT_EQ(cluster->calls[0].authority, "[fd00::1]");
}

TEST_F(runtime_controller, leaves_alone_what_is_as_it_has_to_be) {
  expect_applied(begin(16384), false, 7);
  EXPECT_EQ(cluster->count("PATCH"), 0u);
}

TEST_F(runtime_controller, waits_for_a_rollout_that_is_under_way_without_a_change) {
  cluster->deployment["status"]["observedGeneration"] = 6;
  const auto question = begin(16384);
  actors.advance(5s, 100ms);
  EXPECT_FALSE(question.answered());
  cluster->deployment["status"]["observedGeneration"] = 7;
  actors.advance(1s, 100ms);
  expect_applied(question, false, 7);
}

TEST_F(runtime_controller, appends_the_argument_where_there_is_none) {
  cluster->container().erase("args");
  expect_applied(apply(4096), true, 8);
  EXPECT_EQ(args(), (json{"--ctx-size", "4096"}));
}

TEST_F(runtime_controller, reads_the_size_of_the_command_behind_which_the_arguments_come) {
  cluster->container().erase("args");
  cluster->container()["command"] = {"/app/llama-server", "-c", "4096"};
  expect_applied(apply(4096), false, 7);
}

TEST_F(runtime_controller, makes_one_change_at_a_time_each_by_what_it_finds) {
  cluster->rollout = {status(8, 0, 0, 0), status(8, 1, 1, 1)};
  const auto first = begin(32768);
  const auto same = begin(32768);
  const auto other = begin(8192);
  actors.advance(1s, 100ms);
  EXPECT_FALSE(first.answered());
  EXPECT_EQ(cluster->count("PATCH"), 1u);
  actors.advance(1s, 100ms);
  expect_applied(first, true, 8);
  expect_applied(same, false, 8);
  EXPECT_FALSE(other.answered());
  cluster->rollout = {status(9, 1, 1, 1)};
  actors.advance(2s, 100ms);
  expect_applied(other, true, 9);
  EXPECT_EQ(args()[3], "8192");
}

TEST_F(runtime_controller, bounds_the_changes_that_wait) {
  cluster->silent = true;
  std::vector<answer_to_apply> waiting(16);
  for (auto& one : waiting)
    one = begin(1000);
  expect_error(begin(2000), ec::cluster_refused, HasSubstr("16 changes"));
  for (const auto& one : waiting)
    EXPECT_FALSE(one.answered());
}

TEST_F(runtime_controller, answers_a_change_that_waited_for_too_long_in_vain) {
  cluster->rollout = {status(7, 1, 1, 1)};
  const auto first = begin(32768);
  actors.advance(1s, 1s);
  const auto second = begin(8192);
  actors.advance(58s, 1s);
  EXPECT_FALSE(first.answered());
  actors.advance(1s, 1s);
  expect_error(first, ec::rollout_timeout,
               AllOf(HasSubstr("not ready within 60s"), HasSubstr("has not begun"),
                     HasSubstr("32768 had been accepted")));
  // It has begun by now, on top of what was not finished.
  EXPECT_FALSE(second.answered());
  actors.advance(1s, 1s);
  expect_error(second, ec::rollout_timeout, HasSubstr("within 60s"));
}

TEST_F(runtime_controller, ends_what_waits_when_its_own_time_is_over) {
  cluster->silent = true;
  parts.timeout = 5s; // below the limit of a single request
  const auto first = begin(32768);
  const auto second = begin(8192);
  actors.advance(5s, 1s);
  expect_error(first, ec::rollout_timeout, HasSubstr("has not answered"));
  expect_error(second, ec::rollout_timeout, HasSubstr("5s"));
}

TEST_F(runtime_controller, tells_why_a_rollout_failed) {
  auto failed = status(8, 1, 1, 0);
  failed["conditions"] = {{{"type", "Progressing"},
                           {"status", "False"},
                           {"reason", "ProgressDeadlineExceeded"},
                           {"message", "ReplicaSet \"r\" has timed out progressing."}}};
  cluster->rollout = {status(8, 1, 1, 0), failed};
  expect_error(apply(32768), ec::rollout_failed, HasSubstr("has timed out progressing"));
}

TEST_F(runtime_controller, notices_that_somebody_else_has_changed_it_meanwhile) {
  cluster->rollout = {status(8, 0, 0, 0)};
  const auto question = begin(32768);
  cluster->container()["args"][3] = "512";
  actors.advance(1s, 100ms);
  expect_error(question, ec::rollout_failed, HasSubstr("its --ctx-size is 512"));
}

TEST_F(runtime_controller, is_not_taken_in_by_an_answer_from_before_the_change) {
  const auto before = cluster->deployment.dump();
  const auto question = begin(32768);
  cluster->to_get = {answer(200, before)};
  actors.advance(1s, 100ms);
  EXPECT_FALSE(question.answered());
  actors.advance(1s, 100ms);
  expect_applied(question, true, 8);
}

TEST_F(runtime_controller, ends_its_link_and_answers_who_waits_when_it_ends) {
  cluster->silent = true;
  const auto question = begin(32768);
  actors.end(controller);
  controller = nullptr;
  ASSERT_TRUE(question.answered());
  EXPECT_EQ((*question).error(), caf::make_error(ec::shutting_down));
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_TRUE(*ended[0]);
}

} // namespace
} // namespace synapse::actors
