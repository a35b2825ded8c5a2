/// @file
/// What links, door, gate and resolver tell the cluster's actor.
#pragma once

#include "actors/replicas/link/door.hpp"
#include "actors/replicas/link/link.hpp"

#include <caf/node_id.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace synapse::actors::cluster {

struct guest_joined {
  introduction who;
  caf::node_id node;
};
struct guest_left {
  std::uint64_t origin;
  bool good_bye; ///< it has said so itself: it ends
};
struct guest_lines {
  std::vector<feed_event> lines;
};
struct guest_notes {
  std::uint64_t origin;
  finding_list notes;
};
struct guest_refused {
  std::string what;
};
struct gate_report {
  std::string text;
};
struct names_resolved {
  std::vector<std::string> ips;
  std::string problem;
};
using cluster_event = std::variant<link_status, guest_joined, guest_left, guest_lines, guest_notes,
                                   guest_refused, gate_report, names_resolved>;
using cluster_event_ptr = std::shared_ptr<cluster_event>;

/// The door's events as messages to whoever `say` tells.
inline guest_events events_to(std::function<void(cluster_event)> say) {
  guest_events result;
  result.joined = [say](const introduction& who, const caf::node_id& node) {
    say(guest_joined{who, node});
  };
  result.left = [say](std::uint64_t origin, bool good_bye) { say(guest_left{origin, good_bye}); };
  result.lines = [say](std::vector<feed_event> lines) { say(guest_lines{std::move(lines)}); };
  result.notes = [say](std::uint64_t origin, finding_list notes) {
    say(guest_notes{origin, std::move(notes)});
  };
  result.refused = [say](const std::string& what) { say(guest_refused{what}); };
  return result;
}

} // namespace synapse::actors::cluster

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(
    synapse::actors::cluster::cluster_event_ptr) // never leaves the process
