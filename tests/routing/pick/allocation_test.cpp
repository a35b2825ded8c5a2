// A pick, and what it is fed with, must not allocate: counted, with this program's operator new.
#include "routing/pick/affinity.hpp"
#include "routing/pick/rate_limit.hpp"
#include "routing/pick/strategy.hpp"
#include "tests/routing/journey/atlas.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <vector>

namespace {
thread_local std::size_t allocations = 0;

void* counted(std::size_t size) noexcept {
  ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}

void* counted_or_throw(std::size_t size) {
  if (void* p = counted(size))
    return p;
  throw std::bad_alloc();
}

void* counted_aligned(std::size_t size, std::align_val_t to) {
  ++allocations;
  const auto unit = static_cast<std::size_t>(to);
  if (void* p = std::aligned_alloc(unit, (size + unit - 1) / unit * unit))
    return p;
  throw std::bad_alloc();
}
} // namespace

// Every form the delete below may be handed memory of: a sanitizer insists that they match.
void* operator new(std::size_t size) {
  return counted_or_throw(size);
}
void* operator new[](std::size_t size) {
  return counted_or_throw(size);
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return counted(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return counted(size);
}
void* operator new(std::size_t size, std::align_val_t to) {
  return counted_aligned(size, to);
}
void* operator new[](std::size_t size, std::align_val_t to) {
  return counted_aligned(size, to);
}
void operator delete(void* p) noexcept {
  std::free(p);
}
void operator delete[](void* p) noexcept {
  std::free(p);
}
void operator delete(void* p, std::size_t) noexcept {
  std::free(p);
}
void operator delete[](void* p, std::size_t) noexcept {
  std::free(p);
}
void operator delete(void* p, std::align_val_t) noexcept {
  std::free(p);
}
void operator delete[](void* p, std::align_val_t) noexcept {
  std::free(p);
}
void operator delete(void* p, std::size_t, std::align_val_t) noexcept {
  std::free(p);
}
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept {
  std::free(p);
}

namespace synapse::routing {
namespace {

TEST(pick_allocation, the_count_counts) {
  const auto before = allocations;
  const auto meter = std::make_unique<deployment_meter>(2);
  EXPECT_GE(allocations - before, 2U);
}

TEST(pick_allocation, a_request_allocates_nothing) {
  std::vector<std::unique_ptr<deployment_meter>> meters;
  std::vector<candidate> tier;
  for (std::size_t i = 0; i < max_candidates; ++i) {
    meters.push_back(std::make_unique<deployment_meter>(16));
    meters.back()->set_load(i % 2 == 0 ? load_state::loaded : load_state::cold_fits);
    candidate one;
    one.meter = meters.back().get();
    one.id_hash = i;
    tier.push_back(one);
  }
  rate_limits limits(1000, 1'000'000);
  const std::string text(8192, 't');
  affinity_source from;
  from.system = text;
  from.user = text;
  random_source random(1);
  const auto before = allocations;
  for (int i = 0; i < 600; ++i) {
    const auto now = std::int64_t{i} * 10'000'000;
    const auto strategy = static_cast<pick_strategy>(i % 6);
    const auto key = i % 2 == 0 ? affinity_key(from) + static_cast<std::uint64_t>(i) : 0;
    pick_question question{random, strategy, key, 0, 3, now};
    const auto place = pick(lowest_tier(tier), question);
    ASSERT_TRUE(place);
    auto& meter = *tier[*place].meter;
    (void)limits.take(100, now);
    (void)limits.headroom(now);
    limits.settle(-10, now, now);
    meter.begin(3, true);
    meter.first_token(3, 0, 1000, now);
    meter.succeeded(3, now);
    meter.used_tokens(3, 1, 1);
    meter.end(3);
  }
  EXPECT_EQ(allocations, before);
}

TEST(pick_allocation, a_journey_allocates_nothing) {
  atlas map;
  for (int i = 0; i < 8; ++i)
    map.put("m", "a" + std::to_string(i), static_cast<unsigned>(1 + i / 4));
  map.put("n", "b");
  map.settings.fallbacks.any["m"] = {"n"};
  map.done();
  const auto failed = status_verdict(401);
  const auto before = allocations;
  for (int i = 0; i < 100; ++i) {
    const auto now = std::int64_t{i} * second_ns;
    auto trip = map.travel("m", now);
    auto next = trip.first(map.known, map.random, now);
    for (int step = 0; next.to != nullptr; ++step)
      next = step % 2 == 0 ? trip.after(failed, map.known, map.random, now)
                           : trip.after_denial(true, now + 1, map.known, map.random, now);
    (void)trip.has_others(map.known);
    (void)trip.farewell(now);
  }
  EXPECT_EQ(allocations, before);
}

} // namespace
} // namespace synapse::routing
