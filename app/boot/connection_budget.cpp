#include "app/boot/connection_budget.hpp"

#include "app/process/descriptors.hpp"

namespace synapse::app {

namespace {
/// Less than any service should have to live with.
constexpr std::size_t few_connections = 1000;
} // namespace

connection_budget::connection_budget(instruments& tools)
    : say_(*tools.say), limits_(tools.registry), descriptors_(raise_descriptor_limit()) {}

void connection_budget::set(const config::settings& settings, unsigned threads) {
  const auto fit = connections_for(descriptors_, settings, threads);
  limits_.set_rules(server::connection_limits::rules_of(settings, fit));
  const auto notice = descriptor_notice(fit, descriptors_, settings);
  // Nobody has asked for what is the default; few are worth a warning whoever chose them.
  const bool asked = settings.limits.max_connections != config::limit_settings{}.max_connections;
  if (!notice.empty() && notice != told_) // a reload changes it rarely
    say_.log(asked || fit < few_connections ? spdlog::level::warn : spdlog::level::info, "{}",
             notice);
  told_ = notice;
}

} // namespace synapse::app
