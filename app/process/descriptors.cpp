#include "app/process/descriptors.hpp"

#include "app/cluster_setup.hpp"

#include <algorithm>
#include <sys/resource.h>

namespace synapse::app {

namespace {
constexpr std::size_t connection_cost = 2;
/// Standard streams, log, configuration, files of voices and of the dashboard, CAF's pipes.
constexpr std::size_t own_base = 48;
/// Event loop, timer, wake-up and listener.
constexpr std::size_t per_thread = 4;
} // namespace

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return 1024; // what POSIX systems give at least
  if (limit.rlim_cur < limit.rlim_max) {
    rlimit raised = limit;
    raised.rlim_cur = limit.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0)
      limit = raised;
  }
  return static_cast<std::size_t>(limit.rlim_cur);
}

std::size_t connections_for(std::size_t descriptors, const config::settings& settings,
                            unsigned threads) {
  std::size_t others = own_base + per_thread * threads;
  // The places for probes, and as many descriptors in reserve.
  others += 2 * std::max<std::size_t>(settings.limits.reserved_connections, threads);
  if (wants_cluster(settings)) // each dials the other
    others += 2 * std::size_t{settings.cluster.max_members} + settings.cluster.max_strangers;
  return descriptors <= others ? 1
                               : std::max<std::size_t>(1, (descriptors - others) / connection_cost);
}

std::string descriptor_notice(std::size_t fit, std::size_t descriptors,
                              const config::settings& settings) {
  const auto wanted = settings.limits.max_connections;
  if (fit >= wanted)
    return {};
  return "only " + std::to_string(fit) + " of " + std::to_string(wanted) +
         " client connections (limits.max_connections) are taken: the limit of open files is " +
         std::to_string(descriptors) + " (ulimit -n)";
}

} // namespace synapse::app
