#include "actors/kubernetes/deployment.hpp"

#include "actors/kubernetes/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>

namespace synapse::kubernetes {

namespace {

using json = nlohmann::json;

/// Looks into a document of unknown shape. The first thing that is not as it has to be is kept.
class reader {
public:
  const std::string& problem() const noexcept { return problem_; }
  void object_to(std::string problem) {
    if (problem_.empty())
      problem_ = std::move(problem);
  }

  /// A member; null when there is none, or the member is null.
  static const json* member(const json& of, const char* name) {
    if (!of.is_object())
      return nullptr;
    const auto found = of.find(name);
    return found == of.end() || found->is_null() ? nullptr : &*found;
  }

  /// An inner object; an empty one when there is none.
  const json& object(const json& of, const char* name) {
    static const json none = json::object();
    const auto* found = member(of, name);
    if (found != nullptr && found->is_object())
      return *found;
    if (found != nullptr)
      object_to(std::string{"its "} + name + " is no object");
    return none;
  }

  const json& list(const json& of, const char* name) {
    static const json none = json::array();
    const auto* found = member(of, name);
    if (found != nullptr && found->is_array())
      return *found;
    if (found != nullptr)
      object_to(std::string{"its "} + name + " is no list");
    return none;
  }

  std::string text(const json& of, const char* name) {
    const auto* found = member(of, name);
    if (found == nullptr)
      return {};
    if (const auto* value = found->get_ptr<const std::string*>())
      return *value;
    object_to(std::string{"its "} + name + " is no text");
    return {};
  }

  std::int64_t number(const json& of, const char* name, std::int64_t otherwise = 0) {
    const auto* found = member(of, name);
    if (found == nullptr)
      return otherwise;
    const auto* plain = found->get_ptr<const std::int64_t*>();
    const auto* large = found->get_ptr<const std::uint64_t*>();
    if (large != nullptr && *large <= std::numeric_limits<std::int64_t>::max())
      return static_cast<std::int64_t>(*large);
    if (large != nullptr || plain == nullptr)
      object_to(std::string{"its "} + name + " is no whole number");
    return large != nullptr || plain == nullptr ? otherwise : *plain;
  }

  bool truth(const json& of, const char* name) {
    const auto* found = member(of, name);
    if (found != nullptr && !found->is_boolean())
      object_to(std::string{"its "} + name + " is neither true nor false");
    return found != nullptr && found->is_boolean() && *found->get_ptr<const bool*>();
  }

  arguments texts(const json& of, const char* name) {
    arguments result;
    for (const auto& one : list(of, name)) {
      const auto* value = one.get_ptr<const std::string*>();
      if (value == nullptr)
        object_to(std::string{"one of its "} + name + " is no text");
      else
        result.push_back(*value);
    }
    return result;
  }

private:
  std::string problem_;
};

void read_spec(reader& in, const json& spec, deployment& into) {
  into.paused = in.truth(spec, "paused");
  into.wanted_replicas = in.number(spec, "replicas", 1);
  const auto& pod = in.object(in.object(spec, "template"), "spec");
  for (const auto& one : in.list(pod, "containers")) {
    container made;
    made.name = in.text(one, "name");
    made.command = in.texts(one, "command");
    made.args = in.texts(one, "args");
    into.containers.push_back(std::move(made));
  }
}

void read_status(reader& in, const json& status, deployment& into) {
  into.observed_generation = in.number(status, "observedGeneration");
  into.replicas = in.number(status, "replicas");
  into.updated_replicas = in.number(status, "updatedReplicas");
  into.available_replicas = in.number(status, "availableReplicas");
  for (const auto& one : in.list(status, "conditions")) {
    condition made;
    made.type = in.text(one, "type");
    made.status = in.text(one, "status");
    made.reason = in.text(one, "reason");
    made.message = in.text(one, "message");
    into.conditions.push_back(std::move(made));
  }
}

const condition* find_condition(const deployment& what, std::string_view type) {
  const auto found = std::find_if(what.conditions.begin(), what.conditions.end(),
                                  [&](const condition& one) { return one.type == type; });
  return found == what.conditions.end() ? nullptr : &*found;
}

/// "2 pods", "1 pod".
std::string pods(std::int64_t count) {
  return std::to_string(count) + (count == 1 ? " pod" : " pods");
}

rollout waiting(const deployment& what, std::string text) {
  // Why it takes so long, if Kubernetes knows.
  if (what.paused)
    text += "; the Deployment is paused (spec.paused), so nothing is rolled out";
  if (const auto* failure = find_condition(what, "ReplicaFailure");
      failure != nullptr && failure->status == "True")
    text += "; pods cannot be made: " + quoted_text(failure->message);
  return {rollout_state::waiting, std::move(text)};
}

} // namespace

const container* deployment::find(std::string_view name) const {
  const auto found = std::find_if(containers.begin(), containers.end(),
                                  [&](const container& one) { return one.name == name; });
  return found == containers.end() ? nullptr : &*found;
}

config::parsed<deployment> parse_deployment(std::string_view text) {
  const auto failure = [](const std::string& why) {
    return config::parsed<deployment>::failure("the answer is no Deployment: " + why);
  };
  const auto all = json::parse(text, nullptr, false);
  if (all.is_discarded())
    return failure("it is not JSON");
  if (!all.is_object())
    return failure("it is no object");
  reader in;
  if (const auto kind = in.text(all, "kind"); kind != "Deployment")
    return failure("its kind is \"" + quoted_text(kind, 60) + "\"");
  deployment made;
  const auto& metadata = in.object(all, "metadata");
  made.resource_version = in.text(metadata, "resourceVersion");
  made.generation = in.number(metadata, "generation");
  read_spec(in, in.object(all, "spec"), made);
  read_status(in, in.object(all, "status"), made);
  if (made.resource_version.empty())
    in.object_to("it has no metadata.resourceVersion");
  if (made.generation < 1)
    in.object_to("it has no metadata.generation");
  if (!in.problem().empty())
    return failure(in.problem());
  return made;
}

std::string args_patch(std::string_view resource_version, std::string_view container_name,
                       const arguments& args) {
  auto container = json::object();
  container["name"] = container_name;
  container["args"] = args;
  auto patch = json::object();
  patch["metadata"]["resourceVersion"] = resource_version;
  patch["spec"]["template"]["spec"]["containers"] = json::array({std::move(container)});
  return patch.dump(-1, ' ', false, json::error_handler_t::replace);
}

rollout judge_rollout(const deployment& what) {
  if (what.generation > what.observed_generation)
    return waiting(what, "Kubernetes has not begun with it");
  if (const auto* progress = find_condition(what, "Progressing");
      progress != nullptr && progress->reason == "ProgressDeadlineExceeded")
    return {rollout_state::failed, "the new pods did not come up within the Deployment's "
                                   "progressDeadlineSeconds: " +
                                       quoted_text(progress->message)};
  if (what.updated_replicas < what.wanted_replicas)
    return waiting(what, std::to_string(what.updated_replicas) + " of " +
                             pods(what.wanted_replicas) + " made anew");
  if (what.replicas > what.updated_replicas)
    return waiting(what, pods(what.replicas - what.updated_replicas) + " of before not ended");
  if (what.available_replicas < what.updated_replicas)
    return waiting(what, std::to_string(what.available_replicas) + " of " +
                             pods(what.updated_replicas) + " available");
  return {rollout_state::done, "finished"};
}

} // namespace synapse::kubernetes
