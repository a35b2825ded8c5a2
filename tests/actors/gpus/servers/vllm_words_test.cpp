#include "actors/gpus/servers/vllm_words.hpp"
#include "tests/actors/http_replies.hpp"

#include <gtest/gtest.h>

#include <random>

namespace synapse::gpus {
namespace {

using actors::answer;
using actors::fault;
using actors::http_fault;

sighting sleeping(const actors::http_reply& reply) {
  std::string why;
  return read_sleeping(reply, why);
}
std::optional<std::uint64_t> requests(const std::string& page) {
  std::string why;
  const auto count = read_requests(answer(200, page), why);
  EXPECT_EQ(why.empty(), count.has_value());
  return count;
}
outcome word(const actors::http_reply& reply) {
  std::string why;
  const auto how = read_outcome(reply, why);
  EXPECT_EQ(why.empty(), how == outcome::done);
  return how;
}

TEST(vllm_words, only_a_clear_word_says_that_it_is_awake) {
  EXPECT_EQ(sleeping(answer(200, R"({"is_sleeping":false})")), sighting::awake);
  EXPECT_EQ(sleeping(answer(200, R"({"is_sleeping":true})")), sighting::asleep);
  for (const auto* body : {"", "{}", "false", "[]", R"({"is_sleeping":"false"})",
                           R"({"is_sleeping":0})", R"({"is_sleeping":null})", "<html>"})
    EXPECT_EQ(sleeping(answer(200, body)), sighting::silent) << body;
  EXPECT_EQ(sleeping(answer(500, R"({"is_sleeping":false})")), sighting::silent);
}

TEST(vllm_words, without_the_route_it_cannot_sleep) {
  EXPECT_EQ(sleeping(answer(404, R"({"detail":"Not Found"})")), sighting::missing);
}

TEST(vllm_words, nobody_there_is_not_the_same_as_no_answer) {
  EXPECT_EQ(sleeping(fault(http_fault::connect_failure, "refused")), sighting::gone);
  EXPECT_EQ(sleeping(fault(http_fault::timeout, "too late")), sighting::silent);
  EXPECT_EQ(word(fault(http_fault::connect_failure, "refused")), outcome::gone);
  EXPECT_EQ(word(fault(http_fault::reset, "reset")), outcome::silent);
}

TEST(vllm_words, requests_are_what_runs_and_waits_in_all_engines) {
  EXPECT_EQ(requests("# TYPE vllm:num_requests_running gauge\n"
                     "vllm:num_requests_running{engine=\"0\",model_name=\"a}\\\" b\"} 2.0\n"
                     "vllm:num_requests_running{engine=\"1\",model_name=\"a\"} 1.0\r\n"
                     "vllm:num_requests_waiting{engine=\"0\"} 3 1700000000\n"
                     "vllm:num_requests_waiting_by_reason{reason=\"x\"} 50\n"),
            6U);
  EXPECT_EQ(requests("vllm:num_requests_running 0.0\nvllm:num_requests_waiting 0.0"), 0U);
  EXPECT_EQ(requests("vllm:num_requests_running 0.25\nvllm:num_requests_waiting 0"), 1U);
}

TEST(vllm_words, a_page_that_does_not_tell_both_is_not_taken_for_zero) {
  for (const auto* page : {"", "vllm:num_requests_running 0\n", "vllm:num_requests_waiting 0\n",
                           "vllm:num_requests_running NaN\nvllm:num_requests_waiting 0\n",
                           "vllm:num_requests_running -1\nvllm:num_requests_waiting 0\n",
                           "vllm:num_requests_running 1e300\nvllm:num_requests_waiting 0\n",
                           "vllm:num_requests_running{a=\"} 0\nvllm:num_requests_waiting 0\n",
                           "vllm:num_requests_running 0x\nvllm:num_requests_waiting 0\n",
                           "vllm:num_requests_running\nvllm:num_requests_waiting 0\n"})
    EXPECT_FALSE(requests(page)) << page;
  std::string why;
  EXPECT_FALSE(read_requests(answer(404, ""), why));
}

TEST(vllm_words, a_refusal_for_want_of_memory_is_known) {
  EXPECT_EQ(word(answer(200, "")), outcome::done);
  EXPECT_EQ(word(answer(500, "torch.OutOfMemoryError: CUDA Out of Memory. Tried")),
            outcome::out_of_memory);
  EXPECT_EQ(word(answer(500, "Internal Server Error")), outcome::refused);
  EXPECT_EQ(word(answer(404, "")), outcome::missing);
}

TEST(vllm_words, reasons_are_short_and_printable) {
  std::string why;
  read_outcome(answer(500, std::string(100'000, '\n')), why);
  EXPECT_LE(why.size(), 300U);
  EXPECT_EQ(why.find('\n'), std::string::npos);
}

TEST(vllm_words, the_first_model_is_the_one_to_warm_up) {
  EXPECT_EQ(read_first_model(answer(200, R"({"data":[{"id":"m"},{"id":"n"}]})")), "m");
  for (const auto* body :
       {"", "[]", R"({"data":{}})", R"({"data":[]})", R"({"data":[1]})", R"({"data":[{"id":3}]})"})
    EXPECT_EQ(read_first_model(answer(200, body)), "") << body;
}

TEST(vllm_words, no_bytes_bring_it_down) {
  std::mt19937_64 random{3};
  const std::string page = "vllm:num_requests_running{a=\"b\\\"\"} 2\nvllm:num_requests_waiting 1\n"
                           "{\"is_sleeping\":true,\"data\":[{\"id\":\"m\"}]}";
  for (int i = 0; i < 20'000; ++i) {
    auto bytes = page.substr(random() % page.size());
    for (std::size_t n = random() % 6; n > 0; --n)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    std::string why;
    const auto reply = answer(200, bytes);
    read_sleeping(reply, why);
    read_requests(reply, why);
    read_first_model(reply);
  }
}

} // namespace
} // namespace synapse::gpus
