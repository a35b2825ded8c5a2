#include "telemetry/request_ring.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace synapse::telemetry {
namespace {

finished_request request(std::int64_t number) {
  finished_request one;
  one.ended_ms = number;
  one.duration_ns = number * 3;
  one.bytes_out = static_cast<std::uint64_t>(number) * 7;
  one.id.assign("req-" + std::to_string(number));
  return one;
}

TEST(request_ring, keeps_the_last_ones) {
  request_ring ring{3};
  std::vector<finished_request> found;
  ring.copy_to(found);
  EXPECT_TRUE(found.empty());
  for (int i = 1; i <= 5; ++i)
    ring.add(request(i));
  ring.copy_to(found);
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.ended_ms < b.ended_ms; });
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].id.view(), "req-3");
  EXPECT_EQ(found[2].id.view(), "req-5");
  EXPECT_EQ(found[2].bytes_out, 35u);
}

TEST(request_ring, cuts_long_texts_between_characters) {
  finished_request one;
  one.model.assign(std::string(63, 'm') + "é");
  EXPECT_EQ(one.model.view(), std::string(63, 'm'));
  one.model.assign("short");
  EXPECT_EQ(one.model.view(), "short");
  one.model.assign({});
  EXPECT_TRUE(one.model.empty());
}

TEST(request_ring, never_shows_half_of_a_record_to_a_reader) {
  request_ring ring{4};
  std::atomic<bool> done{false};
  std::thread writer{[&] {
    for (std::int64_t i = 1; i <= 200'000; ++i)
      ring.add(request(i));
    done = true;
  }};
  std::size_t looked_at = 0;
  std::vector<finished_request> found;
  do {
    found.clear();
    ring.copy_to(found);
    for (const auto& one : found) {
      ASSERT_EQ(one.duration_ns, one.ended_ms * 3);
      ASSERT_EQ(one.bytes_out, static_cast<std::uint64_t>(one.ended_ms) * 7);
      ASSERT_EQ(one.id.view(), "req-" + std::to_string(one.ended_ms));
    }
    looked_at += found.size();
  } while (!done);
  writer.join();
  found.clear();
  ring.copy_to(found);
  EXPECT_EQ(found.size(), 4u) << "nobody writes any more: all of them are whole";
  EXPECT_GT(looked_at + found.size(), 0u);
}

} // namespace
} // namespace synapse::telemetry
