#include "providers/gauges.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace synapse::providers {
namespace {

constexpr std::string_view page = R"(# HELP vllm:num_requests_waiting Number of requests waiting.
# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting{engine="0",model_name="Qwen/Qwen3-8B"} 2.0
vllm:num_requests_waiting{engine="1",model_name="a \"}\" b"} 3 1790000000000
vllm:num_requests_waiting_total{engine="0"} 99
vllm:num_requests_running{engine="0"} 7.0
vllm:bad{engine="0"} NaN
vllm:worse{engine="0" 4
bare 5
)";

TEST(gauges, are_summed_over_their_labels) {
  EXPECT_EQ(sum_of_gauge(page, "vllm:num_requests_waiting"), 5.0);
}

TEST(gauges, are_meant_by_their_whole_name) {
  EXPECT_EQ(sum_of_gauge(page, "vllm:num_requests"), std::nullopt);
  EXPECT_EQ(sum_of_gauge(page, "bare"), 5.0);
}

TEST(gauges, that_are_no_numbers_are_not_there) {
  EXPECT_EQ(sum_of_gauge(page, "vllm:bad"), std::nullopt);
  EXPECT_EQ(sum_of_gauge(page, "vllm:worse"), std::nullopt);
  EXPECT_EQ(sum_of_gauge("a{b=\"c", "a"), std::nullopt);
  EXPECT_EQ(sum_of_gauge("a{b=\"c\\", "a"), std::nullopt);
  EXPECT_EQ(sum_of_gauge("a ", "a"), std::nullopt);
  EXPECT_EQ(sum_of_gauge("", "a"), std::nullopt);
}

TEST(gauges, tell_of_a_queue) {
  const auto queue = read_queue(page, "vllm:num_requests_waiting", "vllm:num_requests_running");
  EXPECT_TRUE(queue.known);
  EXPECT_EQ(queue.waiting, 5u);
  EXPECT_EQ(queue.running, 7u);
  EXPECT_FALSE(read_queue("[]", "a", "b").known);
}

TEST(gauges, that_lie_stay_within_bounds) {
  EXPECT_EQ(read_queue("a -4\n", "a", "b").waiting, 0u);
  EXPECT_EQ(read_queue("a 1e300\na 1e300\n", "a", "b").waiting, 1'000'000u);
}

TEST(gauges, survive_any_page) {
  std::mt19937 random{17};
  const std::string letters = "a{}\"\\ \n1.";
  for (int round = 0; round < 20'000; ++round) {
    std::string text = "a";
    for (unsigned i = random() % 30; i > 0; --i)
      text += letters[random() % letters.size()];
    const auto sum = sum_of_gauge(text, "a");
    EXPECT_TRUE(!sum || *sum >= 0) << text;
  }
}

} // namespace
} // namespace synapse::providers
