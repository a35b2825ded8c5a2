#include "app/reload/configuration.hpp"

#include "app/cluster_setup.hpp"
#include "config/print/describe.hpp"

#include <memory>
#include <utility>

namespace synapse::app {

namespace {

spdlog::level::level_enum level_of(config::severity severity) {
  return severity == config::severity::error     ? spdlog::level::err
         : severity == config::severity::warning ? spdlog::level::warn
                                                 : spdlog::level::info;
}

bool differ_in_what_cannot_change(const config::settings& was, const config::settings& now) {
  return was.listener.host != now.listener.host || was.listener.port != now.listener.port ||
         was.listener.backlog != now.listener.backlog || was.threads != now.threads ||
         was.limits.reserved_connections != now.limits.reserved_connections;
}

} // namespace

configuration::configuration(const config::settings& first, config::origins from,
                             const config::environment& variables, instruments& tools,
                             observation& observed, receivers give)
    : from_(std::move(from)), variables_(variables), tools_(tools), observed_(observed),
      give_(std::move(give)), settings_(std::make_shared<const config::settings>(first)) {}

void configuration::tell(const config::load_result& loaded) {
  for (const auto& problem : loaded.problems) {
    const auto text = config::render(problem);
    if (problem.level == config::severity::error || told_.insert(text).second)
      tools_.say->log(level_of(problem.level), "{}", text);
  }
  if (!loaded || loaded.derived_routes.empty())
    return;
  const auto routes = config::render_derived(*loaded.value, loaded.derived_routes);
  if (told_.insert(routes).second)
    tools_.say->info("derived routes: {}", routes);
}

void configuration::tell_what_cannot_change(const config::settings& fresh) {
  if (differ_in_what_cannot_change(*settings_, fresh))
    tools_.say->warn("listener address, thread count and limits.reserved_connections change with "
                     "the next start only");
  if (const auto warning = cluster_change_warning(*settings_, fresh); !warning.empty())
    tools_.say->warn("{}", warning);
}

void configuration::note(telemetry::reload_result result, std::vector<std::string> problems) {
  observed_.reloaded(result, std::move(problems));
  tools_.metrics.config_reloads[result].increment();
}

void configuration::take_over(const std::string& text) {
  using telemetry::reload_result;
  auto loaded = config::load(text, from_, variables_, config::disk_reader());
  give_.follow(loaded.files);
  tell(loaded);
  std::vector<std::string> problems;
  for (const auto& problem : loaded.problems)
    problems.push_back(config::render(problem));
  if (!loaded) {
    tools_.say->error("the new configuration is refused, the old one stays in effect");
    note(reload_result::rejected, std::move(problems));
    return;
  }
  auto fresh = std::make_shared<const config::settings>(std::move(*loaded.value));
  tell_what_cannot_change(*fresh);
  if (!give_.apply(fresh)) {
    note(reload_result::rejected, {"the gateway could not apply it"});
    return;
  }
  settings_ = std::move(fresh);
  give_.applied(*settings_);
  note(reload_result::applied, std::move(problems));
  tools_.say->info("configuration reloaded: {} backends, {} routes", settings_->backends.size(),
                   settings_->routes.size());
}

void configuration::unreadable() {
  tools_.say->error("cannot read {}, the old configuration stays in effect", from_.first());
  note(telemetry::reload_result::rejected, {"cannot read " + from_.first()});
}

} // namespace synapse::app
