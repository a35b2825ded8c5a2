#include "config/print/render.hpp"
#include "http/api/api_handlers.hpp"
#include "http/dashboard/answer_parts.hpp"
#include "telemetry/reload_history.hpp"

namespace synapse::api {

net::task<void> api_config(const services& all, server::exchange& ex) {
  using json = nlohmann::ordered_json;
  auto reloads = json::array();
  for (const auto& one : all.reloads->all())
    reloads.push_back({{"at", one.at_ms},
                       {"result", telemetry::to_string(one.result)},
                       {"problems", one.problems}});
  const auto started =
      std::chrono::duration_cast<std::chrono::milliseconds>(all.started.time_since_epoch());
  json answer{{"file", all.process->config_path},
              {"started_at", started.count()},
              {"settings", config::render_settings(ex.settings())},
              {"environment", config::render_environment(*all.process)},
              {"reloads", std::move(reloads)}};
  co_await reply_json(ex, std::move(answer));
}

} // namespace synapse::api
