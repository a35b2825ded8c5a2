/// @file
/// Requests to the Kubernetes API on behalf of an actor, with what the pod's service account has.
#pragma once

#include "actors/kubernetes/cluster_access.hpp"
#include "actors/protocol/actor_interfaces.hpp"
#include "http/net/io_thread.hpp"

#include <boost/asio/ssl/context.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace synapse::actors {

using tls_context = std::shared_ptr<net::asio::ssl::context>;

/// What leads to the API. All functions are called on the asking actor's thread.
struct cluster_parts {
  std::string api_url; ///< https://…; empty: what the environment says
  /// With the files token and ca.crt.
  std::string service_account_dir = "/var/run/secrets/kubernetes.io/serviceaccount";
  /// The environment of the process.
  kubernetes::variable_lookup variables = [](const std::string&) { return std::string{}; };
  resolver_actor resolver;
  /// Trusts the authorities in that file and nobody else. Null with `problem` set, which must not
  /// repeat the file's content, when it cannot be used.
  std::function<tls_context(const std::string& ca_file, std::string& problem)> make_tls;
  /// A new link that verifies `server_name`, a host name or an address without brackets.
  std::function<http_link_actor(tls_context, std::string server_name)> make_link;
};

/// The controller with its messages to itself; others see a runtime_controller_actor.
using runtime_controller_self =
    runtime_controller_actor::extend<caf::reacts_to<check_atom, std::uint64_t /* step */>,
                                     caf::reacts_to<tick_atom, std::uint64_t /* change */>>;

struct cluster_question {
  std::string method;     ///< GET or PATCH
  std::string name_space; ///< of the Deployment
  std::string name;       ///< of the Deployment
  std::string patch;      ///< a strategic merge patch; for PATCH only
};

struct cluster_reply {
  enum class kind : std::uint8_t {
    answered,       ///< see `status`, whatever it is
    not_in_cluster, ///< there is nobody to ask
    unusable,       ///< the service account's files or the settings will not do
    unreachable,    ///< nothing was asked: no address, no connection
    lost,           ///< asked, but there is no answer to go by: it may have been done
  };
  kind how = kind::answered;
  unsigned status = 0;
  std::string body;    ///< without the token, even if somebody sends it back
  std::string problem; ///< a sentence for people, unless it was answered
};

/// Part of an actor and used on its thread only. The token is read for each request, because
/// Kubernetes replaces it; one that is refused (401) is read and tried once more. The link is made
/// anew when the authority's file has changed.
class cluster_client {
public:
  using callback = std::function<void(cluster_reply)>;

  cluster_client(runtime_controller_self::pointer self, cluster_parts parts)
      : self_(self), parts_(std::move(parts)) {}
  cluster_client(const cluster_client&) = delete;
  cluster_client& operator=(const cluster_client&) = delete;

  /// Asks once. `done` is called in every case but the actor's end, maybe before this returns.
  void ask(cluster_question what, callback done);

  /// Directory of the service account's files, for advice.
  const std::string& account_directory() const noexcept { return parts_.service_account_dir; }

  /// Ends the link. For the actor's on_exit.
  void close();

private:
  struct errand;
  using errand_ptr = std::shared_ptr<errand>;

  void send(const errand_ptr& what);
  bool prepare(errand& what);
  bool renew_link(errand& what);
  void send_to(const errand_ptr& what, const backend_address& address);
  void on_reply(const errand_ptr& what, http_reply reply);
  void unreachable(const errand& what, const std::string& why);
  static void fail(const errand& what, cluster_reply::kind how, std::string problem);

  runtime_controller_self::pointer self_;
  cluster_parts parts_;
  http_link_actor link_;
  std::string link_name_; ///< whom the link verifies
  std::optional<config::file_identity> link_authority_;
  std::size_t next_address_ = 0; ///< where a host has several
};

} // namespace synapse::actors
