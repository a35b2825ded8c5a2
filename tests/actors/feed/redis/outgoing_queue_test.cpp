#include "actors/feed/redis/outgoing_queue.hpp"

#include <gtest/gtest.h>

namespace synapse::actors {
namespace {

feed_batch_ptr batch(std::uint64_t first, std::size_t count, std::size_t size = 1) {
  auto lines = std::make_shared<std::vector<feed_event>>(count);
  for (auto& line : *lines) {
    line.number = first++;
    line.message.assign(size, 'x');
  }
  return lines;
}

std::vector<std::uint64_t> numbers(const std::vector<outgoing_event>& events) {
  std::vector<std::uint64_t> all;
  all.reserve(events.size());
  for (const auto& one : events)
    all.push_back((*one).number);
  return all;
}

using list = std::vector<std::uint64_t>;

TEST(outgoing_queue, gives_lines_in_order_across_batches) {
  outgoing_queue queue{{}};
  EXPECT_EQ(queue.push(batch(1, 3)), 0U);
  EXPECT_EQ(queue.push(batch(4, 2)), 0U);
  EXPECT_EQ(numbers(queue.take(4)), (list{1, 2, 3, 4}));
  EXPECT_EQ(numbers(queue.take(4)), (list{5}));
  EXPECT_TRUE(queue.take(4).empty());
}

TEST(outgoing_queue, drops_the_oldest_above_its_number_of_lines) {
  outgoing_queue queue{{.events = 3}};
  EXPECT_EQ(queue.push(batch(1, 2)), 0U);
  EXPECT_EQ(queue.push(batch(3, 3)), 2U);
  EXPECT_EQ(numbers(queue.take(9)), (list{3, 4, 5}));
}

TEST(outgoing_queue, drops_the_oldest_above_its_bytes) {
  outgoing_queue queue{{.bytes = 10'000}};
  EXPECT_EQ(queue.push(batch(1, 3, 4'000)), 1U);
  EXPECT_EQ(numbers(queue.take(9)), (list{2, 3}));
  EXPECT_EQ(queue.push(batch(4, 1, 20'000)), 1U) << "larger than everything";
  EXPECT_EQ(queue.size(), 0U);
  EXPECT_EQ(queue.push(batch(5, 2, 4'000)), 0U) << "bytes of what went are free again";
}

TEST(outgoing_queue, puts_lines_back_in_front) {
  outgoing_queue queue{{.events = 4}};
  queue.push(batch(1, 4));
  auto taken = queue.take(3);
  queue.push(batch(5, 1));
  EXPECT_EQ(queue.put_back(std::move(taken)), 1U) << "one had to give way";
  EXPECT_EQ(numbers(queue.take(9)), (list{2, 3, 4, 5}));
}

TEST(outgoing_queue, lets_a_batch_go_with_its_last_line) {
  outgoing_queue queue{{.events = 2}};
  const std::weak_ptr<const std::vector<feed_event>> first = [&] {
    auto lines = batch(1, 2);
    queue.push(lines);
    return lines;
  }();
  queue.push(batch(3, 1));
  EXPECT_FALSE(first.expired());
  queue.push(batch(4, 1));
  EXPECT_TRUE(first.expired());
}

} // namespace
} // namespace synapse::actors
