#include "config/print/render.hpp"
#include "config/settings.hpp"
#include "http/dashboard/answer_parts.hpp"
#include "http/dashboard/dashboard_handlers.hpp"
#include "telemetry/reload_history.hpp"

namespace synapse::api {

net::task<void> api_config(const replica_services& replica, server::exchange& ex) {
  using json = nlohmann::ordered_json;
  auto reloads = json::array();
  for (const auto& one : replica.reloads->all())
    reloads.push_back({{"at", one.at_ms},
                       {"result", telemetry::to_string(one.result)},
                       {"problems", one.problems}});
  const auto started =
      std::chrono::duration_cast<std::chrono::milliseconds>(replica.started.time_since_epoch());
  json answer{{"file", replica.process->config_path},
              {"started_at", started.count()},
              {"settings", config::render_settings(ex.settings())},
              {"environment", config::render_environment(*replica.process)},
              {"reloads", std::move(reloads)}};
  co_await reply_json(ex, std::move(answer));
}

} // namespace synapse::api
