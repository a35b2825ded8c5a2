/// @file
/// What replicas send each other. One message type carries everything, and its content is read by
/// hand after it was authenticated: what a stranger sends is never more than bytes.
#pragma once

#include "actors/protocol/cluster_messages.hpp"
#include "actors/protocol/feed_messages.hpp"
#include "actors/protocol/gpu_messages.hpp"

#include <caf/actor_system.hpp>
#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>
#include <caf/meta/type_name.hpp>
#include <caf/typed_actor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace synapse::actors::cluster {

/// Replicas of another one are refused. Goes up when packets change their meaning; the packet
/// itself, and how a hello and a refusal begin, stay as they are, so that versions can tell each
/// other which one they are.
inline constexpr std::uint16_t protocol_version = 1;

enum class packet_kind : std::uint8_t {
  hello = 1, ///< dialling side: introduction. Not sealed
  offer,     ///< other side: introduction. Not sealed
  proof,     ///< dialling side: the seal shows that it has the secret
  welcome,   ///< other side: likewise; the number of the last line it has of the dialling side
  refusal,   ///< instead of offer or welcome: why not. Not sealed
  ping,      ///< dialling side, answered with
  pong,      ///< the same content
  lines,     ///< dialling side: lines of its log
  notes,     ///< dialling side: what it found out about backends and deployments
  ack,       ///< other side: lines and notes up to this packet's number were taken
  bye,       ///< dialling side leaves
};

/// Between the door of one replica and that of another.
struct peer_packet {
  std::uint8_t kind = 0;
  std::uint64_t to = 0;     ///< session of the receiver; 0 in a hello
  std::uint64_t from = 0;   ///< session of the sender; drawn at random
  std::uint64_t number = 0; ///< goes up in each direction of a session; 0 where there is no seal
  std::string body;
  std::string seal; ///< over all of the above

  peer_packet() = default;
  packet_kind what() const noexcept { return static_cast<packet_kind>(kind); }
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, peer_packet& x) {
  return f(caf::meta::type_name("peer_packet"), x.kind, x.to, x.from, x.number, x.body, x.seal);
}

/// Under which CAF has to know it, on all nodes the same.
std::string packet_type_name();

/// What a replica publishes on its cluster port, and all that others can reach of it.
using cluster_peer = caf::typed_actor<caf::reacts_to<peer_packet>>;

inline constexpr std::size_t max_greeting_bytes = 2 * 1024;    ///< of what has no seal
inline constexpr std::size_t max_body_bytes = 2 * 1024 * 1024; ///< of anything
inline constexpr std::size_t max_batch_lines = 256;
inline constexpr std::size_t max_batch_bytes = 256 * 1024; ///< a batch ends with the line beyond
inline constexpr std::size_t max_notes = 256;              ///< backends of one replica
inline constexpr std::size_t max_cells = 4096;             ///< deployments of one replica, by kind
inline constexpr std::size_t max_batch_cells = 1024;       ///< in one packet
inline constexpr std::size_t max_cards = 64;               ///< graphics cards of one replica

/// Content of hello and offer.
struct introduction {
  std::uint16_t protocol = protocol_version;
  std::string version; ///< of the gateway
  std::uint64_t origin = 0;
  std::string instance;
  std::string address; ///< host:port to reach it; the host may be empty: see the connection
  std::string nonce;

  introduction() = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, introduction& x) {
  return f(x.protocol, x.version, x.origin, x.instance, x.address, x.nonce);
}

enum class refusal_reason : std::uint8_t { protocol = 1, secret, full };

struct refusal {
  std::uint16_t protocol = protocol_version; ///< of who refuses
  std::string version;                       ///< of its gateway
  refusal_reason reason = refusal_reason::protocol;

  refusal() = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, refusal& x) {
  return f(x.protocol, x.version, x.reason);
}

/// The values as a packet's body.
template <class... Values>
std::string encode(caf::actor_system& system, const Values&... values) {
  std::vector<char> bytes;
  caf::binary_serializer sink{system, bytes};
  static_cast<void>(sink(const_cast<Values&>(values)...)); // writing to memory does not fail
  return {bytes.begin(), bytes.end()};
}

/// Reads what encode() wrote. @returns false when there is too little; bytes behind are ignored.
template <class... Values>
bool decode(caf::actor_system& system, const std::string& body, Values&... values) {
  caf::binary_deserializer source{system, body.data(), body.size()};
  return !source(values...);
}

/// An introduction as far as it can be understood: of another protocol only version and protocol.
/// Its texts are cleaned. Empty when it makes no sense.
std::optional<introduction> read_introduction(caf::actor_system& system, const std::string& body);

/// Lines that are `origin`'s own and go up from behind `last`, which is moved on; cleaned of
/// anything else. Empty when the body makes no sense.
std::optional<std::vector<feed_event>> read_lines(caf::actor_system& system,
                                                  const std::string& body, std::uint64_t origin,
                                                  std::uint64_t& last);

/// What a replica has found out, as it goes from actor to actor.
struct finding_list {
  std::vector<backend_note> backends;
  std::vector<cell_note> cells;
  std::vector<gpu_note> cards;
};

/// As a packet's body. Replicas that know nothing of deployments and cards read the beginning,
/// which is about backends, and take no notice of the rest. @param now of the clock of the notes'
/// times
std::string write_notes(caf::actor_system& system, const finding_list& notes, time_ns now);

/// Reads what write_notes() wrote, or what a replica without deployments did. Empty when the body
/// makes no sense. @param now of the clock that the notes' times are to be of
std::optional<finding_list> read_notes(caf::actor_system& system, const std::string& body,
                                       time_ns now);

/// As times of notes are.
inline time_ns steady_ns(std::chrono::steady_clock::time_point when) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(when.time_since_epoch()).count();
}

/// Text of another replica for display: printable ASCII, cut.
std::string clean_text(const std::string& text, std::size_t most);

/// For people: "speaks protocol 2 (gateway 1.4.0), this one 1".
std::string other_protocol(std::uint16_t protocol, const std::string& version, std::uint16_t own);

} // namespace synapse::actors::cluster
