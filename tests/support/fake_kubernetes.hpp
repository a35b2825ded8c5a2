/// @file
/// A Kubernetes API server for tests: TLS on a free port of 127.0.0.1, one Deployment, and whatever
/// goes wrong when a test says so. Forms of the objects: kubernetes/api, apps/v1/types.go.
#pragma once

#include "tests/support/certificates.hpp"
#include "tests/support/scripted_upstream.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace synapse::support {

/// Any thread. A change of the Deployment is followed by looks (GET) at a rollout that goes on:
/// `lag` looks at the status of before, which looks complete, `gap` looks at no pod at all (as the
/// strategy Recreate has it, with absent zeros), then it is finished, or whatever `outcome` says.
class fake_kubernetes {
public:
  enum class outcome { finished, stuck, deadline_exceeded };
  struct options {
    std::string name_space = "llm-infra";
    std::string deployment = "llama-router";
    std::string container = "llama-server"; ///< the second one, behind "sidecar"
    std::vector<std::string> args{"--host", "0.0.0.0", "--ctx-size", "16384"};
    std::string token = "token-of-the-first-hour";
  };

  /// @param directory exists; certificates and the service account's files are made below it.
  explicit fake_kubernetes(const std::filesystem::path& directory);
  fake_kubernetes(const std::filesystem::path& directory, options how);

  /// For SYNAPSE_KUBERNETES_API_URL and SYNAPSE_KUBERNETES_SERVICE_ACCOUNT_DIR.
  std::string url() const { return server_->url(); }
  std::uint16_t port() const noexcept { return server_->port(); }
  const std::filesystem::path& service_account() const noexcept { return account_; }

  // ---- behaviour, from now on ----

  /// Accepts this token only. @param written also in the service account's file, in place of the
  /// old one, as Kubernetes does it: by a rename.
  void rotate_token(const std::string& token, bool written);
  /// How many looks each phase of the rollouts to come takes.
  void set_rollout(unsigned lag, unsigned gap, outcome how = outcome::finished);
  /// Answers the next `count` requests of this method with a Status of that code and nothing else.
  void refuse(const std::string& method, unsigned code, const std::string& reason,
              std::size_t count = 1);
  /// Cuts the connection instead of answering the next patch, which takes effect all the same.
  void lose_next_answer();
  /// Called when a patch has changed the Deployment and before that is answered, with the
  /// container's arguments.
  void on_patch(std::function<void(const std::vector<std::string>& args)> hook);
  /// Somebody else writes: another resourceVersion, and other arguments unless there are none.
  void touch(const std::vector<std::string>& args = {});

  // ---- what has happened ----

  std::vector<std::string> args() const;
  std::int64_t generation() const;
  std::vector<upstream_request> requests() const { return server_->seen(); }
  std::size_t count(const std::string& method) const;
  /// Connections that the client gave up for the certificate they saw.
  std::size_t failed_handshakes() const { return server_->failed_handshakes(); }
  /// The name that the last client asked for (SNI); empty: none.
  std::string asked_name() const;

private:
  struct refusal {
    std::string method;
    unsigned code;
    std::string reason;
  };
  struct reply {
    unsigned status = 200;
    nlohmann::json body;
    bool lost = false;
  };

  void serve(upstream_connection& connection);
  reply answer(const upstream_request& request);
  reply get();
  reply patch(const upstream_request& request);
  nlohmann::json& container();
  void bump(bool generation);

  options how_;
  std::filesystem::path account_;
  ssl_context tls_;
  mutable std::mutex mutex_;
  nlohmann::json deployment_;
  std::string token_;
  std::deque<refusal> refusals_;
  std::function<void(const std::vector<std::string>&)> hook_;
  std::string asked_name_;
  unsigned lag_ = 0;
  unsigned gap_ = 0;
  unsigned looks_ = 0; ///< since the last change
  outcome outcome_ = outcome::finished;
  bool lose_answer_ = false;
  std::unique_ptr<scripted_upstream> server_; ///< last: its threads use all of the above
};

} // namespace synapse::support
