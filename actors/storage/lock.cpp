#include "actors/storage/lock.hpp"

#include <algorithm>
#include <cerrno>
#include <thread>

namespace synapse::storage {

using std::chrono::milliseconds;

void wait_for_lock(file_ops& ops, const lock_place& place, std::string_view what,
                   milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  // The kernel can wait for a lock, but not for a limited time.
  for (milliseconds pause{1}; !ops.try_lock(place.file, place.name, place.byte, place.kind);
       pause = std::min(2 * pause, milliseconds{10})) {
    if (std::chrono::steady_clock::now() >= until)
      throw io_failure{EWOULDBLOCK, "another process has " + std::string{what} + " locked"};
    std::this_thread::sleep_for(pause);
  }
}

held_lock lock_within(file_ops& ops, const lock_place& place, std::string_view what,
                      milliseconds patience) {
  wait_for_lock(ops, place, what, patience);
  return held_lock{place};
}

bool means_no_locks(int code) noexcept {
  return code == ENOLCK || code == EOPNOTSUPP || code == ENOTSUP || code == ENOSYS ||
         code == EINVAL;
}

} // namespace synapse::storage
