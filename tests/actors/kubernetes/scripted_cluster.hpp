/// @file
/// A Kubernetes API without sockets: the other side of a link actor, for tests in virtual time.
#pragma once

#include "actors/protocol/actor_interfaces.hpp"
#include "tests/actors/http_replies.hpp"

#include <caf/actor_system.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace synapse::actors {

/// A Status object.
inline http_reply refusal(std::uint16_t code, const std::string& reason,
                          nlohmann::json details = nlohmann::json::object()) {
  return answer(code, nlohmann::json{{"kind", "Status"},
                                     {"status", "Failure"},
                                     {"reason", reason},
                                     {"message", reason + " indeed"},
                                     {"details", std::move(details)},
                                     {"code", code}}
                          .dump());
}

/// Holds one Deployment, and rolls a change out in as many looks as the test says.
struct scripted_cluster {
  nlohmann::json deployment = nlohmann::json::parse(R"({
    "kind": "Deployment",
    "metadata": {"generation": 7, "resourceVersion": "100"},
    "spec": {"replicas": 1, "template": {"spec": {"containers": [
      {"name": "sidecar", "args": ["-c", "1"]},
      {"name": "llama-server", "args": ["--host", "0.0.0.0", "--ctx-size", "16384"]}]}}},
    "status": {"observedGeneration": 7, "replicas": 1, "updatedReplicas": 1,
               "availableReplicas": 1}})");
  /// The status of the looks that follow a change; the last one stays. Numbers left out are zero.
  std::vector<nlohmann::json> rollout;
  /// Answers instead of the Deployment, by method, in order.
  std::deque<http_reply> to_get;
  std::deque<http_reply> to_patch;
  std::string token = "first"; ///< any other one gets 401
  std::vector<http_call> calls;
  bool silent = false; ///< nothing is answered
  std::vector<caf::typed_response_promise<http_reply>> unanswered;

  std::size_t count(const std::string& method) const {
    return static_cast<std::size_t>(std::count_if(
        calls.begin(), calls.end(), [&](const http_call& one) { return one.method == method; }));
  }
  nlohmann::json& container(std::size_t index = 1) {
    return deployment["spec"]["template"]["spec"]["containers"][index];
  }

  http_reply reply_to(const http_call& call) {
    calls.push_back(call);
    if (call.fields.find("Authorization: Bearer " + token + "\r\n") == std::string::npos)
      return refusal(401, "Unauthorized");
    auto& instead = call.method == "GET" ? to_get : to_patch;
    if (!instead.empty()) {
      auto first = std::move(instead.front());
      instead.pop_front();
      return first;
    }
    return call.method == "GET" ? get() : patch(call.body);
  }

  /// What a patch does, whether or not anybody is told.
  http_reply patch(const std::string& body) {
    const auto change = nlohmann::json::parse(body);
    if (change["metadata"]["resourceVersion"] != deployment["metadata"]["resourceVersion"])
      return refusal(409, "Conflict");
    for (const auto& from : change["spec"]["template"]["spec"]["containers"])
      for (std::size_t i = 0; i < 2; ++i)
        if (container(i)["name"] == from["name"])
          container(i)["args"] = from["args"];
    touch();
    auto& metadata = deployment["metadata"];
    metadata["generation"] = metadata["generation"].get<int>() + 1;
    looks_ = 0;
    return answer(200, deployment.dump());
  }

  /// Somebody writes to it without changing what runs.
  void touch() {
    auto& metadata = deployment["metadata"];
    metadata["resourceVersion"] =
        std::to_string(std::stoi(metadata["resourceVersion"].get<std::string>()) + 1);
  }

private:
  http_reply get() {
    if (deployment["metadata"]["generation"] != 7) {
      if (looks_ < rollout.size())
        deployment["status"] = rollout[looks_++];
      else if (rollout.empty())
        deployment["status"]["observedGeneration"] = deployment["metadata"]["generation"];
    }
    return answer(200, deployment.dump());
  }

  std::size_t looks_ = 0;
};

inline http_link_actor spawn_fake(caf::actor_system& system,
                                  const std::shared_ptr<scripted_cluster>& script) {
  return system.spawn([script](http_link_actor::pointer self) -> http_link_actor::behavior_type {
    return {[self, script](const http_call& call) -> caf::result<http_reply> {
      if (!script->silent)
        return script->reply_to(call);
      script->calls.push_back(call);
      script->unanswered.push_back(self->make_response_promise<http_reply>());
      return script->unanswered.back();
    }};
  });
}

} // namespace synapse::actors
