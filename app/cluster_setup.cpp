#include "app/cluster_setup.hpp"

#include "app/tls_contexts.hpp"
#include "app/version.hpp"
#include "config/text/file_text.hpp"

#include <spdlog/logger.h>

namespace synapse::app {

namespace {

constexpr std::size_t largest_secret = 16 * 1024;

std::string read_secret(const config::cluster_settings& cluster,
                        const config::environment& variables, std::string& problem) {
  std::string from;
  std::string secret;
  if (!cluster.secret_env.empty()) {
    from = "the environment variable " + cluster.secret_env;
    if (const auto found = variables.find(cluster.secret_env); found == variables.end())
      problem = from + " is not set";
    else
      secret = config::trimmed(found->second);
  } else if (!cluster.secret_file.empty()) {
    from = cluster.secret_file;
    if (const auto file = config::read_file(from, largest_secret); !file)
      problem = "cannot read " + from;
    else if (file->text.size() > largest_secret)
      problem = from + " is too large for a secret";
    else
      secret = config::trimmed(file->text);
  } else {
    problem = "neither secret_env nor secret_file is set";
  }
  if (problem.empty() && secret.size() < actors::min_secret_bytes)
    problem = "the secret in " + from + " is shorter than " +
              std::to_string(actors::min_secret_bytes) + " bytes";
  return problem.empty() ? secret : std::string{};
}

/// CAF reads the files whenever a connection is made, and has no way to say what is wrong.
void check_certificates(const config::cluster_tls_settings& tls, std::string& problem) {
  if (!tls.enabled())
    return;
  config::listener_tls_settings own;
  own.certificate = tls.certificate;
  own.key = tls.key;
  if (make_server_context(own, problem))
    make_authority_context(tls.ca, problem);
}

} // namespace

bool wants_cluster(const config::settings& settings) {
  return settings.process.terminal_feed.bus_mode == "caf";
}

void prepare_cluster(caf::actor_system_config& actors, const config::settings& settings) {
  if (wants_cluster(settings))
    actors::configure_cluster(actors, settings.cluster);
}

std::optional<actors::replica_parts> make_replica_parts(const config::settings& settings,
                                                        const config::environment& variables,
                                                        std::uint64_t origin,
                                                        std::shared_ptr<spdlog::logger> log,
                                                        std::string& problem) {
  actors::replica_parts parts;
  problem.clear();
  parts.secret = read_secret(settings.cluster, variables, problem);
  if (problem.empty())
    check_certificates(settings.cluster.tls, problem);
  if (!problem.empty()) {
    problem = "cluster: " + problem;
    return std::nullopt;
  }
  parts.settings = settings.cluster;
  parts.origin = origin;
  parts.instance = settings.process.instance_id;
  parts.version = version;
  parts.report = [log = std::move(log)](actors::report_level level, const std::string& text) {
    log->log(level == actors::report_level::info      ? spdlog::level::info
             : level == actors::report_level::warning ? spdlog::level::warn
                                                      : spdlog::level::err,
             "{}", text);
  };
  return parts;
}

std::string cluster_change_warning(const config::settings& was, const config::settings& now) {
  if (was.cluster == now.cluster)
    return {};
  return "the section cluster changes with the next start only";
}

} // namespace synapse::app
