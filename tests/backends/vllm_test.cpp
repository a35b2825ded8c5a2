#include "backends/vllm/engine.hpp"
#include "tests/backends/hosted.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace synapse::backends::test {
namespace {

using testing::HasSubstr;
constexpr auto vllm_chat = "/v1/chat/completions";

vllm_options sleeper() {
  vllm_options out;
  out.words.kind = model_kind::echo;
  out.speed.tokens_per_second = 0;
  out.sleep_mode = true;
  out.wake_time = milliseconds(0);
  return out;
}

json asks(const std::string& text, bool stream = false) {
  return {{"model", "meta-llama/Meta-Llama-3.1-8B-Instruct"},
          {"stream", stream},
          {"messages", json::array({{{"role", "user"}, {"content", text}}})}};
}

bool has_metric(hosted& gpu, const std::string& name, int value) {
  auto text = gpu.get("/metrics").body;
  auto line = text.find("\nvllm:" + name + "{");
  auto end = text.find('\n', line + 1);
  return text.substr(line, end - line).ends_with("} " + std::to_string(value));
}

bool is_sleeping(hosted& gpu) {
  return gpu.get("/is_sleeping").parsed()["is_sleeping"];
}

void expect_dead(hosted& gpu) {
  EXPECT_EQ(gpu.get("/health").status, 503);
  auto got = gpu.post(vllm_chat, asks("x"));
  EXPECT_EQ(got.status, 500);
  EXPECT_THAT(got.body, HasSubstr("EngineCore"));
}

TEST(vllm_engine, is_awake_when_all_its_parts_are) {
  vllm_engine engine{{}};
  engine.sleep(1, false);
  EXPECT_EQ(engine.word(), engine_word::hold);
  EXPECT_EQ(engine.wake({"weights"}), "");
  EXPECT_TRUE(engine.sleeping());
  EXPECT_EQ(engine.wake({"kv_cache"}), "");
  EXPECT_EQ(engine.word(), engine_word::go_on);
  EXPECT_TRUE(engine.makes_sense());
}

TEST(vllm_engine, level_2_needs_its_weights_again) {
  vllm_engine engine{{}};
  engine.sleep(2, false);
  EXPECT_FALSE(engine.reload_weights()) << "nowhere to load them";
  engine.wake({});
  EXPECT_FALSE(engine.makes_sense());
  EXPECT_TRUE(engine.reload_weights());
  EXPECT_TRUE(engine.makes_sense());
}

TEST(vllm_engine, sleeping_under_load_kills_it) {
  vllm_engine engine{{}};
  engine.sleep(1, true);
  EXPECT_EQ(engine.word(), engine_word::broken);
  EXPECT_NE(engine.wake({}), "");
  engine.restart();
  EXPECT_EQ(engine.word(), engine_word::go_on);
}

TEST(vllm_engine, a_wake_can_run_out_of_memory) {
  vllm_engine engine{{false, 1}};
  engine.sleep(1, false);
  EXPECT_THAT(engine.wake({}), HasSubstr("out of memory"));
  EXPECT_TRUE(engine.sleeping());
  EXPECT_EQ(engine.wake({}), "");
  EXPECT_FALSE(engine.sleeping());
}

TEST(vllm, says_what_it_serves) {
  hosted gpu{sleeper()};
  EXPECT_EQ(gpu.get("/health").body, "");
  auto model = gpu.get("/v1/models").parsed()["data"][0];
  EXPECT_EQ(model["id"], "meta-llama/Meta-Llama-3.1-8B-Instruct");
  EXPECT_EQ(model["max_model_len"], 8192);
  auto unknown = gpu.post(vllm_chat, {{"model", "foo"}, {"messages", json::array()}});
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.body, R"({"error":{"message":"The model `foo` does not exist.","type":)"
                          R"("NotFoundError","param":"model","code":404}})");
  auto tokens = gpu.post("/tokenize", {{"prompt", "a b c"}}).parsed();
  EXPECT_EQ(tokens["count"], tokens["tokens"].size());
  EXPECT_EQ(gpu.post("/detokenize", {{"tokens", tokens["tokens"]}}).parsed()["prompt"], "a b c");
}

TEST(vllm, the_last_piece_of_a_stream_says_why_it_ended) {
  hosted gpu{sleeper()};
  auto body = asks("x y", true);
  body["stream_options"] = json::object();
  auto events = events_of(gpu.post(vllm_chat, body).body);
  ASSERT_GT(events.size(), 3U);
  EXPECT_EQ(events.back(), "[DONE]");
  EXPECT_GT(json::parse(events[events.size() - 2])["usage"]["completion_tokens"], 0);
  auto last = json::parse(events[events.size() - 3])["choices"][0];
  EXPECT_EQ(last["finish_reason"], "stop");
  EXPECT_NE(last["delta"]["content"], "");
  EXPECT_EQ(gpu.post(vllm_chat, asks("x y")).parsed()["choices"][0]["message"]["content"],
            "[vllm stand-in, meta-llama/Meta-Llama-3.1-8B-Instruct] x y");
}

TEST(vllm, what_does_not_fit_is_refused_in_its_words) {
  auto options = sleeper();
  options.max_model_len = 64;
  hosted gpu{options};
  auto body = asks("x");
  body["max_tokens"] = 1000;
  auto completion = gpu.post(vllm_chat, body);
  EXPECT_EQ(completion.status, 400);
  EXPECT_THAT(completion.body, HasSubstr("maximum context length is 64 tokens"));
  std::string text;
  for (int i = 0; i < 100; ++i)
    text += "word ";
  EXPECT_THAT(gpu.post(vllm_chat, asks(text)).body, HasSubstr("maximum context length"));
}

TEST(vllm, has_no_sleep_mode_unless_it_is_switched_on) {
  auto options = sleeper();
  options.sleep_mode = false;
  hosted gpu{options};
  auto got = gpu.post("/sleep", {});
  EXPECT_EQ(got.status, 404);
  EXPECT_EQ(got.body, R"({"detail":"Not Found"})");
}

TEST(vllm, a_request_to_a_sleeper_hangs_until_it_wakes) {
  hosted gpu{sleeper()};
  EXPECT_EQ(gpu.post("/sleep?level=1", {}).body, "");
  EXPECT_TRUE(is_sleeping(gpu));
  raw_client parked{gpu.port()};
  parked.send_request("POST", vllm_chat, asks("x").dump());
  ASSERT_TRUE(eventually([&] { return has_metric(gpu, "num_requests_waiting", 1); }));
  EXPECT_EQ(gpu.post("/wake_up?tags=weights", {}).status, 200);
  EXPECT_TRUE(is_sleeping(gpu));
  EXPECT_EQ(gpu.post("/wake_up?tags=kv_cache", {}).status, 200);
  EXPECT_FALSE(is_sleeping(gpu));
  EXPECT_EQ(parked.read_answer().status, 200);
}

TEST(vllm, a_request_to_a_sleeper_can_kill_the_engine) {
  auto options = sleeper();
  options.traps.dies_when_asked_asleep = true;
  hosted gpu{options};
  gpu.post("/sleep", {});
  EXPECT_EQ(gpu.post(vllm_chat, asks("x")).status, 500);
  expect_dead(gpu);
  gpu.post("/stand-in/fail", {{"ok", true}});
  EXPECT_EQ(gpu.post(vllm_chat, asks("x")).status, 200);
}

TEST(vllm, sleeping_while_requests_run_answers_200_and_kills) {
  auto options = sleeper();
  options.speed.tokens_per_second = 0.001;
  hosted gpu{options};
  raw_client running{gpu.port()};
  running.send_request("POST", vllm_chat, asks("x", true).dump());
  EXPECT_EQ(running.read_head().status, 200);
  ASSERT_TRUE(has_metric(gpu, "num_requests_running", 1));
  EXPECT_NE(running.read_event(), "");
  EXPECT_EQ(gpu.post("/sleep?level=1", {}).status, 200);
  EXPECT_THAT(running.read_event(), HasSubstr("EngineCore"));
  EXPECT_EQ(running.read_event(), "[DONE]");
  expect_dead(gpu);
}

TEST(vllm, sleeping_with_wait_lets_running_requests_end) {
  auto options = sleeper();
  options.speed.tokens_per_second = 0.001;
  hosted gpu{options};
  raw_client running{gpu.port()};
  running.send_request("POST", vllm_chat, asks("x", true).dump());
  EXPECT_EQ(running.read_head().status, 200);
  raw_client sleeping{gpu.port()};
  sleeping.send_request("POST", "/sleep?level=1&mode=wait");
  ASSERT_TRUE(eventually([&] { return gpu.counters().requests_started == 2; }));
  EXPECT_FALSE(is_sleeping(gpu));
  running.close();
  EXPECT_EQ(sleeping.read_answer().status, 200);
  EXPECT_TRUE(is_sleeping(gpu));
  EXPECT_EQ(gpu.get("/health").status, 200);
}

TEST(vllm, after_level_2_it_talks_nonsense_until_its_weights_are_loaded) {
  hosted gpu{sleeper()};
  gpu.post("/sleep?level=2", {});
  gpu.post("/wake_up", {});
  EXPECT_THAT(gpu.post(vllm_chat, asks("x")).body, HasSubstr("!!!!"));
  EXPECT_EQ(gpu.post("/collective_rpc", {{"method", "reload_weights"}}).status, 200);
  EXPECT_THAT(gpu.post(vllm_chat, asks("x")).body, HasSubstr("vllm stand-in"));
  EXPECT_EQ(gpu.post("/collective_rpc", json::object()).status, 400);
}

TEST(vllm, a_wake_that_runs_out_of_memory_is_a_500_and_it_sleeps_on) {
  auto options = sleeper();
  options.traps.failing_wakes = 1;
  hosted gpu{options};
  gpu.post("/sleep", {});
  auto failed = gpu.post("/wake_up", {});
  EXPECT_EQ(failed.status, 500);
  EXPECT_THAT(failed.body, HasSubstr("out of memory"));
  EXPECT_TRUE(is_sleeping(gpu));
}

TEST(vllm, more_requests_than_it_runs_wait) {
  auto options = sleeper();
  options.speed.tokens_per_second = 0.001;
  options.max_seqs = 1;
  hosted gpu{options};
  raw_client first{gpu.port()};
  first.send_request("POST", vllm_chat, asks("x", true).dump());
  EXPECT_EQ(first.read_head().status, 200);
  raw_client second{gpu.port()};
  second.send_request("POST", vllm_chat, asks("x", true).dump());
  EXPECT_TRUE(eventually([&] { return has_metric(gpu, "num_requests_waiting", 1); }));
  first.close();
  EXPECT_EQ(second.read_head().status, 200);
}

TEST(vllm, asks_for_its_key_under_v1_only) {
  auto options = sleeper();
  options.api_keys = {"k"};
  hosted gpu{options};
  auto refused = gpu.get("/v1/models");
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.body, R"({"error":"Unauthorized"})");
  EXPECT_EQ(gpu.get("/v1/models", {"Authorization: Bearer k"}).status, 200);
  EXPECT_EQ(gpu.get("/metrics").status, 200);
}

TEST(vllm, serves_text_or_embeddings) {
  auto options = sleeper();
  hosted text{options};
  EXPECT_EQ(text.post("/v1/embeddings", {{"input", "x"}}).status, 404);
  options.embeds = true;
  hosted vectors{options};
  EXPECT_EQ(vectors.post(vllm_chat, asks("x")).status, 404);
  auto got = vectors.post("/v1/embeddings", {{"input", json::array({"x", "y"})}}).parsed();
  EXPECT_EQ(got["data"].size(), 2U);
  EXPECT_EQ(got["model"], options.model);
}

} // namespace
} // namespace synapse::backends::test
