/// @file
/// What one I/O thread needs to serve requests under one configuration. Requests hold the object
/// they began with, so they finish on the old one after a reload.
#pragma once

#include "actors/protocol/gateway_snapshot.hpp"
#include "actors/runtime/pinned.hpp"
#include "http/client/upstream_pool.hpp"
#include "http/sites/model_lists.hpp"
#include "routing/failure/retry_budget.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::routing {
class catalog;
}
namespace synapse::actors {
class lane;
}
namespace synapse::telemetry {
struct backend_metrics;
}

namespace synapse::client {

class gpu_desk;
class model_desk;

/// Good ends of attempts on their way to a lane. One message per request to say that all went well
/// would cost as much as parsing the request; nobody waits for this news.
class outcome_box final : net::timer_node {
public:
  outcome_box(net::io_thread& io, actors::lane_actor lane);
  /// Tells the rest.
  ~outcome_box() override;

  /// The attempt of this request ended well. Told within two ticks of the timer wheel.
  void add(std::uint64_t request);
  /// Tells it all now.
  void flush();

private:
  static constexpr std::size_t largest = 64;
  void on_timer() override { flush(); }

  net::io_thread& io_;
  actors::lane_actor lane_;
  std::vector<std::uint64_t> requests_;
};

/// One backend as one thread sees it.
struct backend_site : net::local_counted {
  const config::backend_settings* settings = nullptr; ///< kept alive by `snapshot`
  routing::backend_place place = 0;
  bool in_catalog = false; ///< a name of the catalog has a deployment there
  actors::snapshot_ptr snapshot;
  const actors::backend_entry* entry = nullptr;
  actors::lane_actor lane;
  const actors::lane* board = nullptr; ///< what is known of the backend on this thread
  /// Who uses its models on this thread; null: they are not managed. Kept alive by `snapshot`.
  model_desk* desk = nullptr;
  /// Who uses it on this thread, as it shares a graphics card; null: it does not. Likewise.
  gpu_desk* gpu = nullptr;
  std::optional<outcome_box> outcomes; ///< always there; made when the lane is known
  net::local_ptr<upstream_pool> pool;
  std::string key_field;      ///< beginning of the line that carries the backend's own key
  std::string authority;      ///< Host field of forwarded requests
  std::string response_extra; ///< field lines added to forwarded answers
  telemetry::backend_metrics* metrics = nullptr;

  const std::string& name() const noexcept { return settings->name; }
};

using site_ptr = net::local_ptr<backend_site>;

struct thread_routes : net::local_counted {
  actors::snapshot_ptr snapshot;
  std::vector<site_ptr> sites;                ///< by name
  net::local_ptr<model_lists> models;         ///< never null; begins empty with every configuration
  std::vector<routing::retry_budget> budgets; ///< by routing::name_place
  unsigned thread = 0;                        ///< number of the I/O thread
  /// What requests for speech have found out of backends, see http/api/speech; null: nothing yet.
  net::local_ptr<net::local_counted> voices;

  const config::settings& settings() const noexcept { return *snapshot->settings; }
  const routing::catalog& catalog() const noexcept { return *snapshot->routes; }
  routing::deployment_record& record(std::uint32_t deployment) const noexcept {
    return *(*snapshot->records)[deployment];
  }
  /// The site of that name, or null.
  site_ptr site(std::string_view name) const;
  /// The site of a plan's target.
  const site_ptr& site(routing::target target) const noexcept { return sites[target.backend]; }
  /// The site that the catalog names for this path alone, or null.
  site_ptr site_for_path(std::string_view path) const;
};

using routes_ptr = net::local_ptr<thread_routes>;

/// Builds the view of `thread` on `snapshot`; pools of unchanged backends are taken over from
/// `previous`. Own thread. @param metrics_of gives a backend's metrics by its name.
routes_ptr make_thread_routes(
    net::io_thread& thread, actors::snapshot_ptr snapshot, const routes_ptr& previous,
    const std::function<telemetry::backend_metrics*(const std::string&)>& metrics_of);

/// The actor that hands a new snapshot to its thread. @param install called there.
class switchboard : public actors::pinned<actors::switchboard_actor::base> {
public:
  switchboard(caf::actor_config& config, actors::io_unit& unit,
              std::function<void(actors::snapshot_ptr)> install)
      : pinned(config, unit), install_(std::move(install)) {}

  actors::switchboard_actor::behavior_type make_behavior() override {
    return {[this](const actors::snapshot_ptr& snapshot) {
      install_(snapshot);
      return true;
    }};
  }
  const char* name() const override { return "switchboard"; }

private:
  std::function<void(actors::snapshot_ptr)> install_;
};

} // namespace synapse::client
