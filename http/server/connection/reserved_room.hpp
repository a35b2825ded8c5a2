/// @file
/// Places, and descriptors, that are kept for probes when all others are in use.
#pragma once

#include "config/values/networks.hpp"

#include <cstddef>
#include <vector>

namespace synapse::server {

class connection;

/// Of one listener; its thread only. A connection in here may ask for `/livez` or `/readyz`, once
/// and soon. When all places are taken the oldest connection of the address that has most gives
/// way: a probe needs its place for a moment only, and who takes them in numbers pushes out itself.
class reserved_room {
public:
  explicit reserved_room(std::size_t places);
  reserved_room(const reserved_room&) = delete;
  reserved_room& operator=(const reserved_room&) = delete;
  ~reserved_room();

  // ---- descriptors ----
  /// Takes back what was given. @returns false when there are none to be had.
  bool refill();
  /// Closes one of those in reserve, so that something else can be opened. @returns false when none
  /// is left.
  bool give();

  // ---- places ----
  void add(connection& one, const config::ip_address& address);
  void remove(const connection& one) noexcept;
  bool full() const noexcept { return taken_.size() >= places_; }
  /// Cuts the connection that gives way. @returns false when there is none.
  bool evict();

private:
  struct place {
    connection* who;
    config::ip_address subject;
  };
  std::size_t places_;
  std::vector<place> taken_; ///< oldest first
  std::vector<int> spare_;   ///< descriptors
};

} // namespace synapse::server
