#include "actors/replicas/link/line_queue.hpp"

#include <gtest/gtest.h>

namespace synapse::actors::cluster {
namespace {

std::vector<feed_event> lines(std::uint64_t first, std::uint64_t last) {
  std::vector<feed_event> result;
  for (; first <= last; ++first) {
    feed_event line;
    line.origin = 7;
    line.number = first;
    result.push_back(line);
  }
  return result;
}

std::vector<std::uint64_t> numbers(const std::vector<feed_event>& batch) {
  std::vector<std::uint64_t> result;
  for (const auto& line : batch)
    result.push_back(line.number);
  return result;
}
using list = std::vector<std::uint64_t>;

TEST(line_queue, drops_the_oldest) {
  line_queue queue{3};
  EXPECT_EQ(queue.add(lines(1, 2)), 0u);
  EXPECT_EQ(queue.add(lines(3, 5)), 2u);
  EXPECT_EQ(numbers(queue.next(10, 10'000)), (list{3, 4, 5}));
  EXPECT_EQ(queue.add(lines(6, 15)), 7u);
}

TEST(line_queue, gives_batches_of_a_bounded_size) {
  line_queue queue{100};
  queue.add(lines(1, 5));
  EXPECT_EQ(numbers(queue.next(2, 10'000)), (list{1, 2}));
  EXPECT_EQ(numbers(queue.next(10, 1)), (list{3}));
  EXPECT_EQ(numbers(queue.next(10, 10'000)), (list{4, 5}));
  EXPECT_TRUE(queue.next(10, 10'000).empty());
}

TEST(line_queue, gives_again_what_was_not_acknowledged) {
  line_queue queue{100};
  queue.add(lines(1, 6));
  queue.next(2, 10'000);
  queue.next(2, 10'000);
  queue.acknowledge();
  queue.rewind();
  EXPECT_EQ(numbers(queue.next(10, 10'000)), (list{3, 4, 5, 6}));
}

TEST(line_queue, forgets_what_the_other_side_has) {
  line_queue queue{100};
  queue.add(lines(1, 6));
  queue.next(4, 10'000);
  queue.rewind();
  queue.forget(8, 5);
  queue.forget(7, 3);
  EXPECT_EQ(numbers(queue.next(10, 10'000)), (list{4, 5, 6}));
}

} // namespace
} // namespace synapse::actors::cluster
