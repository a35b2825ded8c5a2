#include "tests/support/fake_kubernetes.hpp"

#include <algorithm>
#include <fstream>
#include <utility>

namespace synapse::support {

namespace {

using json = nlohmann::json;

json status_object(unsigned code, const std::string& reason, const std::string& message) {
  return {{"kind", "Status"},          {"apiVersion", "v1"}, {"metadata", json::object()},
          {"status", "Failure"},       {"message", message}, {"reason", reason},
          {"details", json::object()}, {"code", code}};
}

/// Replaces a file as a kubelet does: nobody ever sees half of it.
void put(const std::filesystem::path& file, const std::string& text) {
  const auto beside = file.string() + ".new";
  std::ofstream{beside, std::ios::trunc | std::ios::binary} << text;
  std::filesystem::rename(beside, file);
}

json first_state(const fake_kubernetes::options& how) {
  auto made = json::parse(R"({
    "apiVersion": "apps/v1", "kind": "Deployment",
    "metadata": {"generation": 7, "resourceVersion": "1000", "uid": "u"},
    "spec": {"replicas": 1, "strategy": {"type": "Recreate"}, "progressDeadlineSeconds": 600,
             "template": {"spec": {"containers": [
               {"name": "sidecar", "image": "s", "args": ["-v"]}, {"image": "i"}]}}},
    "status": {"observedGeneration": 7, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1,
               "availableReplicas": 1,
               "conditions": [{"type": "Progressing", "status": "True",
                               "reason": "NewReplicaSetAvailable", "message": "m"}]}})");
  made["metadata"]["name"] = how.deployment;
  made["metadata"]["namespace"] = how.name_space;
  auto& container = made["spec"]["template"]["spec"]["containers"][1];
  container["name"] = how.container;
  container["args"] = how.args;
  return made;
}

} // namespace

fake_kubernetes::fake_kubernetes(const std::filesystem::path& directory)
    : fake_kubernetes(directory, options{}) {}

fake_kubernetes::fake_kubernetes(const std::filesystem::path& directory, options how)
    : how_(std::move(how)), account_(directory / "serviceaccount"), deployment_(first_state(how_)),
      token_(how_.token) {
  const certificate_authority authority{directory, "cluster-authority"};
  tls_ = server_context(authority.issue("kube-apiserver", "IP:127.0.0.1"));
  SSL_CTX_set_tlsext_servername_callback(
      tls_.get(), +[](SSL* tls, int*, void* self) {
        auto& me = *static_cast<fake_kubernetes*>(self);
        const char* name = SSL_get_servername(tls, TLSEXT_NAMETYPE_host_name);
        const std::lock_guard lock{me.mutex_};
        me.asked_name_ = name == nullptr ? "" : name;
        return SSL_TLSEXT_ERR_OK;
      });
  SSL_CTX_set_tlsext_servername_arg(tls_.get(), this);
  std::filesystem::create_directories(account_);
  std::filesystem::copy_file(authority.certificate(), account_ / "ca.crt");
  put(account_ / "namespace", how_.name_space);
  put(account_ / "token", token_ + "\n");
  server_ = std::make_unique<scripted_upstream>(
      [this](upstream_connection& connection) { serve(connection); },
      scripted_upstream::options{.tls = tls_.get()});
}

void fake_kubernetes::rotate_token(const std::string& token, bool written) {
  {
    const std::lock_guard lock{mutex_};
    token_ = token;
  }
  if (written)
    put(account_ / "token", token + "\n");
}

void fake_kubernetes::set_rollout(unsigned lag, unsigned gap, outcome how) {
  const std::lock_guard lock{mutex_};
  lag_ = lag;
  gap_ = gap;
  outcome_ = how;
}

void fake_kubernetes::refuse(const std::string& method, unsigned code, const std::string& reason,
                             std::size_t count) {
  const std::lock_guard lock{mutex_};
  refusals_.insert(refusals_.end(), count, refusal{method, code, reason});
}

void fake_kubernetes::lose_next_answer() {
  const std::lock_guard lock{mutex_};
  lose_answer_ = true;
}

void fake_kubernetes::on_patch(std::function<void(const std::vector<std::string>&)> hook) {
  const std::lock_guard lock{mutex_};
  hook_ = std::move(hook);
}

void fake_kubernetes::touch(const std::vector<std::string>& args) {
  const std::lock_guard lock{mutex_};
  if (!args.empty())
    container()["args"] = args;
  bump(!args.empty());
}

std::vector<std::string> fake_kubernetes::args() const {
  const std::lock_guard lock{mutex_};
  return deployment_["spec"]["template"]["spec"]["containers"][1]["args"];
}

std::int64_t fake_kubernetes::generation() const {
  const std::lock_guard lock{mutex_};
  return deployment_["metadata"]["generation"];
}

std::size_t fake_kubernetes::count(const std::string& method) const {
  const auto all = requests();
  return static_cast<std::size_t>(std::count_if(
      all.begin(), all.end(), [&](const upstream_request& one) { return one.method == method; }));
}

std::string fake_kubernetes::asked_name() const {
  const std::lock_guard lock{mutex_};
  return asked_name_;
}

json& fake_kubernetes::container() {
  return deployment_["spec"]["template"]["spec"]["containers"][1];
}

void fake_kubernetes::bump(bool generation) {
  auto& metadata = deployment_["metadata"];
  metadata["resourceVersion"] =
      std::to_string(std::stoi(metadata["resourceVersion"].get<std::string>()) + 1);
  if (generation) {
    metadata["generation"] = metadata["generation"].get<int>() + 1;
    looks_ = 0;
  }
}

void fake_kubernetes::serve(upstream_connection& connection) {
  while (const auto request = connection.read_request(milliseconds{600'000})) {
    const auto made = answer(*request);
    if (made.lost)
      return connection.reset();
    if (!connection.reply(made.status, made.body.dump()))
      return;
  }
}

fake_kubernetes::reply fake_kubernetes::answer(const upstream_request& request) {
  std::unique_lock lock{mutex_};
  if (request.field("Authorization") != "Bearer " + token_)
    return {401, status_object(401, "Unauthorized", "Unauthorized")};
  const auto refused = std::find_if(refusals_.begin(), refusals_.end(), [&](const refusal& one) {
    return one.method == request.method;
  });
  if (refused != refusals_.end()) {
    const auto code = refused->code;
    auto body = status_object(code, refused->reason, "refused as the test wants it");
    refusals_.erase(refused);
    return {code, std::move(body)};
  }
  const auto path = request.target.substr(0, request.target.find('?'));
  if (path != "/apis/apps/v1/namespaces/" + how_.name_space + "/deployments/" + how_.deployment)
    return {404, status_object(404, "NotFound", "deployments.apps not found")};
  if (request.method == "GET")
    return get();
  if (request.method != "PATCH")
    return {405, status_object(405, "MethodNotAllowed", "not supported")};
  const auto before = deployment_["metadata"]["generation"];
  auto made = patch(request);
  if (deployment_["metadata"]["generation"] == before)
    return made;
  made.lost = std::exchange(lose_answer_, false);
  const auto hook = hook_;
  const std::vector<std::string> args = container()["args"];
  lock.unlock(); // the hook may look at us
  if (hook)
    hook(args);
  return made;
}

/// The next phase of the rollout, if there is one.
fake_kubernetes::reply fake_kubernetes::get() {
  auto& status = deployment_["status"];
  const auto& generation = deployment_["metadata"]["generation"];
  const auto look = looks_++;
  if (generation == 7 || look < lag_)
    return {200, deployment_};
  status = {{"observedGeneration", generation}};
  if (outcome_ == outcome::deadline_exceeded && look >= lag_ + gap_)
    status["conditions"] = json::array({{{"type", "Progressing"},
                                         {"status", "False"},
                                         {"reason", "ProgressDeadlineExceeded"},
                                         {"message", "it has timed out progressing."}}});
  if (outcome_ == outcome::finished && look >= lag_ + gap_)
    for (const char* number : {"replicas", "updatedReplicas", "readyReplicas", "availableReplicas"})
      status[number] = 1;
  return {200, deployment_};
}

fake_kubernetes::reply fake_kubernetes::patch(const upstream_request& request) {
  if (request.field("Content-Type") != "application/strategic-merge-patch+json")
    return {415, status_object(415, "UnsupportedMediaType", "the body's type is not supported")};
  const auto change = json::parse(request.body, nullptr, false);
  if (!change.is_object())
    return {400, status_object(400, "BadRequest", "the body is no object")};
  const auto version = change.value(json::json_pointer{"/metadata/resourceVersion"}, std::string{});
  if (!version.empty() && version != deployment_["metadata"]["resourceVersion"])
    return {409, status_object(409, "Conflict", "the object has been modified")};
  const json::json_pointer list{"/spec/template/spec/containers"};
  auto changed = deployment_;
  for (const auto& from : change.value(list, json::array())) {
    auto& containers = changed[list];
    const auto same = std::find_if(containers.begin(), containers.end(),
                                   [&](const json& one) { return one["name"] == from["name"]; });
    // It would be a new one, and a container needs an image.
    if (same == containers.end())
      return {422,
              status_object(422, "Invalid", "spec.template.spec.containers[2].image: Required")};
    same->merge_patch(from); // lists are replaced as a whole
  }
  if (changed != deployment_) {
    deployment_ = std::move(changed);
    bump(true);
  }
  return {200, deployment_};
}

} // namespace synapse::support
