#include "routing/failure/permit_shrink.hpp"

#include <algorithm>

namespace synapse::routing {

void permit_shrink::reconfigure(std::uint32_t configured) noexcept {
  configured_ = configured;
  if (shrunk_ == 0)
    return;
  if (configured_ == 0)
    ceiling_ = std::max(ceiling_, shrunk_ + 1);
  else if (shrunk_ >= configured_)
    shrunk_ = 0;
}

void permit_shrink::on_busy(std::uint32_t in_flight) noexcept {
  good_ = 0;
  if (earlier_ > 0) {
    --earlier_;
    return;
  }
  if (shrunk_ == 0)
    ceiling_ = std::max(in_flight, 2U);
  const auto from = limit() == 0 ? in_flight : limit();
  shrunk_ = std::max(from / 2, 1U);
  earlier_ = in_flight > 0 ? in_flight - 1 : 0;
  if (shrunk_ == configured_) // a single permit cannot be halved
    shrunk_ = 0;
}

void permit_shrink::on_good() noexcept {
  if (earlier_ > 0)
    --earlier_;
  if (shrunk_ == 0 || ++good_ < good_per_permit)
    return;
  good_ = 0;
  ++shrunk_;
  if (shrunk_ >= (configured_ == 0 ? ceiling_ : configured_))
    shrunk_ = 0;
}

} // namespace synapse::routing
