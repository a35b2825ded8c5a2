/// @file
/// vLLMs on a card as a test plays them, reached by a link of their own.
#pragma once

#include "actors/protocol/actor_interfaces.hpp"
#include "tests/actors/http_replies.hpp"
#include "tests/support/deterministic_actor_system.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace synapse::actors {

/// One of them. It does as told at once, unless it holds its answers.
struct played_vllm {
  bool asleep = true;
  bool down = false;
  bool hold = false; ///< answers of commands
  unsigned running = 0;
  http_reply wake = answer(200, "");
  std::vector<http_call> calls;
  std::vector<std::pair<http_call, caf::typed_response_promise<http_reply>>> held;
  http_link_actor::pointer self = nullptr;

  std::size_t count(const std::string& target) const {
    return static_cast<std::size_t>(std::count_if(
        calls.begin(), calls.end(), [&](const auto& call) { return call.target == target; }));
  }
  /// Commands, in order.
  std::vector<std::string> commands() const {
    std::vector<std::string> result;
    for (const auto& call : calls)
      if (call.method == "POST")
        result.push_back(call.target);
    return result;
  }
  http_reply reply_to(const http_call& call) {
    if (down)
      return fault(http_fault::connect_failure, "connection refused");
    if (call.target == "/is_sleeping")
      return answer(200, asleep ? R"({"is_sleeping":true})" : R"({"is_sleeping":false})");
    if (call.target == "/metrics")
      return answer(200, "vllm:num_requests_running{engine=\"0\"} " + std::to_string(running) +
                             "\nvllm:num_requests_waiting{engine=\"0\"} 0\n");
    if (call.target == "/v1/models")
      return answer(200, R"({"data":[{"id":"its-model"}]})");
    if (call.target.starts_with("/sleep"))
      asleep = true;
    if (call.target.starts_with("/wake_up")) {
      if (wake.status == 200 && call.target != "/wake_up?tags=weights")
        asleep = false;
      return wake;
    }
    return answer(200, "{}");
  }
  /// Answers what was held back.
  void release() {
    self->context(self->system().dummy_execution_unit());
    hold = false;
    for (auto& [call, promise] : std::exchange(held, {}))
      promise.deliver(reply_to(call));
  }
};

inline http_link_actor spawn_fake(caf::actor_system& system,
                                  const std::shared_ptr<played_vllm>& script) {
  return system.spawn([script](http_link_actor::pointer self) -> http_link_actor::behavior_type {
    script->self = self;
    return {[self, script](const http_call& call) -> caf::result<http_reply> {
      script->calls.push_back(call);
      if (call.method != "POST" || !script->hold)
        return script->reply_to(call);
      auto promise = self->make_response_promise<http_reply>();
      script->held.emplace_back(call, promise);
      return promise;
    }};
  });
}

} // namespace synapse::actors
