#include "backends/faults/faults.hpp"
#include "tests/backends/hosted.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace synapse::backends::test {
namespace {

using testing::HasSubstr;
using time_point = fault_switch::time_point;
constexpr auto switch_path = "/stand-in/fail";
constexpr auto faulty_chat = "/v1/chat/completions";

constexpr time_point at(std::int64_t ms) {
  return time_point(milliseconds(ms));
}

request switching(const std::string& body) {
  request in;
  in.method = "POST";
  in.path = switch_path;
  in.body = body;
  return in;
}

vllm_options quick_vllm() {
  vllm_options out;
  out.words.kind = model_kind::echo;
  return out;
}

json asked(bool stream = false) {
  return {{"stream", stream}, {"messages", json::array({{{"role", "user"}, {"content", "a b"}}})}};
}

TEST(faults, a_span_has_a_unit_and_at_most_a_day) {
  EXPECT_EQ(parse_span("10s"), milliseconds(10'000));
  EXPECT_EQ(parse_span("500ms"), milliseconds(500));
  EXPECT_EQ(parse_span("24h"), milliseconds(86'400'000));
  for (auto bad : {"", "10", "s", "-1s", "25h", "10 s", "99999999999999999999s", "1s2"})
    EXPECT_FALSE(parse_span(bad)) << bad;
}

TEST(faults, a_body_that_makes_no_sense_is_told_why) {
  for (auto bad : {"", "[]", "{}", R"({"status":99})", R"({"status":"500"})", R"({"hang":false})",
                   R"({"hang":true,"cut":1})", R"({"explode":true})", R"({"cut":-1})",
                   R"({"ok":true,"x":1})", R"({"status":500,"for":"soon"})",
                   R"({"status":500,"for":-1})", R"({"status":500,"times":0})",
                   R"({"hang":true,"retry_after":3})", R"({"status":18446744073709551615})"}) {
    std::string problem;
    EXPECT_FALSE(parse_fault(bad, problem)) << bad;
    EXPECT_FALSE(problem.empty()) << bad;
  }
}

TEST(faults, a_fault_is_over_after_its_time) {
  fault_switch faults;
  EXPECT_EQ(faults.control(switching(R"({"status":500,"for":"10s"})"), at(0)).answer.status, 200);
  EXPECT_TRUE(faults.take("/x", at(9'999)));
  EXPECT_FALSE(faults.take("/x", at(10'000)));
  EXPECT_FALSE(faults.take("/x", at(9'999))) << "it does not come back";
}

TEST(faults, a_fault_is_over_after_its_times_and_only_meets_its_path) {
  fault_switch faults;
  faults.control(switching(R"({"hang":true,"times":2,"path":"/v1"})"), at(0));
  EXPECT_FALSE(faults.take("/health", at(1)));
  EXPECT_TRUE(faults.take("/v1/chat", at(1)));
  EXPECT_TRUE(faults.take("/v1/chat", at(1)));
  EXPECT_FALSE(faults.take("/v1/chat", at(1)));
}

TEST(faults, ok_takes_a_fault_back) {
  fault_switch faults;
  faults.control(switching(R"({"refuse":true})"), at(0));
  EXPECT_TRUE(faults.take("/", at(1)));
  EXPECT_TRUE(faults.control(switching(R"({"ok":true})"), at(2)).restored);
  EXPECT_FALSE(faults.take("/", at(3)));
}

TEST(faults, a_status_has_the_servers_own_words_or_those_that_are_given) {
  hosted gpu{quick_vllm()};
  EXPECT_EQ(gpu.post(switch_path, {{"status", 503}, {"retry_after", 7}}).status, 200);
  auto own = gpu.post(faulty_chat, asked());
  EXPECT_EQ(own.status, 503);
  EXPECT_EQ(own.field("retry-after"), "7");
  EXPECT_EQ(own.parsed()["error"]["code"], 503);
  gpu.post(switch_path, {{"status", 500}, {"body", {{"error", "CUDA error: out of memory"}}}});
  EXPECT_EQ(gpu.get("/health").body, R"({"error":"CUDA error: out of memory"})");
  EXPECT_EQ(gpu.get(switch_path).parsed()["answered"], 1);
  gpu.post(switch_path, {{"ok", true}});
  EXPECT_EQ(gpu.post(faulty_chat, asked()).status, 200);
}

TEST(faults, a_refusal_closes_at_once_and_a_page_is_a_200) {
  hosted gpu{quick_vllm()};
  gpu.post(switch_path, {{"refuse", true}});
  raw_client refused{gpu.port()};
  refused.send_request("GET", "/health");
  EXPECT_EQ(refused.read_rest(), "");
  EXPECT_EQ(refused.wait_for_end(), ending::closed);
  gpu.post(switch_path, {{"html", true}});
  auto page = gpu.post(faulty_chat, asked());
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.field("content-type"), "text/html");
}

TEST(faults, a_hang_sends_nothing_while_the_switch_still_answers) {
  hosted gpu{quick_vllm()};
  gpu.post(switch_path, {{"hang", true}});
  raw_client hanging{gpu.port()};
  hanging.send_request("POST", faulty_chat, asked().dump());
  ASSERT_TRUE(eventually([&] { return gpu.get(switch_path).parsed()["answered"] == 1; }));
  hanging.close();
  EXPECT_TRUE(eventually([&] { return gpu.counters().requests_canceled == 1; }));
  EXPECT_EQ(gpu.counters().tokens_generated, 0U);
}

TEST(faults, a_stream_is_cut_after_as_many_events) {
  hosted gpu{quick_vllm()};
  gpu.post(switch_path, {{"cut", 3}});
  auto events = gpu.post(faulty_chat, asked(true));
  EXPECT_EQ(events.status, 200);
  EXPECT_FALSE(events.complete);
  EXPECT_EQ(events_of(events.body).size(), 3U);
  ollama_options quick;
  quick.words.kind = model_kind::echo;
  quick.limits.load_time = milliseconds(0);
  hosted cpu{quick};
  cpu.post(switch_path, {{"cut", 2}});
  auto body = asked();
  body["model"] = "llama3.1:8b";
  body["stream"] = true;
  auto lines = cpu.post("/api/chat", body);
  EXPECT_FALSE(lines.complete);
  EXPECT_EQ(std::count(lines.body.begin(), lines.body.end(), '\n'), 2);
}

TEST(faults, the_other_services_have_no_switch_unless_they_may_misbehave) {
  host_options options;
  options.llama_embed.emplace(host_options::listening{}, llama_embed_options{});
  backend_host host{std::move(options)};
  ASSERT_EQ(host.start(), "");
  EXPECT_EQ(ask(host.port("llama-embed"), "GET", switch_path).status, 404);
  hosted allowed{llama_embed_options{}};
  EXPECT_EQ(allowed.get(switch_path).status, 200);
}

} // namespace
} // namespace synapse::backends::test
