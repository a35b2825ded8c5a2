// Routers that fail, and what their clients hear.
#include "tests/models/router_upstream.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace synapse::test {
namespace {

using integration::text_at;
using support::gateway_process;

struct faults : testing::Test {
  router_upstream router;
};

TEST_F(faults, unknown_models_and_wrong_types_are_the_clients) {
  router.set_loaded("a");
  const gateway_process gateway{router_config(router.url())};
  const auto unknown = gateway.post(chat_target, chat_of("nobody"));
  EXPECT_EQ(unknown.status, 404u);
  EXPECT_EQ(text_at(unknown.body, "/error/code"), "model_not_found");
  EXPECT_EQ(text_at(unknown.body, "/error/param"), "model");
  EXPECT_NE(text_at(unknown.body, "/error/message").find("nobody"), std::string::npos);
  const auto number = gateway.post(chat_target, R"({"model":7,"messages":[]})");
  EXPECT_EQ(number.status, 400u);
  EXPECT_EQ(text_at(number.body, "/error/param"), "model");
  const auto endless = gateway.post(chat_target, chat_of(std::string(100'000, 'x')));
  EXPECT_EQ(endless.status, 400u);
  EXPECT_LT(endless.body.size(), 1000u);
  EXPECT_EQ(gateway.post(chat_target, chat_of("a")).status, 200u);
}

TEST_F(faults, a_refused_unload_is_502_at_once_with_the_routers_reason) {
  for (const auto& [status, message] : {std::pair<unsigned, std::string>{401, "Invalid API Key"},
                                        {404, "File Not Found"},
                                        {501, "Not Implemented"},
                                        {400, "what is that"}}) {
    router.make_no_room_by_itself();
    router.set_loaded("a");
    router.answer_to("/models/unload", status, message);
    const gateway_process gateway{router_config(router.url())};
    ASSERT_EQ(gateway.post(chat_target, chat_of("a")).status, 200u);
    const auto reply = gateway.post(chat_target, chat_of("b"));
    EXPECT_EQ(reply.status, 502u) << reply.body;
    EXPECT_NE(text_at(reply.body, "/error/message").find(message), std::string::npos) << reply.body;
    EXPECT_TRUE(gateway.wait_for_log("the router refuses to unload a"));
    EXPECT_EQ(gateway.post(chat_target, chat_of("a")).status, 200u) << "it is still there";
  }
  EXPECT_EQ(router.count("refused /models/unload"), 4u) << "each was asked once";
}

TEST_F(faults, a_refused_list_is_502_at_once) {
  router.answer_to("/models", 403, "keep out");
  const gateway_process gateway{router_config(router.url(), {}, "1h")};
  const auto reply = gateway.post(chat_target, chat_of("a"));
  EXPECT_EQ(reply.status, 502u) << reply.body;
  EXPECT_NE(text_at(reply.body, "/error/message").find("keep out"), std::string::npos);
  EXPECT_TRUE(gateway.wait_for_log("keep out"));
}

TEST_F(faults, a_reload_in_the_midst_of_a_load_stops_nobody) {
  router.hold_loads(true);
  const auto config = router_config(router.url());
  gateway_process gateway{config};
  support::http_reply first;
  std::thread one{[&] { first = gateway.post(chat_target, chat_of("a")); }};
  EXPECT_TRUE(router.wait_for("load a"));
  EXPECT_TRUE(gateway.reload(config + "    title: Another name\n"));
  router.release_load();
  one.join();
  EXPECT_EQ(first.status, 200u) << first.body;
  EXPECT_EQ(gateway.post(chat_target, chat_of("b")).status, 200u);
}

TEST_F(faults, who_does_not_wait_hears_at_once_that_the_model_has_gone) {
  router.set_loaded("a");
  const gateway_process gateway{router_config(router.url(), "  refresh: 1h\n")};
  ASSERT_EQ(gateway.post(chat_target, chat_of("a")).status, 200u);
  router.forget_everything();
  router.hold_loads(true);
  const auto reply = gateway.post(chat_target, chat_of("a"), "X-Synapse-Wait: 0\r\n");
  EXPECT_EQ(reply.status, 503u) << reply.body;
  EXPECT_EQ(text_at(reply.body, "/error/code"), "model_loading");
}

TEST_F(faults, a_load_that_fails_is_502_for_all_and_not_for_ever) {
  router.fail_loads_of("a");
  const gateway_process gateway{router_config(router.url())};
  const auto reply = gateway.post(chat_target, chat_of("a"));
  EXPECT_EQ(reply.status, 502u) << reply.body;
  EXPECT_EQ(text_at(reply.body, "/error/code"), "model_load_failed");
  EXPECT_NE(text_at(reply.body, "/error/message").find("exit code 7"), std::string::npos);
  EXPECT_TRUE(gateway.wait_for_log("could not be loaded"));
  EXPECT_TRUE(gateway.wait_for_metric("synapse_model_loads_total", R"(result="failed")", 1));
  EXPECT_EQ(gateway.post(chat_target, chat_of("b")).status, 200u);
  router.fail_loads_of("");
  EXPECT_EQ(gateway.post(chat_target, chat_of("a")).status, 200u);
}

TEST_F(faults, a_load_that_never_ends_is_504_and_makes_room) {
  router.hold_loads(true);
  const gateway_process gateway{router_config(router.url(), "  load_timeout: 200ms\n")};
  const auto reply = gateway.post(chat_target, chat_of("a"));
  EXPECT_EQ(reply.status, 504u) << reply.body;
  EXPECT_EQ(text_at(reply.body, "/error/code"), "model_load_timeout");
  EXPECT_TRUE(router.wait_for("unload a"));
  router.hold_loads(false);
  EXPECT_EQ(gateway.post(chat_target, chat_of("b")).status, 200u);
}

TEST_F(faults, a_stream_that_got_comments_ends_in_an_error_event_when_the_load_fails) {
  router.hold_loads(true);
  router.fail_loads_of("a");
  const gateway_process gateway{router_config(router.url(), "  keepalive: 20ms\n")};
  auto client = gateway.connect();
  client.send(chat_request(chat_of("a", true)));
  auto reply = client.read_head();
  ASSERT_TRUE(client.read_until(reply, ": waiting for model a"));
  router.release_load();
  client.read_rest(reply);
  EXPECT_FALSE(reply.complete()) << "nobody takes this for a good end";
  EXPECT_NE(reply.body.find("model_load_failed"), std::string::npos) << reply.body;
  EXPECT_EQ(reply.body.find("[DONE]"), std::string::npos);
}

TEST_F(faults, a_router_that_was_restarted_is_healed_without_its_clients_noticing) {
  router.set_loaded("a");
  const gateway_process gateway{router_config(router.url(), "  refresh: 1h\n")};
  ASSERT_EQ(gateway.post(chat_target, chat_of("a")).status, 200u);
  router.forget_everything();
  const auto reply = gateway.post(chat_target, chat_of("a"));
  EXPECT_EQ(reply.status, 200u) << reply.body;
  EXPECT_EQ(router.count("load a"), 1u);
  EXPECT_EQ(router.count("chat a"), 3u) << "one of them hit a model that had gone";
}

TEST_F(faults, a_refusal_that_is_no_sign_of_a_missing_model_is_passed_on_as_it_came) {
  router.set_loaded("a");
  router.chat = [](upstream_connection& connection, const upstream_request&) {
    connection.reply(400, R"({"error":{"code":400,"message":"too long","n_ctx":7}})",
                     "application/json; charset=utf-8", "X-Kept: yes\r\n");
  };
  const gateway_process gateway{router_config(router.url())};
  const auto reply = gateway.post(chat_target, chat_of("a"));
  EXPECT_EQ(reply.status, 400u);
  EXPECT_EQ(reply.body, R"({"error":{"code":400,"message":"too long","n_ctx":7}})");
  EXPECT_EQ(reply.field("X-Kept"), "yes");
  EXPECT_EQ(reply.field("Content-Type"), "application/json; charset=utf-8");
  EXPECT_EQ(router.count("chat a"), 1u);
}

TEST_F(faults, a_model_that_goes_just_now_is_asked_for_again) {
  router.set_loaded("a");
  std::atomic<int> asked{0};
  router.chat = [&asked](upstream_connection& connection, const upstream_request& request) {
    if (++asked < 3) {
      // As a real router says it: plain text, in chunks.
      connection.begin_chunked(500, "text/plain");
      connection.send_chunk("proxy error: Could not establish connection");
      connection.end_chunks();
      return;
    }
    connection.reply(200, request.body);
  };
  const gateway_process gateway{router_config(router.url())};
  EXPECT_EQ(gateway.post(chat_target, chat_of("a")).status, 200u);
  EXPECT_EQ(asked, 3);
}

TEST_F(faults, an_error_in_chunks_arrives_whole) {
  router.set_loaded("a");
  const std::string text(20'000, 'x');
  router.chat = [&text](upstream_connection& connection, const upstream_request&) {
    connection.begin_chunked(500, "text/plain");
    connection.send_chunk(text);
    connection.send_chunk(text);
    connection.end_chunks();
  };
  const gateway_process gateway{router_config(router.url())};
  const auto reply = gateway.post(chat_target, chat_of("a"));
  EXPECT_EQ(reply.status, 500u);
  EXPECT_EQ(reply.body, text + text);
}

TEST_F(faults, half_an_error_is_not_passed_on_for_a_whole_one) {
  router.set_loaded("a");
  router.chat = [](upstream_connection& connection, const upstream_request&) {
    connection.send("HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n"
                    "Content-Length: 100\r\n\r\n{\"error\":");
    connection.close();
  };
  const gateway_process gateway{router_config(router.url())};
  EXPECT_EQ(gateway.post(chat_target, chat_of("a")).status, 502u);
}

TEST_F(faults, what_a_model_may_have_carried_out_is_not_sent_again) {
  for (const bool stream : {false, true}) {
    router.set_loaded("a");
    const auto before = router.count("chat a");
    router.chat = [](upstream_connection& connection, const upstream_request&) {
      connection.reset();
    };
    const gateway_process gateway{router_config(router.url())};
    const auto reply = gateway.post(chat_target, chat_of("a", stream));
    EXPECT_EQ(reply.status, 502u) << reply.body;
    EXPECT_EQ(router.count("chat a"), before + 1);
  }
}

TEST_F(faults, a_stream_that_a_silent_model_has_not_begun_gets_comments) {
  router.set_loaded("a");
  router.chat = [this](upstream_connection& connection, const upstream_request&) {
    router.wait_at_gate();
    connection.reply(503, R"({"error":{"code":503,"message":"out of slots"}})");
  };
  const gateway_process gateway{"limits: {stream_keepalive: 20ms}\n" + router_config(router.url())};
  auto client = gateway.connect();
  client.send(chat_request(chat_of("a", true)));
  auto reply = client.read_head();
  EXPECT_EQ(reply.status, 200u);
  ASSERT_TRUE(client.read_until(reply, ": keepalive\n\n: keepalive\n\n"));
  router.open_gates();
  client.read_rest(reply);
  EXPECT_FALSE(reply.complete());
  EXPECT_NE(reply.body.find("out of slots"), std::string::npos) << reply.body;
}

TEST_F(faults, a_router_that_is_away_for_too_long_is_503) {
  const support::closed_port nobody;
  const gateway_process gateway{
      router_config("http://127.0.0.1:" + std::to_string(nobody.port()), {}, "100ms")};
  const auto reply = gateway.post(chat_target, chat_of("a"));
  EXPECT_EQ(reply.status, 503u) << reply.body;
  EXPECT_FALSE(reply.field("Retry-After").empty());
  EXPECT_EQ(gateway.get("/livez").status, 200u);
}

TEST_F(faults, too_many_that_wait_are_429) {
  router.hold_loads(true);
  const gateway_process gateway{router_config(router.url(), "  max_waiting: 1\n")};
  support::http_reply first;
  std::thread one{[&] { first = gateway.post(chat_target, chat_of("a")); }};
  ASSERT_TRUE(
      gateway.wait_for_metric("synapse_model_requests_waiting", R"(backend="llama-router")", 1));
  const auto second = gateway.post(chat_target, chat_of("a"));
  EXPECT_EQ(second.status, 429u) << second.body;
  EXPECT_FALSE(second.field("Retry-After").empty());
  router.release_load();
  one.join();
  EXPECT_EQ(first.status, 200u);
}

TEST_F(faults, nobody_waits_for_longer_than_the_bound) {
  router.set_loaded("a");
  router.chat = [this](upstream_connection& connection, const upstream_request&) {
    router.wait_at_gate();
    connection.reply(200, "{}");
  };
  const gateway_process gateway{
      router_config(router.url(), "  max_wait: 300ms\n  batch_window: 50ms\n")};
  support::http_reply first;
  std::thread one{[&] { first = gateway.post(chat_target, chat_of("a")); }};
  ASSERT_TRUE(router.wait_for_gate(1));
  const auto second = gateway.post(chat_target, chat_of("b"));
  EXPECT_EQ(second.status, 503u) << second.body;
  EXPECT_EQ(text_at(second.body, "/error/code"), "model_busy");
  router.open_gates();
  one.join();
  EXPECT_EQ(first.status, 200u) << "who ran was not cut off";
}

} // namespace
} // namespace synapse::test
