#include "tests/backends/hosted.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace synapse::backends::test {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

constexpr auto router_chat_path = "/v1/chat/completions";
constexpr auto forever = std::chrono::hours(1);

json model(const std::string& name) {
  return {{"model", name}};
}

json chat_with(const std::string& name, const std::string& text, bool stream = false) {
  auto out = echo_chat(text, stream);
  out["model"] = name;
  return out;
}

llama_router_options router_with(bool autoload, std::size_t max) {
  auto out = quick_router();
  out.autoload = autoload;
  out.pool.models_max = max;
  return out;
}

void load(hosted& router, const std::string& name) {
  EXPECT_EQ(router.post("/models/load", model(name)).body, R"({"success":true})");
  EXPECT_TRUE(eventually([&] { return router.state_of(name) == "loaded"; })) << name;
}

// What the router says of a child that is gone is plain text.
void expect_proxy_error(const answer& got, const std::string& text) {
  EXPECT_EQ(got.status, 500);
  EXPECT_THAT(got.field("content-type"), HasSubstr("text/plain"));
  EXPECT_EQ(got.body, text);
}

// A stream that has begun and goes on for as long as the test runs.
class endless_stream {
public:
  endless_stream(hosted& router, const std::string& name) : client_(router.port()) {
    client_.send_request("POST", router_chat_path, chat_with(name, "a b c", true).dump());
    EXPECT_EQ(client_.read_head().status, 200);
  }
  raw_client& client() { return client_; }

private:
  raw_client client_;
};

TEST(router, lists_models_with_their_status) {
  hosted router{quick_router()};
  EXPECT_EQ(router.get("/health").body, R"({"status":"ok"})");
  auto body = router.get("/v1/models").parsed();
  EXPECT_EQ(body["object"], "list");
  ASSERT_EQ(body["data"].size(), 3U);
  auto entry = body["data"][0];
  EXPECT_EQ(entry["id"], "local-coder") << "by name";
  EXPECT_EQ(body["data"][1]["id"], "local-docs");
  EXPECT_EQ(entry["source"], "models_dir");
  EXPECT_EQ(entry["context_length"], 16384);
  EXPECT_EQ(entry["owned_by"], "llamacpp");
  EXPECT_EQ(entry["object"], "model");
  EXPECT_TRUE(entry["aliases"].is_array());
  EXPECT_EQ(entry["status"]["value"], "unloaded");
  EXPECT_FALSE(entry["status"].contains("failed"));
  auto args = entry["status"]["args"].get<std::vector<std::string>>();
  auto ctx = std::find(args.begin(), args.end(), "--ctx-size");
  ASSERT_NE(ctx, args.end());
  EXPECT_EQ(*(ctx + 1), "16384");
  EXPECT_EQ(entry["architecture"]["input_modalities"].dump(), R"(["text"])");
}

TEST(router, old_builds_say_less) {
  auto options = quick_router();
  options.pool.behavior = router_behavior::old_builds;
  hosted router{options};
  auto entry = router.get("/models").parsed()["data"][0];
  EXPECT_FALSE(entry.contains("aliases"));
  EXPECT_FALSE(entry.contains("architecture"));
  EXPECT_EQ(router.get("/models/sse").status, 404);
}

TEST(router, says_what_it_is) {
  hosted router{router_with(false, 2)};
  auto props = router.get("/props").parsed();
  EXPECT_EQ(props["role"], "router");
  EXPECT_EQ(props["max_instances"], 2);
  EXPECT_EQ(props["models_autoload"], false);
  EXPECT_EQ(router.get("/props?model=local-echo").status, 400);
  auto child = router.get("/props?model=local-echo&autoload=true").parsed();
  EXPECT_EQ(child["model_alias"], "local-echo");
  EXPECT_EQ(child["total_slots"], 4);
}

TEST(router, loading_is_answered_at_once_and_seen_in_the_list) {
  auto options = router_with(false, 4);
  options.pool.load_time = forever;
  hosted router{options};
  EXPECT_EQ(router.post("/models/load", model("local-echo")).body, R"({"success":true})");
  EXPECT_EQ(router.state_of("local-echo"), "loading");
  expect_error(router.post("/models/load", model("local-echo")), 400, "invalid_request_error",
               "model is already running");
  expect_error(router.post(router_chat_path, echo_chat("x")), 503, "unavailable_error",
               "Loading model");
}

TEST(router, refuses_with_the_routers_texts) {
  hosted router{router_with(false, 4)};
  expect_error(router.post(router_chat_path, json::object()), 400, "invalid_request_error",
               "model name is missing from the request");
  expect_error(router.post(router_chat_path, chat_with("nope", "x")), 400, "invalid_request_error",
               "model 'nope' not found");
  expect_error(router.post(router_chat_path, echo_chat("x")), 400, "invalid_request_error",
               "model is not loaded");
  expect_error(router.post("/models/load", model("nope")), 404, "not_found_error",
               "File Not Found");
  expect_error(router.post("/models/unload", model("nope")), 400, "invalid_request_error",
               "model is not found");
  expect_error(router.post("/models/unload", model("local-echo")), 400, "invalid_request_error",
               "model is not running");
  EXPECT_EQ(ask(router.port(), "POST", router_chat_path, "{").status, 500);
}

TEST(router, old_builds_refuse_with_other_texts) {
  auto options = router_with(false, 4);
  options.pool.behavior = router_behavior::old_builds;
  options.pool.load_time = forever;
  hosted router{options};
  expect_error(router.post(router_chat_path, chat_with("nope", "x")), 400, "invalid_request_error",
               "model not found");
  expect_error(router.post("/models/load", model("nope")), 404, "not_found_error",
               "model is not found");
  expect_error(router.post("/models/unload", model("local-echo")), 400, "invalid_request_error",
               "model is not loaded");
  EXPECT_EQ(router.post("/models/load", model("local-echo")).status, 200);
  EXPECT_EQ(router.post("/models/load", model("local-echo")).status, 200);
  expect_error(router.post(router_chat_path, echo_chat("x")), 400, "invalid_request_error",
               "model is not loaded");
}

TEST(router, autoload_makes_the_request_wait) {
  auto options = quick_router();
  options.pool.load_time = milliseconds(30);
  hosted router{options};
  auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(router.post(router_chat_path, echo_chat("x")).status, 200);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(30));
  EXPECT_EQ(router.state_of("local-echo"), "loaded");
}

TEST(router, the_query_overrides_autoload) {
  hosted off{router_with(false, 4)};
  EXPECT_EQ(off.post("/v1/chat/completions?autoload=1", echo_chat("x")).status, 200);
  hosted on{router_with(true, 4)};
  EXPECT_EQ(on.post("/v1/chat/completions?autoload=false", echo_chat("x")).status, 400);
}

TEST(router, a_model_that_fails_is_marked_and_can_be_tried_again) {
  auto options = quick_router();
  options.pool.models.push_back({"broken", model_kind::echo, true});
  hosted router{options};
  for (int i = 0; i < 2; ++i)
    expect_error(router.post(router_chat_path, chat_with("broken", "x")), 500, "server_error",
                 "model name=broken failed to load");
  auto entry = router.get("/models").parsed()["data"][0];
  EXPECT_EQ(entry["id"], "broken");
  EXPECT_EQ(entry["status"]["value"], "unloaded");
  EXPECT_EQ(entry["status"]["failed"], true);
  EXPECT_EQ(entry["status"]["exit_code"], 1);
  EXPECT_EQ(router.post("/models/load", model("broken")).status, 200);
}

TEST(router, unload_answers_before_the_model_has_gone) {
  auto options = router_with(false, 1);
  options.pool.unload_time = forever;
  hosted router{options};
  load(router, "local-echo");
  EXPECT_EQ(router.post("/models/unload", model("local-echo")).body, R"({"success":true})");
  EXPECT_EQ(router.state_of("local-echo"), "loaded");
  expect_error(router.post("/models/load", model("local-docs")), 500, "server_error",
               "model limit reached, try again later");
  expect_proxy_error(router.post(router_chat_path, echo_chat("x")),
                     "proxy error: Could not establish connection");
}

TEST(router, old_builds_tell_of_a_lost_process_in_an_object) {
  auto options = router_with(false, 1);
  options.pool.behavior = router_behavior::old_builds;
  options.pool.unload_time = forever;
  hosted router{options};
  load(router, "local-echo");
  EXPECT_EQ(router.post("/models/unload", model("local-echo")).status, 200);
  expect_error(router.post(router_chat_path, echo_chat("x")), 500, "server_error",
               "proxy error: Could not establish connection");
}

TEST(router, refuses_to_load_while_another_model_is_busy_or_loading) {
  auto options = router_with(false, 1);
  options.speed.tokens_per_second = 0.001;
  hosted router{options};
  load(router, "local-echo");
  {
    endless_stream busy{router, "local-echo"};
    expect_error(router.post("/models/load", model("local-docs")), 500, "server_error",
                 "model limit reached, try again later");
    EXPECT_EQ(router.get("/slots?model=local-echo").parsed()[0]["is_processing"], true);
  }
  // It is idle some time after its client has left, and has gone when the load is answered.
  ASSERT_TRUE(
      eventually([&] { return router.post("/models/load", model("local-docs")).status == 200; }));
  EXPECT_EQ(router.state_of("local-echo"), "unloaded");

  auto slow = router_with(false, 1);
  slow.pool.load_time = forever;
  hosted loading{slow};
  EXPECT_EQ(loading.post("/models/load", model("local-echo")).status, 200);
  expect_error(loading.post("/models/load", model("local-docs")), 500, "server_error",
               "model limit reached, try again later");
}

TEST(router, who_is_unloaded_in_the_middle_of_something_is_marked_as_failed) {
  auto options = router_with(false, 4);
  options.pool.load_time = forever;
  hosted router{options};
  EXPECT_EQ(router.post("/models/load", model("local-echo")).status, 200);
  EXPECT_EQ(router.post("/models/unload", model("local-echo")).status, 200);
  EXPECT_TRUE(eventually([&] { return router.state_of("local-echo") == "unloaded"; }));
  EXPECT_EQ(router.get("/models").parsed()["data"][2]["status"]["failed"], true);
  EXPECT_EQ(router.post("/models/load", model("local-echo")).status, 200);
  EXPECT_FALSE(router.get("/models").parsed()["data"][2]["status"].contains("failed"));
}

TEST(router, after_the_unload_there_is_room) {
  hosted router{router_with(false, 1)};
  load(router, "local-echo");
  EXPECT_EQ(router.post("/models/unload", model("local-echo")).status, 200);
  EXPECT_TRUE(eventually([&] { return router.state_of("local-echo") == "unloaded"; }));
  load(router, "local-docs");
}

TEST(router, a_load_at_the_limit_evicts_an_idle_model) {
  hosted router{router_with(false, 1)};
  load(router, "local-echo");
  load(router, "local-docs");
  EXPECT_EQ(router.state_of("local-echo"), "unloaded");
}

TEST(router, unloading_a_busy_model_cuts_its_stream_and_calls_it_a_success) {
  auto options = quick_router();
  options.speed.tokens_per_second = 20;
  hosted router{options};
  raw_client client{router.port()};
  client.send_request("POST", router_chat_path,
                      chat_with("local-echo", std::string(4000, 'x'), true).dump());
  EXPECT_EQ(client.read_head().status, 200);
  EXPECT_THAT(client.read_event(), HasSubstr("assistant"));
  EXPECT_EQ(router.post("/models/unload", model("local-echo")).status, 200);
  std::string last;
  for (auto block = client.read_block(); !block.empty(); block = client.read_block())
    last = block;
  EXPECT_EQ(last, "proxy error: Failed to read connection");
  EXPECT_EQ(client.chunk_sizes().back(), 0U); // a clean end
  client.send_request("GET", "/health");
  EXPECT_EQ(client.read_answer().status, 200);
}

TEST(router, unloading_a_busy_model_fails_an_answer_that_was_not_streamed) {
  auto options = quick_router();
  options.speed.tokens_per_second = 0.001;
  hosted router{options};
  raw_client client{router.port()};
  client.send_request("POST", router_chat_path, echo_chat("a b").dump());
  ASSERT_TRUE(eventually([&] { return router.state_of("local-echo") == "loaded"; }));
  ASSERT_TRUE(eventually(
      [&] { return router.get("/slots?model=local-echo").parsed()[0]["is_processing"] == true; }));
  EXPECT_EQ(router.post("/models/unload", model("local-echo")).status, 200);
  expect_proxy_error(client.read_answer(), "proxy error: Failed to read connection");
}

TEST(router, a_switch_waits_until_the_busy_model_is_idle) {
  auto options = router_with(true, 1);
  options.speed.tokens_per_second = 200;
  hosted router{options};
  raw_client busy{router.port()};
  std::string text = "w";
  for (int i = 0; i < 40; ++i)
    text += " w";
  busy.send_request("POST", router_chat_path, chat_with("local-echo", text, true).dump());
  EXPECT_EQ(busy.read_head().status, 200);
  raw_client other{router.port()};
  other.send_request("POST", router_chat_path, chat_with("local-docs", "hello").dump());
  std::string last;
  int events = 0;
  for (auto event = busy.read_event(); !event.empty(); event = busy.read_event(), ++events)
    last = event;
  EXPECT_EQ(last, "[DONE]"); // never cut
  EXPECT_EQ(events, 44);
  EXPECT_EQ(other.read_answer().status, 200);
  EXPECT_EQ(router.state_of("local-echo"), "unloaded");
  EXPECT_EQ(router.state_of("local-docs"), "loaded");
}

TEST(router, mixed_requests_at_a_limit_of_one_are_all_answered) {
  hosted router{router_with(true, 1)};
  std::vector<std::unique_ptr<raw_client>> clients;
  for (int i = 0; i < 24; ++i) {
    clients.push_back(std::make_unique<raw_client>(router.port()));
    auto name = i % 2 == 0 ? "local-echo" : "local-docs";
    clients.back()->send_request("POST", router_chat_path, chat_with(name, "hello").dump());
  }
  for (auto& client : clients)
    EXPECT_EQ(client->read_answer().status, 200);
}

TEST(router, old_builds_evict_a_busy_model) {
  auto options = router_with(true, 1);
  options.pool.behavior = router_behavior::old_builds;
  options.speed.tokens_per_second = 0.001;
  hosted router{options};
  endless_stream busy{router, "local-echo"};
  raw_client other{router.port()};
  other.send_request("POST", router_chat_path, chat_with("local-docs", "hello", true).dump());
  EXPECT_EQ(other.read_head().status, 200);
  EXPECT_THAT(busy.client().read_block(), HasSubstr("proxy error"));
}

TEST(router, old_builds_refuse_concurrent_loads_at_the_limit) {
  auto options = router_with(true, 1);
  options.pool.behavior = router_behavior::old_builds;
  options.pool.load_time = forever;
  hosted router{options};
  EXPECT_EQ(router.post("/models/load", model("local-echo")).status, 200);
  expect_error(router.post(router_chat_path, chat_with("local-docs", "x")), 500, "server_error",
               "model limit reached, try again later");
}

TEST(router, the_feed_tells_what_happens_to_models) {
  hosted router{router_with(false, 4)};
  raw_client feed{router.port()};
  feed.send_request("GET", "/models/sse");
  EXPECT_EQ(feed.read_head().field("content-type"), "text/event-stream");
  auto next = [&] { return json::parse(feed.read_event()); };
  router.post("/models/load", model("local-echo"));
  EXPECT_EQ(next().dump(),
            R"({"model":"local-echo","event":"model_status","data":{"status":"loading"}})");
  for (const double value : {0.0, 1.0}) {
    auto progress = next();
    EXPECT_EQ(progress["event"], "status_change");
    EXPECT_EQ(progress["data"]["status"], "loading");
    EXPECT_EQ(progress["data"]["progress"]["stages"].dump(), R"(["text_model"])");
    EXPECT_EQ(progress["data"]["progress"]["value"], value);
  }
  auto loaded = next();
  EXPECT_EQ(loaded["event"], "status_change");
  EXPECT_EQ(loaded["data"]["status"], "loaded");
  EXPECT_EQ(loaded["data"]["info"]["id"], "local-echo");
  EXPECT_EQ(loaded["data"]["info"]["aliases"].dump(), R"(["local-echo"])");
  router.post("/models/unload", model("local-echo"));
  EXPECT_EQ(next().dump(), R"({"model":"local-echo","event":"status_change",)"
                           R"("data":{"status":"unloaded","exit_code":0}})");
}

TEST(router, the_feed_tells_of_an_eviction_before_the_load) {
  hosted router{router_with(false, 1)};
  load(router, "local-echo");
  raw_client feed{router.port()};
  feed.send_request("GET", "/models/sse");
  EXPECT_EQ(feed.read_head().status, 200);
  load(router, "local-docs");
  auto gone = json::parse(feed.read_event());
  EXPECT_EQ(gone["model"], "local-echo");
  EXPECT_EQ(gone["data"]["status"], "unloaded");
  EXPECT_EQ(feed.read_event(),
            R"({"model":"local-docs","event":"model_status","data":{"status":"loading"}})");
}

TEST(router, the_feed_tells_of_sleep_and_of_waking_which_is_no_load) {
  auto options = router_with(false, 4);
  options.pool.sleep_idle = milliseconds(1);
  hosted router{options};
  raw_client feed{router.port()};
  feed.send_request("GET", "/models/sse");
  EXPECT_EQ(feed.read_head().status, 200);
  const auto wait_for = [&](const std::string& status) {
    for (;;) {
      auto event = json::parse(feed.read_event());
      if (event["data"]["status"] == status)
        return event;
    }
  };
  EXPECT_EQ(router.post("/models/load", model("local-echo")).status, 200);
  EXPECT_EQ(wait_for("sleeping")["event"], "status_change");
  auto props = router.get("/props?model=local-echo").parsed();
  EXPECT_EQ(props["is_sleeping"], true);
  EXPECT_EQ(router.state_of("local-echo"), "sleeping") << "looking does not wake it";
  expect_error(router.post("/models/load", model("local-echo")), 400, "invalid_request_error",
               "model is already running");
  EXPECT_EQ(router.post(router_chat_path, echo_chat("x")).status, 200);
  auto waking = json::parse(feed.read_event());
  EXPECT_EQ(waking["event"], "status_change");
  EXPECT_EQ(waking["data"]["status"], "loading");
  EXPECT_FALSE(wait_for("loaded")["data"].contains("info"));
}

TEST(router, an_idle_model_sleeps_and_a_request_wakes_it) {
  auto options = quick_router();
  options.pool.sleep_idle = milliseconds(5);
  hosted router{options};
  EXPECT_EQ(router.post(router_chat_path, echo_chat("x")).status, 200);
  EXPECT_TRUE(eventually([&] { return router.state_of("local-echo") == "sleeping"; }));
  EXPECT_EQ(router.post(router_chat_path, echo_chat("x")).status, 200);
}

TEST(router, more_requests_than_slots_queue_up) {
  auto options = quick_router();
  options.pool.parallel = 1;
  hosted router{options};
  raw_client first{router.port()};
  first.send_request("POST", router_chat_path, echo_chat("a", true).dump(),
                     {"X-Misbehave: hang-mid-stream:1"});
  EXPECT_EQ(first.read_head().status, 200);
  EXPECT_EQ(router.get("/slots?model=local-echo").parsed().size(), 1U);
  EXPECT_EQ(router.get("/slots?model=local-echo&fail_on_no_slot=1").status, 503);
  raw_client second{router.port()};
  second.send_request("POST", router_chat_path, echo_chat("z").dump());
  EXPECT_TRUE(eventually([&] {
    return router.get("/metrics?model=local-echo").body.find("requests_deferred 1\n") !=
           std::string::npos;
  }));
  first.close();
  EXPECT_EQ(second.read_answer().parsed()["choices"][0]["message"]["content"], "z");
}

TEST(router, a_client_that_leaves_frees_its_slot_at_once) {
  auto options = quick_router();
  options.speed.tokens_per_second = 0.001;
  hosted router{options};
  for (bool hard : {false, true}) {
    auto canceled = router.counters().requests_canceled.load();
    endless_stream stream{router, "local-echo"};
    EXPECT_EQ(router.get("/slots?model=local-echo").parsed()[0]["is_processing"], true);
    stream.client().close(hard);
    EXPECT_TRUE(eventually([&] { return router.counters().requests_canceled == canceled + 1; }));
    EXPECT_EQ(router.get("/slots?model=local-echo").parsed()[0]["is_processing"], false);
  }
}

TEST(router, a_client_that_leaves_is_noticed_while_it_waits) {
  auto options = router_with(true, 4);
  options.pool.load_time = forever;
  hosted router{options};
  raw_client loading{router.port()};
  loading.send_request("POST", router_chat_path, echo_chat("x").dump());
  ASSERT_TRUE(eventually([&] { return router.state_of("local-echo") == "loading"; }));
  loading.close();
  EXPECT_TRUE(eventually([&] { return router.counters().requests_canceled == 1; }));
}

TEST(router, a_client_that_leaves_is_noticed_in_the_queue) {
  auto options = quick_router();
  options.pool.parallel = 1;
  options.speed.tokens_per_second = 0.001;
  hosted router{options};
  endless_stream busy{router, "local-echo"};
  raw_client queued{router.port()};
  queued.send_request("POST", router_chat_path, echo_chat("x").dump());
  ASSERT_TRUE(eventually([&] {
    return router.get("/metrics?model=local-echo").body.find("requests_deferred 1\n") !=
           std::string::npos;
  }));
  queued.close();
  EXPECT_TRUE(eventually([&] { return router.counters().requests_canceled == 1; }));
  EXPECT_THAT(router.get("/metrics?model=local-echo").body, HasSubstr("requests_deferred 0\n"));
}

TEST(router, a_client_that_leaves_is_noticed_when_it_does_not_read) {
  auto options = quick_router();
  options.pool.ctx_size = 1U << 20;
  hosted router{options};
  raw_client client{router.port()};
  std::string text;
  for (int i = 0; i < 200'000; ++i)
    text += " w";
  client.send_request("POST", router_chat_path, echo_chat(text, true).dump());
  EXPECT_EQ(client.read_head().status, 200);
  client.close();
  EXPECT_TRUE(eventually([&] { return router.counters().requests_canceled == 1; }));
  EXPECT_LT(router.counters().tokens_generated, 200'000U);
}

TEST(router, embeddings_need_another_server) {
  hosted router{quick_router()};
  json body = {{"model", "local-echo"}, {"input", "x"}};
  expect_error(router.post("/v1/embeddings", body), 501, "not_supported_error",
               "This server does not support embeddings. Start it with `--embeddings`");
  EXPECT_EQ(router.state_of("local-echo"), "loaded"); // after the autoload
}

TEST(router, asks_for_the_key_but_shows_its_models) {
  auto options = quick_router();
  options.api_keys = {"k"};
  hosted router{options};
  EXPECT_EQ(router.get("/models").status, 200);
  EXPECT_EQ(router.post("/models/load", model("local-echo")).status, 401);
  EXPECT_EQ(router.post(router_chat_path, echo_chat("x"), {"Authorization: Bearer k"}).status, 200);
}

TEST(router, answers_questions_from_documents) {
  auto options = quick_router();
  options.docs = {SYNAPSE_SOURCE_DIR "/tests/backends/manual.md"};
  hosted router{options};
  auto text = router.post(router_chat_path, chat_with("local-docs", "How do I descale the kettle?"))
                  .parsed()["choices"][0]["message"]["content"]
                  .get<std::string>();
  EXPECT_THAT(text, HasSubstr("Use vinegar to descale the kettle."));
  auto code = router.post(router_chat_path, chat_with("local-coder", "command for the self test"))
                  .parsed()["choices"][0]["message"]["content"]
                  .get<std::string>();
  EXPECT_THAT(code, HasSubstr("```sh\nkettle --self-test\n```"));
}

} // namespace
} // namespace synapse::backends::test
