#include "http/server/connection/reserved_room.hpp"

#include "http/server/connection/connection.hpp"

#include <algorithm>
#include <fcntl.h>
#include <unistd.h>

namespace synapse::server {

reserved_room::reserved_room(std::size_t places) : places_(places) {
  taken_.reserve(places_);
  spare_.reserve(places_);
  refill();
}

reserved_room::~reserved_room() {
  for (const int fd : spare_)
    ::close(fd);
}

bool reserved_room::refill() {
  while (spare_.size() < places_) {
    const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
      return false;
    spare_.push_back(fd);
  }
  return true;
}

bool reserved_room::give() {
  if (spare_.empty())
    return false;
  ::close(spare_.back());
  spare_.pop_back();
  return true;
}

void reserved_room::add(connection& one, const config::ip_address& address) {
  taken_.push_back({&one, address.subject()});
}

void reserved_room::remove(const connection& one) noexcept {
  std::erase_if(taken_, [&](const place& each) { return each.who == &one; });
}

bool reserved_room::evict() {
  if (taken_.empty())
    return false;
  std::vector<config::ip_address> subjects;
  for (const auto& each : taken_)
    subjects.push_back(each.subject);
  const auto victim = taken_.begin() + static_cast<std::ptrdiff_t>(config::gives_way(subjects));
  const net::local_ptr<connection> keep{victim->who};
  taken_.erase(victim);
  keep->abort(give_up::canceled);
  return true;
}

} // namespace synapse::server
