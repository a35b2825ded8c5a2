#include "actors/replicas/cluster.hpp"

#include <caf/io/middleman.hpp>

namespace synapse::actors {

void configure_cluster(caf::actor_system_config& config, const config::cluster_settings& settings) {
  config.load<caf::io::middleman>();
  config.add_message_type<cluster::peer_packet>(cluster::packet_type_name());
  // Links find out by themselves whether the other side answers. CAF's own look at a connection is
  // what makes it let go of one that is dead without a word, so that a new one can be made. Its
  // interval is long on purpose: CAF 0.17.6 takes a connection of its own making for silent since
  // ever until the first bytes come, and drops it if its tick falls into that time.
  const caf::timespan timeout{settings.timeout};
  config.set("middleman.heartbeat-interval", timeout);
  config.set("middleman.connection-timeout", caf::timespan{2 * timeout});
  // Nodes that run something else, or this gateway's next kind of network, are no peers.
  const std::vector<std::string> identifiers{"synapse-cluster"};
  config.set("middleman.app-identifiers", identifiers);
}

} // namespace synapse::actors
