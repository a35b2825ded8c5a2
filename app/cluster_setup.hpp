/// @file
/// What the replicas' cluster needs of the configuration, files and environment.
#pragma once

#include "actors/replicas/cluster.hpp"
#include "config/environment.hpp"
#include "config/settings.hpp"

#include <caf/actor_system_config.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace spdlog {
class logger;
}

namespace synapse::app {

/// Whether this process is to be a member of a cluster: the bus mode of the terminal feed is caf.
bool wants_cluster(const config::settings& settings);

/// Before the actor system is made; does nothing unless wants_cluster().
void prepare_cluster(caf::actor_system_config& actors, const config::settings& settings);

/// The parts for spawn_cluster, with the secret read from its file or variable, and without `feed`
/// and the counting functions, which are the caller's. Reports go to `log`.
/// @param origin as in the lines of this process. @returns nothing, with `problem` set, when the
/// secret or the certificates will not do: the process must not start then. `problem` never has
/// content of a file or variable in it.
std::optional<actors::replica_parts>
make_replica_parts(const config::settings& settings, const config::environment& variables,
                   std::uint64_t origin, std::shared_ptr<spdlog::logger> log, std::string& problem);

/// For a reload: what to tell about settings that are read at the start only; empty when they are
/// the same.
std::string cluster_change_warning(const config::settings& was, const config::settings& now);

} // namespace synapse::app
