#include "actors/kubernetes/deployment.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace synapse::kubernetes {
namespace {

using json = nlohmann::json;
using testing::HasSubstr;

json sample() {
  return json::parse(R"({
    "apiVersion": "apps/v1", "kind": "Deployment",
    "metadata": {"name": "llama-router", "namespace": "llm-infra", "generation": 7,
                 "resourceVersion": "123456", "uid": "u"},
    "spec": {"replicas": 1, "strategy": {"type": "Recreate"},
             "template": {"spec": {"containers": [
               {"name": "sidecar", "image": "s"},
               {"name": "llama-server", "image": "i", "command": ["/app/llama-server"],
                "args": ["--ctx-size", "16384"]}]}}},
    "status": {"observedGeneration": 7, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1,
               "availableReplicas": 1,
               "conditions": [{"type": "Progressing", "status": "True",
                               "reason": "NewReplicaSetAvailable", "message": "m"}]}})");
}

TEST(deployments, are_read) {
  const auto read = parse_deployment(sample().dump());
  ASSERT_TRUE(read) << read.error;
  EXPECT_EQ(read->resource_version, "123456");
  EXPECT_EQ(read->generation, 7);
  EXPECT_EQ(read->observed_generation, 7);
  ASSERT_NE(read->find("llama-server"), nullptr);
  EXPECT_EQ(read->find("llama-server")->args, (arguments{"--ctx-size", "16384"}));
  EXPECT_EQ(read->find("llama-server")->command, arguments{"/app/llama-server"});
  EXPECT_EQ(read->find("sidecar")->args, arguments{});
  EXPECT_EQ(read->find("llama"), nullptr);
  ASSERT_EQ(read->conditions.size(), 1u);
  EXPECT_EQ(read->conditions[0].reason, "NewReplicaSetAvailable");
}

TEST(deployments, need_little_to_be_read) {
  const auto read = parse_deployment(
      R"({"kind":"Deployment","metadata":{"generation":1,"resourceVersion":"1"},"status":null})");
  ASSERT_TRUE(read) << read.error;
  EXPECT_EQ(read->wanted_replicas, 1);
  EXPECT_EQ(read->updated_replicas, 0);
  EXPECT_TRUE(read->containers.empty());
}

TEST(deployments, are_not_read_from_anything_else) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "not JSON"},
      {"<html>", "not JSON"},
      {"{\"kind\":\"Deployment\"", "not JSON"},
      {"\xff\xfe", "not JSON"},
      {"[]", "no object"},
      {"null", "no object"},
      {"7", "no object"},
      {"{}", "kind is \"\""},
      {R"({"kind":7})", "kind is \"\""},
      {R"({"kind":"Status"})", "kind is \"Status\""},
      {R"({"kind":"Deployment"})", "resourceVersion"},
      {R"({"kind":"Deployment","metadata":[]})", "metadata is no object"},
  };
  for (const auto& [text, problem] : cases) {
    const auto read = parse_deployment(text);
    ASSERT_FALSE(read) << text;
    EXPECT_THAT(read.error, HasSubstr(problem));
  }
}

TEST(deployments, with_a_part_of_another_type_are_refused_by_name) {
  const char* places[] = {"/metadata",
                          "/metadata/resourceVersion",
                          "/metadata/generation",
                          "/spec",
                          "/spec/replicas",
                          "/spec/template",
                          "/spec/template/spec",
                          "/spec/template/spec/containers",
                          "/spec/template/spec/containers/1/name",
                          "/spec/template/spec/containers/1/args",
                          "/spec/template/spec/containers/1/args/0",
                          "/spec/template/spec/containers/1/command",
                          "/status",
                          "/status/observedGeneration",
                          "/status/replicas",
                          "/status/conditions",
                          "/status/conditions/0/reason"};
  for (const char* place : places) {
    auto changed = sample();
    changed[json::json_pointer{place}] = 1.5;
    const auto read = parse_deployment(changed.dump());
    ASSERT_FALSE(read) << place;
    EXPECT_THAT(read.error, HasSubstr("the answer is no Deployment: ")) << place;
  }
  auto huge = sample();
  huge["status"]["replicas"] = 18446744073709551615U;
  EXPECT_THAT(parse_deployment(huge.dump()).error, HasSubstr("replicas is no whole number"));
  auto odd = sample();
  odd["spec"]["paused"] = "yes";
  EXPECT_THAT(parse_deployment(odd.dump()).error, HasSubstr("paused is neither true nor false"));
}

TEST(deployments, of_great_depth_do_no_harm) {
  const std::string deep(1'000'000, '[');
  EXPECT_FALSE(parse_deployment(deep));
  EXPECT_FALSE(parse_deployment(R"({"kind":"Deployment","metadata":)" + deep +
                                std::string(deep.size(), ']') + "}"));
}

TEST(patches, replace_the_arguments_of_one_container_in_one_state) {
  EXPECT_EQ(
      json::parse(args_patch("12", "llama-server", {"--alias", "a \"b\" \xc3\xa4", "-c", "5"})),
      json::parse(R"({"metadata": {"resourceVersion": "12"},
                            "spec": {"template": {"spec": {"containers": [
                              {"name": "llama-server",
                               "args": ["--alias", "a \"b\" ä", "-c", "5"]}]}}}})"));
  EXPECT_TRUE(json::accept(args_patch("\xff", "\xff", {"\xff"})));
}

struct rollout_case {
  const char* name;
  const char* change; ///< merged into the sample
  rollout_state state;
  const char* text;
};

class rollouts : public testing::TestWithParam<rollout_case> {};

TEST_P(rollouts, are_judged_as_kubectl_does) {
  auto document = sample();
  document.merge_patch(json::parse(GetParam().change));
  const auto read = parse_deployment(document.dump());
  ASSERT_TRUE(read) << read.error;
  const auto how = judge_rollout(*read);
  EXPECT_EQ(how.state, GetParam().state) << how.text;
  EXPECT_THAT(how.text, HasSubstr(GetParam().text));
}

constexpr auto waits = rollout_state::waiting;
constexpr auto done = rollout_state::done;
constexpr auto fails = rollout_state::failed;

INSTANTIATE_TEST_SUITE_P(
    all, rollouts,
    testing::Values(
        rollout_case{"finished", R"({})", done, "finished"},
        rollout_case{"not_seen_although_all_looks_complete", R"({"metadata":{"generation":8}})",
                     waits, "has not begun"},
        rollout_case{"not_seen_with_the_failure_of_before",
                     R"({"metadata":{"generation":8},
                         "status":{"conditions":[{"type":"Progressing","status":"False",
                                                  "reason":"ProgressDeadlineExceeded"}]}})",
                     waits, "has not begun"},
        rollout_case{"no_status_at_all", R"({"status":null})", waits, "has not begun"},
        rollout_case{"deadline_exceeded",
                     R"({"status":{"updatedReplicas":null,"conditions":[
                          {"type":"Available","status":"True","reason":"x"},
                          {"type":"Progressing","status":"False",
                           "reason":"ProgressDeadlineExceeded","message":"timed\nout"}]}})",
                     fails, "timed out"},
        rollout_case{"between_the_pods_of_recreate",
                     R"({"status":{"replicas":null,"updatedReplicas":null,"readyReplicas":null,
                                   "availableReplicas":null}})",
                     waits, "0 of 1 pod made anew"},
        rollout_case{"some_not_made",
                     R"({"spec":{"replicas":3},"status":{"replicas":3,"updatedReplicas":2}})",
                     waits, "2 of 3 pods made anew"},
        rollout_case{"absent_replicas_mean_one",
                     R"({"spec":{"replicas":null},"status":{"updatedReplicas":null}})", waits,
                     "0 of 1 pod"},
        rollout_case{"old_ones_left", R"({"status":{"replicas":2}})", waits, "1 pod of before"},
        rollout_case{"not_available", R"({"status":{"availableReplicas":null}})", waits,
                     "0 of 1 pod available"},
        rollout_case{"scaled_to_nothing",
                     R"({"spec":{"replicas":0},
                         "status":{"replicas":null,"updatedReplicas":null,
                                   "availableReplicas":null}})",
                     done, "finished"},
        rollout_case{"paused", R"({"metadata":{"generation":8},"spec":{"paused":true}})", waits,
                     "spec.paused"},
        rollout_case{"refused_pods",
                     R"({"status":{"updatedReplicas":null,"conditions":[
                          {"type":"ReplicaFailure","status":"True","message":"quota"}]}})",
                     waits, "pods cannot be made: quota"}),
    [](const auto& which) { return which.param.name; });

} // namespace
} // namespace synapse::kubernetes
