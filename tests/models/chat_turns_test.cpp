// Who gets which model when: seen from the clients.
#include "tests/models/router_upstream.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <thread>

namespace synapse::test {
namespace {

using support::gateway_process;
using support::http_reply;

struct turns : testing::Test {
  router_upstream router;
};

std::vector<http_reply> chats_at_once(const gateway_process& gateway, const std::string& body,
                                      std::size_t count) {
  std::vector<http_reply> replies(count);
  std::vector<std::thread> clients;
  for (auto& reply : replies)
    clients.emplace_back([&] { reply = gateway.post(chat_target, body); });
  for (auto& client : clients)
    client.join();
  return replies;
}

TEST_F(turns, a_cold_model_is_loaded_once_for_all_who_want_it) {
  router.hold_loads(true);
  const gateway_process gateway{router_config(router.url())};
  std::vector<http_reply> replies;
  std::thread clients{[&] { replies = chats_at_once(gateway, chat_of("a"), 40); }};
  EXPECT_TRUE(
      gateway.wait_for_metric("synapse_model_requests_waiting", R"(backend="llama-router")", 40));
  router.release_load();
  clients.join();
  for (const auto& reply : replies)
    EXPECT_EQ(reply.status, 200u) << reply.body;
  EXPECT_EQ(router.count("load a"), 1u);
  EXPECT_EQ(router.count("chat a"), 40u);
}

TEST_F(turns, of_a_catalog_s_name_are_waited_for_as_long_as_the_request_may_take) {
  router.hold_loads(true);
  const gateway_process gateway{
      router_config(router.url()) +
      "catalog:\n  big: {deployments: [{backend: llama-router, model: a}]}\n"};
  const auto reply = gateway.post(chat_target, chat_of("big"),
                                  "Content-Type: application/json\r\nX-Synapse-Timeout: 300ms\r\n");
  EXPECT_EQ(reply.status, 504u) << reply.body;
  EXPECT_EQ(reply.field("X-Synapse-Attempts"), "0") << reply.head;
  EXPECT_EQ(router.count("chat a"), 0u);
  router.release_load();
  EXPECT_EQ(gateway.post(chat_target, chat_of("big")).status, 200u) << "that was nobody's failure";
}

TEST_F(turns, a_loaded_model_costs_no_further_question) {
  router.set_loaded("a");
  const gateway_process gateway{router_config(router.url(), "  refresh: 1h\n")};
  constexpr std::size_t chats = 51;
  for (std::size_t i = 0; i < chats; ++i)
    ASSERT_EQ(gateway.post(chat_target, chat_of("a")).status, 200u);
  EXPECT_EQ(router.count("chat a"), chats);
  // The looks of a start: properties, events and the list, whenever they come; none per chat.
  EXPECT_LE(router.server().requests() - chats, 6u);
  EXPECT_EQ(router.count("load a"), 0u);
}

TEST_F(turns, a_running_stream_is_never_cut_for_another_model) {
  router.set_loaded("a");
  router.chat = [this](upstream_connection& connection, const upstream_request& request) {
    connection.begin_chunked();
    connection.send_chunk("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\n");
    if (request.body.find("\"a\"") != std::string::npos)
      router.wait_at_gate();
    connection.send_chunk(
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}"
        "\n\ndata: [DONE]\n\n");
    connection.end_chunks();
  };
  const gateway_process gateway{router_config(router.url(), "  batch_window: 50ms\n")};
  http_reply first, second;
  std::thread one{[&] { first = gateway.post(chat_target, chat_of("a", true)); }};
  ASSERT_TRUE(router.wait_for_gate(1));
  std::thread other{[&] { second = gateway.post(chat_target, chat_of("b", true)); }};
  EXPECT_TRUE(
      gateway.wait_for_metric("synapse_model_requests_waiting", R"(backend="llama-router")", 1));
  // Now the window passes; whoever comes for a waits behind b.
  http_reply third;
  std::thread late{[&] { third = gateway.post(chat_target, chat_of("c", true)); }};
  EXPECT_TRUE(
      gateway.wait_for_metric("synapse_model_requests_waiting", R"(backend="llama-router")", 2));
  EXPECT_EQ(router.count("load b"), 0u);
  EXPECT_EQ(router.count("unload a"), 0u);
  router.open_gates();
  one.join();
  other.join();
  late.join();
  for (const auto* reply : {&first, &second, &third}) {
    EXPECT_EQ(reply->status, 200u);
    EXPECT_TRUE(reply->complete());
    EXPECT_NE(reply->body.find("[DONE]"), std::string::npos) << reply->body;
  }
  EXPECT_EQ(router.count("unload a"), 0u) << "the router makes room itself";
}

TEST_F(turns, who_does_not_wait_hears_at_once_and_finds_it_later) {
  router.hold_loads(true);
  const gateway_process gateway{router_config(router.url())};
  for (const auto& [body, fields] :
       {std::pair<std::string, std::string>{
            R"({"model":"a","messages":[],"synapse":{"wait":false}})", ""},
        {chat_of("a"), "X-Synapse-Wait: 0\r\n"}}) {
    const auto reply = gateway.post(chat_target, body, fields);
    EXPECT_EQ(reply.status, 503u) << reply.body;
    EXPECT_EQ(integration::text_at(reply.body, "/error/code"), "model_loading");
    EXPECT_GE(std::atoi(std::string{reply.field("Retry-After")}.c_str()), 1);
    EXPECT_TRUE(nlohmann::json::parse(reply.body)["error"].contains("progress"));
  }
  EXPECT_TRUE(router.wait_for("load a")) << "somebody wants it";
  router.release_load();
  EXPECT_TRUE(gateway.wait_for_metric("synapse_models_ready", R"(backend="llama-router")", 1));
  const auto reply = gateway.post(chat_target, R"({"model":"a","synapse":{"wait":false}})");
  EXPECT_EQ(reply.status, 200u);
  EXPECT_EQ(reply.body.find("synapse"), std::string::npos) << "the backend does not know that key";
}

TEST_F(turns, who_streams_gets_comments_while_the_model_loads) {
  router.hold_loads(true);
  router.chat = [](upstream_connection& connection, const upstream_request&) {
    connection.reply(200,
                     "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"},"
                     "\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
                     "text/event-stream");
  };
  const gateway_process gateway{router_config(router.url(), "  keepalive: 30ms\n")};
  auto client = gateway.connect();
  client.send(chat_request(chat_of("a", true)));
  auto reply = client.read_head();
  EXPECT_EQ(reply.status, 200u);
  EXPECT_EQ(reply.field("Content-Type"), "text/event-stream");
  ASSERT_TRUE(client.read_until(reply, ": waiting for model a\n\n: waiting for model a\n\n"));
  router.release_load();
  client.read_rest(reply);
  EXPECT_TRUE(reply.complete());
  EXPECT_NE(reply.body.find("\"x\""), std::string::npos) << reply.body;
  EXPECT_TRUE(reply.body.ends_with("data: [DONE]\n\n")) << reply.body;
}

/// With a window far beyond the time that a test may take: nobody waits for it where nobody uses
/// the model.
TEST_F(turns, models_loaded_by_hand_give_way_at_once) {
  const gateway_process gateway{router_config(router.url(), "  batch_window: 1h\n")};
  for (const std::string model : {"a", "b", "a"}) {
    const auto reply = gateway.post("/models/load", nlohmann::json{{"model", model}}.dump());
    EXPECT_EQ(reply.status, 200u) << reply.body;
  }
  EXPECT_EQ(gateway.post(chat_target, chat_of("b")).status, 200u);
}

TEST_F(turns, who_waits_can_be_told_what_for) {
  router.set_loaded("a");
  router.chat = [this](upstream_connection& connection, const upstream_request&) {
    router.wait_at_gate();
    connection.reply(200, "{}");
  };
  const gateway_process gateway{
      router_config(router.url(), "  batch_window: 0s\n  keepalive: 20ms\n")};
  std::vector<http_reply> replies;
  std::thread users{[&] { replies = chats_at_once(gateway, chat_of("a"), 2); }};
  ASSERT_TRUE(router.wait_for_gate(2));
  http_reply load;
  std::thread hand{[&] { load = gateway.post("/models/load", R"({"model":"b"})"); }};
  const auto waits_for = [&] {
    const auto list = nlohmann::json::parse(gateway.get("/models").body);
    return list["data"][1]["status"].value("synapse_waits_for", nlohmann::json::object());
  };
  EXPECT_TRUE(support::wait_until([&] { return waits_for().value("requests", 0) == 2; }))
      << waits_for();
  EXPECT_EQ(waits_for(), nlohmann::json({{"what", "requests"},
                                         {"model", "a"},
                                         {"requests", 2},
                                         {"text", "waits for a to finish 2 requests"}}));
  auto client = gateway.connect();
  client.send(chat_request(chat_of("c", true)));
  auto reply = client.read_head();
  EXPECT_TRUE(
      client.read_until(reply, ": waiting for model c, while model a finishes its requests\n\n"));
  router.open_gates();
  users.join();
  hand.join();
  EXPECT_EQ(load.status, 200u) << load.body;
  for (const auto& one : replies)
    EXPECT_EQ(one.status, 200u);
}

TEST_F(turns, who_leaves_while_waiting_is_forgotten) {
  router.hold_loads(true);
  const gateway_process gateway{router_config(router.url())};
  {
    auto client = gateway.connect();
    client.send(chat_request(chat_of("a")));
    ASSERT_TRUE(
        gateway.wait_for_metric("synapse_model_requests_waiting", R"(backend="llama-router")", 1));
  }
  EXPECT_TRUE(gateway.wait_for_metric("synapse_client_disconnects_total",
                                      R"(route="/v1/chat/completions",phase="model")", 1));
  EXPECT_TRUE(
      gateway.wait_for_metric("synapse_model_requests_waiting", R"(backend="llama-router")", 0));
  router.release_load();
  EXPECT_EQ(gateway.post(chat_target, chat_of("b")).status, 200u);
  EXPECT_EQ(router.count("chat a"), 0u) << "no work for somebody who has left";
}

TEST_F(turns, clients_of_two_models_are_all_served) {
  const gateway_process gateway{router_config(router.url(), "  batch_window: 100ms\n")};
  std::vector<std::thread> clients;
  std::atomic<int> good{0};
  for (int i = 0; i < 24; ++i)
    clients.emplace_back([&, i] {
      for (int round = 0; round < 4; ++round)
        if (gateway.post(chat_target, chat_of((i + round) % 2 ? "a" : "b")).status == 200u)
          ++good;
    });
  for (auto& client : clients)
    client.join();
  EXPECT_EQ(good, 96);
  EXPECT_LT(router.count("load a") + router.count("load b"), 60u) << "not one per request";
}

} // namespace
} // namespace synapse::test
