/// @file
/// A small generator of pseudo-random numbers.
#pragma once

#include <cstdint>

namespace synapse::routing {

/// Spreads a number's bits over all 64 (the last step of splitmix64). Reversible, fixed for ever:
/// replicas have to agree on what is made of it.
constexpr std::uint64_t mix_bits(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

/// splitmix64: eight bytes of state, any seed is a good one. One thread; not for secrets.
class random_source {
public:
  explicit constexpr random_source(std::uint64_t seed) noexcept : state_(seed) {}

  constexpr std::uint64_t next() noexcept { return mix_bits(state_ += 0x9e3779b97f4a7c15U); }
  /// @returns at least 0 and below 1.
  constexpr double unit() noexcept { return static_cast<double>(next() >> 11) * 0x1p-53; }

private:
  std::uint64_t state_;
};

} // namespace synapse::routing
