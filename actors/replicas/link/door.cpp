#include "actors/replicas/link/door.hpp"

#include "actors/replicas/gate/reception.hpp"

#include <caf/actor_system.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <atomic>
#include <unordered_map>

namespace synapse::actors::cluster {

namespace {

/// What may wait to be looked at; beyond, packets are dropped. Links send again what was not
/// acknowledged, so that loses nothing but time.
constexpr std::size_t max_waiting_bytes = 64 * 1024 * 1024;

std::size_t weight_of(const peer_packet& packet) {
  return sizeof packet + packet.body.size() + packet.seal.size();
}

class door_impl : public door_actor::base {
public:
  door_impl(caf::actor_config& config, door_parts parts)
      : door_actor::base(config),
        reception_(home_system(), parts,
                   [this](const caf::strong_actor_ptr& to, peer_packet packet) {
                     transmit(to, std::move(packet));
                   }),
        look_interval_(parts.timeout / 4) {}

  const char* name() const override { return "cluster_door"; }

  /// Any thread; everything from other nodes comes through here.
  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* unit) override {
    if (!element->mid.is_async())
      return;
    const auto& content = element->content();
    if (content.match_elements<peer_packet>()) {
      const std::size_t weight = weight_of(content.get_as<peer_packet>(0));
      if (content.get_as<peer_packet>(0).body.size() > max_body_bytes || !element->sender ||
          element->sender->node() == home_system().node())
        return;
      if (waiting_.fetch_add(weight) > max_waiting_bytes) {
        waiting_ -= weight;
        return;
      }
    } else if (!content.match_elements<door_order_ptr>()) {
      return;
    }
    door_actor::base::enqueue(std::move(element), unit);
  }

  door_actor::behavior_type make_behavior() override {
    look_later();
    return {[this](const peer_packet& packet) { on_packet(packet); },
            [this](const door_order_ptr& order) {
              std::visit([this](const auto& what) { on(what); }, *order);
            }};
  }

  void on_exit() override {
    links_.clear();
    reception_.clear();
  }

private:
  void on_packet(const peer_packet& packet) {
    waiting_ -= weight_of(packet);
    const auto& from = current_sender();
    if (const auto found = links_.find(packet.to); found != links_.end())
      send(found->second, arrival_ptr{std::make_shared<arrival>(
                              arrival{caf::actor_cast<caf::actor_addr>(from), packet})});
    else
      reception_.on_packet(from, packet, std::chrono::steady_clock::now());
  }

  void transmit(const caf::strong_actor_ptr& to, peer_packet packet) {
    send(caf::actor_cast<cluster_peer>(to), std::move(packet));
  }

  void on(const transmit_order& order) { transmit(order.to, order.packet); }
  void on(const enroll_order& order) { links_[order.session] = order.link; }
  void on(const dismiss_order& order) { links_.erase(order.session); }
  void on(const look_order&) {
    reception_.on_time(std::chrono::steady_clock::now());
    look_later();
  }
  void on(const close_order&) { quit(); }

  void look_later() {
    delayed_send(this, look_interval_, door_order_ptr{std::make_shared<door_order>(look_order{})});
  }

  std::atomic<std::size_t> waiting_{0}; ///< bytes of packets in the mailbox
  std::unordered_map<std::uint64_t, link_actor> links_;
  reception reception_;
  std::chrono::milliseconds look_interval_;
};

} // namespace

door_actor spawn_door(caf::actor_system& system, door_parts parts) {
  return system.spawn<door_impl>(std::move(parts));
}

void tell(const door_actor& door, door_order order) {
  caf::anon_send(door, door_order_ptr{std::make_shared<door_order>(std::move(order))});
}

} // namespace synapse::actors::cluster
