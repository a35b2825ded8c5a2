/// @file
/// A Deployment as the Kubernetes API tells it, and how far its rollout is. Pure functions, any
/// thread; input of any shape is judged and never throws. Forms of the objects: kubernetes/api,
/// apps/v1/types.go and core/v1/types.go.
#pragma once

#include "actors/kubernetes/container_args.hpp"
#include "config/values/values.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::kubernetes {

struct container {
  std::string name;
  arguments command; ///< empty: the image's own
  arguments args;    ///< empty: the image's own, or none
};

struct condition {
  std::string type;
  std::string status; ///< True, False or Unknown
  std::string reason;
  std::string message;
};

/// What the gateway needs to know of a Deployment.
struct deployment {
  std::string resource_version;
  std::int64_t generation = 0; ///< one higher with each change of the spec
  std::vector<container> containers;
  bool paused = false;
  std::int64_t wanted_replicas = 1;
  // From the status. Kubernetes leaves out what is zero.
  std::int64_t observed_generation = 0; ///< the one that the numbers below are about
  std::int64_t replicas = 0;
  std::int64_t updated_replicas = 0;
  std::int64_t available_replicas = 0;
  std::vector<condition> conditions;

  /// Null when there is none of that name. Valid while this lives.
  const container* find(std::string_view name) const;
};

/// @param json the body of an answer. @returns the Deployment, or a sentence that says what is
/// wrong with the answer.
config::parsed<deployment> parse_deployment(std::string_view json);

/// A strategic merge patch that replaces the arguments of one container and nothing else; others
/// keep all they have, because containers are merged by name. Arguments are replaced as a whole.
/// @param resource_version the state that the arguments were made from: with another one in force,
/// the API answers 409.
std::string args_patch(std::string_view resource_version, std::string_view container_name,
                       const arguments& args);

enum class rollout_state { waiting, done, failed };

struct rollout {
  rollout_state state = rollout_state::waiting;
  std::string text; ///< what is waited for, or why it failed; for people
};

/// How far the newest change is, judged as `kubectl rollout status` does and in its order
/// (kubernetes/kubectl, pkg/polymorphichelpers/rollout_status.go): right after a change the numbers
/// are those of the state before, which only `observed_generation` tells.
rollout judge_rollout(const deployment& what);

} // namespace synapse::kubernetes
