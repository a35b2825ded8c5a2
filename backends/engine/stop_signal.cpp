#include "backends/engine/stop_signal.hpp"

#include <cstdint>
#include <sys/eventfd.h>
#include <unistd.h>

namespace synapse::backends {

stop_signal::stop_signal() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

stop_signal::~stop_signal() {
  if (descriptor_ >= 0)
    close(descriptor_);
}

void stop_signal::raise() {
  raised_.store(true, std::memory_order_release);
  const std::uint64_t one = 1;
  // The counter cannot overflow by this, and a reader only asks whether it is above zero.
  [[maybe_unused]] auto written = write(descriptor_, &one, sizeof(one));
}

} // namespace synapse::backends
