#pragma once

#include "backends/server/exchange.hpp"

#include <unordered_set>

namespace synapse::backends {

/// Keeps an exchange in a set as long as it waits for something.
class presence {
public:
  presence(std::unordered_set<exchange*>& where, exchange& who) : where_(where), who_(who) {
    where_.insert(&who_);
  }
  presence(const presence&) = delete;
  presence& operator=(const presence&) = delete;
  ~presence() { where_.erase(&who_); }

private:
  std::unordered_set<exchange*>& where_;
  exchange& who_;
};

} // namespace synapse::backends
