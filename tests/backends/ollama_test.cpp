#include "backends/ollama/host_check.hpp"
#include "backends/ollama/scheduler.hpp"
#include "tests/backends/hosted.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

namespace synapse::backends::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using scheduler_time = ollama_scheduler::time_point;
constexpr auto native_chat = "/api/chat";
constexpr auto llama_model = "llama3.1:8b";

ollama_options quick_ollama() {
  ollama_options out;
  out.words.kind = model_kind::echo;
  out.speed.tokens_per_second = 0;
  out.limits.load_time = milliseconds(0);
  return out;
}

json says(const std::string& text, bool stream = false) {
  return {{"model", llama_model},
          {"stream", stream},
          {"messages", json::array({{{"role", "user"}, {"content", text}}})}};
}

std::vector<json> lines_of(const answer& got) {
  std::vector<json> out;
  for (std::size_t from = 0; from < got.body.size();) {
    auto end = got.body.find('\n', from);
    out.push_back(json::parse(got.body.substr(from, end - from)));
    from = end + 1;
  }
  return out;
}

constexpr scheduler_time second(double value) {
  return scheduler_time(std::chrono::milliseconds(static_cast<std::int64_t>(value * 1000)));
}

TEST(ollama_scheduler, a_model_is_loaded_on_first_use_and_kept_for_its_time) {
  ollama_scheduler models{{3, 1, milliseconds(2000)}};
  auto first = models.enter("a", 4096, second(0));
  EXPECT_FALSE(first.granted);
  EXPECT_EQ(first.look_again, second(2));
  EXPECT_TRUE(models.enter("a", 4096, second(2)).granted);
  EXPECT_FALSE(models.enter("a", 4096, second(2)).granted) << "one at a time";
  models.leave("a", milliseconds(5000), second(3));
  EXPECT_EQ(models.loaded(second(7.9)).size(), 1U);
  EXPECT_EQ(models.loaded(second(8)).size(), 0U);
}

TEST(ollama_scheduler, the_idle_model_used_longest_ago_is_evicted) {
  ollama_scheduler models{{2, 1, milliseconds(0)}};
  for (auto [name, at] : {std::pair{"a", 1.0}, std::pair{"b", 2.0}}) {
    ASSERT_TRUE(models.enter(name, 4096, second(at)).granted);
    models.leave(name, milliseconds(-1), second(at));
  }
  EXPECT_TRUE(models.enter("c", 4096, second(3)).granted);
  EXPECT_FALSE(models.loaded(second(3)).contains("a"));
  EXPECT_TRUE(models.loaded(second(3)).contains("b"));
}

TEST(ollama_scheduler, a_model_in_use_or_waited_for_stays) {
  ollama_scheduler models{{1, 1, milliseconds(0)}};
  ASSERT_TRUE(models.enter("a", 4096, second(0)).granted);
  EXPECT_FALSE(models.enter("b", 4096, second(1)).granted);
  models.wait_begins("a");
  models.leave("a", milliseconds(0), second(2));
  EXPECT_FALSE(models.enter("b", 4096, second(2)).granted) << "somebody waits for it";
  models.wait_ends("a");
  EXPECT_TRUE(models.enter("b", 4096, second(3)).granted);
}

TEST(ollama_scheduler, another_context_loads_anew) {
  ollama_scheduler models{{1, 1, milliseconds(1000)}};
  models.enter("a", 4096, second(0));
  ASSERT_TRUE(models.enter("a", 4096, second(1)).granted);
  EXPECT_FALSE(models.enter("a", 8192, second(1)).granted) << "it is in use";
  models.leave("a", milliseconds(-1), second(2));
  EXPECT_EQ(models.enter("a", 8192, second(2)).look_again, second(3));
  EXPECT_TRUE(models.enter("a", 8192, second(3)).granted);
}

TEST(ollama_host, only_names_of_this_machine_are_answered) {
  for (auto own : {"", "localhost", "LOCALHOST:11434", "127.0.0.1:11434", "[::1]:11434", "box",
                   "x.local", "a.internal", "10.1.2.3", "192.168.0.1:1", "172.31.0.1"})
    EXPECT_TRUE(is_own_host(own, "Box")) << own;
  for (auto foreign : {"example.com", "gpu:11434", "8.8.8.8", "172.32.0.1", "local", "[::2]"})
    EXPECT_FALSE(is_own_host(foreign, "Box")) << foreign;
}

TEST(ollama_request, keep_alive_is_seconds_or_a_duration) {
  EXPECT_EQ(parse_keep_alive(30), milliseconds(30'000));
  EXPECT_EQ(parse_keep_alive("1h30m"), milliseconds(5'400'000));
  EXPECT_EQ(parse_keep_alive("0"), milliseconds(0));
  EXPECT_LT(parse_keep_alive(-1)->count(), 0);
  EXPECT_LT(parse_keep_alive("-1m")->count(), 0);
  for (const json& bad : {json("soon"), json("5"), json(""), json(true), json("1e999s")})
    EXPECT_FALSE(parse_keep_alive(bad)) << bad;
}

TEST(ollama, streams_lines_unless_told_not_to) {
  hosted server{quick_ollama()};
  auto body = says("x y");
  body.erase("stream");
  auto got = server.post(native_chat, body);
  EXPECT_EQ(got.field("content-type"), "application/x-ndjson");
  EXPECT_EQ(got.field("server"), "");
  auto lines = lines_of(got);
  ASSERT_GT(lines.size(), 2U);
  std::string text;
  for (const auto& line : lines) {
    text += line["message"]["content"].get<std::string>();
    EXPECT_EQ(line["done"], &line == &lines.back());
  }
  EXPECT_EQ(text, "[ollama stand-in, llama3.1:8b] x y");
  EXPECT_EQ(lines.back()["done_reason"], "stop");
  EXPECT_EQ(lines.back()["eval_count"], lines.size() - 1);
  EXPECT_GT(lines.back()["total_duration"], 0);
}

TEST(ollama, answers_in_one_object_and_says_when_it_was_cut_off) {
  hosted server{quick_ollama()};
  auto body = says("one two three");
  body["options"] = {{"num_predict", 2}};
  auto got = server.post(native_chat, body);
  EXPECT_EQ(got.field("content-type"), "application/json; charset=utf-8");
  EXPECT_EQ(got.parsed()["done_reason"], "length");
  EXPECT_EQ(got.parsed()["eval_count"], 2);
}

TEST(ollama, generate_answers_with_a_response_and_its_context) {
  hosted server{quick_ollama()};
  auto got = server.post("/api/generate", {{"model", llama_model},
                                           {"prompt", "hello"},
                                           {"stream", false},
                                           {"images", json::array({"AAAA"})}});
  EXPECT_EQ(got.parsed()["response"], "[ollama stand-in, llama3.1:8b] hello");
  EXPECT_GT(got.parsed()["context"].size(), 2U);
}

TEST(ollama, a_call_comes_whole_with_an_object_of_arguments) {
  hosted server{quick_ollama()};
  auto body = says("use get_time", true);
  body["tools"] = json::array({{{"type", "function"},
                                {"function",
                                 {{"name", "get_time"},
                                  {"parameters",
                                   {{"type", "object"},
                                    {"properties", {{"zone", {{"type", "string"}}}}},
                                    {"required", json::array({"zone"})}}}}}}});
  auto lines = lines_of(server.post(native_chat, body));
  ASSERT_EQ(lines.size(), 2U);
  const auto& call = lines[0]["message"]["tool_calls"][0];
  EXPECT_EQ(call["function"]["name"], "get_time");
  EXPECT_TRUE(call["function"]["arguments"].is_object());
  EXPECT_EQ(lines[1]["done_reason"], "stop");
}

TEST(ollama, only_models_that_think_think) {
  auto options = quick_ollama();
  options.models.push_back({"qwen3:8b", {"completion", "thinking"}});
  hosted server{options};
  auto body = says("x");
  body["think"] = true;
  auto refused = server.post(native_chat, body);
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.body, R"({"error":"\"llama3.1:8b\" does not support thinking"})");
  body["model"] = "qwen3:8b";
  EXPECT_NE(server.post(native_chat, body).parsed()["message"]["thinking"], "");
  body.erase("think");
  EXPECT_TRUE(server.post(native_chat, body).parsed()["message"].contains("thinking"));
  body["think"] = false;
  EXPECT_FALSE(server.post(native_chat, body).parsed()["message"].contains("thinking"));
}

TEST(ollama, a_short_name_means_latest) {
  hosted server{quick_ollama()};
  auto body = says("x");
  body["model"] = "llama3.1";
  auto got = server.post(native_chat, body);
  EXPECT_EQ(got.status, 404);
  EXPECT_EQ(got.body, R"({"error":"model 'llama3.1' not found"})");
  EXPECT_EQ(server.post("/api/show", {{"model", "nomic-embed-text"}}).status, 200);
}

TEST(ollama, a_long_prompt_is_cut_without_a_word_unless_that_is_forbidden) {
  hosted server{quick_ollama()};
  std::string text;
  for (int i = 0; i < 500; ++i)
    text += "word ";
  auto body = says(text + "end");
  body["options"] = {{"num_ctx", 100}};
  auto cut = server.post(native_chat, body);
  EXPECT_EQ(cut.status, 200);
  EXPECT_LE(cut.parsed()["prompt_eval_count"], 100);
  EXPECT_THAT(cut.parsed()["message"]["content"].get<std::string>(), HasSubstr("end"));
  body["truncate"] = false;
  auto refused = server.post(native_chat, body);
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.body, R"({"error":"the input length exceeds the context length"})");
  auto options = quick_ollama();
  options.json_context_error = true;
  hosted other{options};
  auto inner = json::parse(other.post(native_chat, body).parsed()["error"].get<std::string>());
  EXPECT_EQ(inner["error"]["type"], "exceed_context_size_error");
}

TEST(ollama, no_messages_load_and_keep_alive_0_unloads) {
  hosted server{quick_ollama()};
  auto loaded = server.post(native_chat, {{"model", llama_model}});
  EXPECT_EQ(loaded.parsed()["done_reason"], "load");
  auto running = server.get("/api/ps").parsed()["models"];
  ASSERT_EQ(running.size(), 1U);
  EXPECT_EQ(running[0]["context_length"], 4096);
  EXPECT_LT(running[0]["size_vram"], running[0]["size"]);
  auto gone = server.post("/api/generate", {{"model", llama_model}, {"keep_alive", 0}});
  EXPECT_EQ(gone.parsed()["done_reason"], "unload");
  EXPECT_EQ(server.get("/api/ps").parsed()["models"].size(), 0U);
}

TEST(ollama, beyond_its_queue_it_is_busy) {
  auto options = quick_ollama();
  options.speed.tokens_per_second = 0.001;
  options.max_queue = 1;
  hosted server{options};
  raw_client running{server.port()};
  running.send_request("POST", native_chat, says("x", true).dump());
  EXPECT_EQ(running.read_head().status, 200);
  raw_client queued{server.port()};
  queued.send_request("POST", native_chat, says("x", true).dump());
  ASSERT_TRUE(eventually([&] { return server.counters().requests_started == 2; }));
  auto refused = server.post(native_chat, says("x"));
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.body,
            R"({"error":"server busy, please try again.  maximum pending requests exceeded"})");
  running.close();
  EXPECT_EQ(queued.read_head().status, 200);
}

TEST(ollama, a_foreign_host_gets_an_empty_403) {
  hosted server{quick_ollama()};
  auto got = server.get("/api/version", {"Host: gpu.example.com"});
  EXPECT_EQ(got.status, 403);
  EXPECT_EQ(got.body, "");
  EXPECT_EQ(server.get("/api/version").status, 200);
}

TEST(ollama, speaks_as_openai_with_its_own_errors) {
  hosted server{quick_ollama()};
  auto events = events_of(server.post("/v1/chat/completions", says("x", true)).body);
  EXPECT_EQ(json::parse(events.front())["choices"][0]["delta"].dump(),
            R"({"role":"assistant","content":""})");
  EXPECT_EQ(json::parse(events.front())["system_fingerprint"], "fp_ollama");
  EXPECT_EQ(events.back(), "[DONE]");
  auto body = says("x");
  body["model"] = "x";
  auto unknown = server.post("/v1/chat/completions", body);
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.body, R"({"error":{"message":"model 'x' not found","type":)"
                          R"("not_found_error","param":null,"code":null}})");
  auto completed = server.post("/v1/completions", {{"model", llama_model}, {"prompt", "p"}});
  EXPECT_EQ(completed.parsed()["choices"][0]["text"], "[ollama stand-in, llama3.1:8b] p");
  EXPECT_EQ(server.get("/v1/models").parsed()["data"][0]["id"], llama_model);
  EXPECT_EQ(server.get("/v1/models/nope").status, 404);
}

TEST(ollama, embeds_normalized_but_for_the_old_route) {
  hosted server{quick_ollama()};
  auto length = [](const json& vector) {
    double sum = 0;
    for (double value : vector)
      sum += value * value;
    return sum;
  };
  json body = {{"model", "nomic-embed-text"}, {"input", json::array({"a cat", "a dog"})}};
  auto got = server.post("/api/embed", body).parsed();
  ASSERT_EQ(got["embeddings"].size(), 2U);
  EXPECT_NEAR(length(got["embeddings"][0]), 1, 1e-3);
  auto old = server.post("/api/embeddings", {{"model", "nomic-embed-text"}, {"prompt", "a cat"}});
  EXPECT_GT(length(old.parsed()["embedding"]), 50);
  EXPECT_EQ(server.post("/v1/embeddings", body).parsed()["data"].size(), 2U);
  body["input"] = "";
  EXPECT_EQ(server.post("/api/embed", body).parsed()["embeddings"].size(), 0U);
  EXPECT_EQ(server.post(native_chat, {{"model", "nomic-embed-text"}}).body,
            R"({"error":"\"nomic-embed-text\" does not support chat"})");
}

} // namespace
} // namespace synapse::backends::test
