// New configurations while the gateway runs: taken over by every way in which files change, refused
// when they are wrong, and never at the expense of a request that is under way.
#include "tests/integration/configs.hpp"
#include "tests/support/gateway_process.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <thread>

namespace synapse::integration {
namespace {

namespace fs = std::filesystem;
using support::gateway_process;
using support::request_bytes;

/// A backend that tells its name.
class named_backend {
public:
  explicit named_backend(const std::string& name)
      : upstream_(support::answer_each([name](const auto&) {
          return support::answer_bytes(200, R"({"name":")" + name + R"("})");
        })) {}
  std::string config(std::string_view top = {}) const { return chat_config(upstream_, top); }
  support::scripted_upstream& upstream() { return upstream_; }

private:
  support::scripted_upstream upstream_;
};

std::string who_answers(const gateway_process& gateway) {
  return text_at(gateway.post(chat_path, chat_body, json_type).body, "/name");
}

class reload : public ::testing::Test {
protected:
  named_backend old_{"old"};
  named_backend new_{"new"};
};

TEST_F(reload, when_the_file_is_written_in_place) {
  gateway_process gateway{old_.config()};
  EXPECT_EQ(who_answers(gateway), "old");
  support::write_file(gateway.config_file(), new_.config());
  EXPECT_TRUE(gateway.wait_for_reloads(true, 1));
  EXPECT_EQ(who_answers(gateway), "new");
}

TEST_F(reload, when_the_file_is_replaced_by_rename) {
  gateway_process gateway{old_.config()};
  for (int i = 1; i <= 3; ++i) { // the watch has to follow the new file each time
    support::replace_file(gateway.config_file(), i % 2 ? new_.config() : old_.config());
    EXPECT_TRUE(gateway.wait_for_reloads(true, i));
    EXPECT_EQ(who_answers(gateway), i % 2 ? "new" : "old");
  }
}

TEST_F(reload, when_kubernetes_swaps_a_mounted_config_map) {
  // file -> ..data/file, ..data -> ..<date>; a new directory, a new link, renamed over ..data.
  const support::temporary_directory mount;
  const auto at = [&](const std::string& name) { return mount.path() / name; };
  const auto publish = [&](const std::string& directory, const std::string& text) {
    fs::create_directory(at(directory));
    support::write_file(at(directory) / "backends.yaml", text);
    fs::create_directory_symlink(directory, at("..data_tmp"));
    fs::rename(at("..data_tmp"), at("..data"));
  };
  publish("..2030_01_01", old_.config());
  fs::create_symlink("..data/backends.yaml", at("backends.yaml"));
  gateway_process gateway{"", {.config_file = at("backends.yaml")}};
  EXPECT_EQ(who_answers(gateway), "old");
  publish("..2030_01_02", new_.config());
  fs::remove_all(at("..2030_01_01"));
  EXPECT_TRUE(gateway.wait_for_reloads(true, 1));
  EXPECT_EQ(who_answers(gateway), "new");
  publish("..2030_01_03", old_.config());
  fs::remove_all(at("..2030_01_02"));
  EXPECT_TRUE(gateway.wait_for_reloads(true, 2));
  EXPECT_EQ(who_answers(gateway), "old");
}

TEST_F(reload, at_sighup_even_without_a_change) {
  gateway_process gateway{old_.config()};
  for (int i = 1; i <= 3; ++i) {
    gateway.signal(SIGHUP);
    EXPECT_TRUE(gateway.wait_for_reloads(true, i));
  }
  EXPECT_EQ(who_answers(gateway), "old");
}

TEST_F(reload, does_not_happen_when_the_text_is_the_same) {
  gateway_process gateway{old_.config()};
  support::replace_file(gateway.config_file(), old_.config());
  support::replace_file(gateway.config_file(), new_.config()); // a change that must be noticed
  EXPECT_TRUE(gateway.wait_for_reloads(true, 1));
  EXPECT_EQ(gateway.metric("synapse_config_reloads_total"), 1);
}

TEST_F(reload, of_a_file_with_mistakes_is_refused) {
  gateway_process gateway{old_.config()};
  const std::vector<std::string> bad{"backends: [",
                                     "",
                                     "backends: {}\n",
                                     new_.config("limits: {idle_timeout: soon}\n"),
                                     new_.config("nonsense: 1\n"),
                                     new_.config("routes: {/x: nobody}\n")};
  double refused = 0;
  for (const auto& text : bad) {
    SCOPED_TRACE(text);
    EXPECT_TRUE(gateway.reload(text, false));
    EXPECT_EQ(who_answers(gateway), "old");
    refused += 1;
  }
  const auto log = gateway.err();
  EXPECT_NE(log.find("refused"), std::string::npos);
  EXPECT_NE(log.find("idle_timeout"), std::string::npos) << log; // told by key
  EXPECT_NE(log.find("nonsense"), std::string::npos);
  EXPECT_EQ(gateway.metric("synapse_config_reloads_total", R"(result="applied")"), 0);
  EXPECT_TRUE(gateway.reload(new_.config())); // and a good one is taken afterwards
  EXPECT_EQ(who_answers(gateway), "new");
}

TEST_F(reload, of_a_file_that_is_gone_keeps_the_old_one) {
  gateway_process gateway{old_.config()};
  fs::remove(gateway.config_file());
  gateway.signal(SIGHUP);
  EXPECT_TRUE(gateway.wait_for_log("cannot read")) << gateway.err();
  EXPECT_TRUE(gateway.wait_for_reloads(false, 1)) << "a reload that failed is counted";
  EXPECT_EQ(who_answers(gateway), "old");
  support::write_file(gateway.config_file(), new_.config());
  EXPECT_TRUE(gateway.wait_for_reloads(true, 1));
  EXPECT_EQ(who_answers(gateway), "new");
}

TEST_F(reload, takes_effect_on_connections_that_exist) {
  gateway_process gateway{old_.config()};
  auto client = gateway.connect();
  EXPECT_EQ(text_at(client.post(chat_path, chat_body, json_type).body, "/name"), "old");
  EXPECT_TRUE(gateway.reload(new_.config("limits: {max_json_body_bytes: 1KiB}\n")));
  EXPECT_EQ(text_at(client.post(chat_path, chat_body, json_type).body, "/name"), "new");
  const auto large = R"({"pad":")" + std::string(2000, 'x') + R"("})";
  EXPECT_EQ(client.post(chat_path, large, json_type).status, 413u);
}

TEST_F(reload, adds_and_removes_backends_and_routes) {
  gateway_process gateway{old_.config()};
  EXPECT_EQ(gateway.post("/v1/embeddings", R"({"input":"x"})", json_type).status, 503u);
  EXPECT_EQ(gateway.get("/custom/x").status, 404u);
  const auto both = config_with(backend("llama-router", old_.upstream().url()) +
                                    backend("llama-embed", new_.upstream().url()),
                                "routes: {\"/custom/*\": llama-embed}\n");
  EXPECT_TRUE(gateway.reload(both));
  EXPECT_EQ(text_at(gateway.post("/v1/embeddings", R"({"input":"x"})", json_type).body, "/name"),
            "new");
  EXPECT_EQ(text_at(gateway.get("/custom/x").body, "/name"), "new");
  EXPECT_NE(gateway.get("/health").body.find("llama-embed"), std::string::npos);
  EXPECT_TRUE(gateway.reload(old_.config()));
  EXPECT_EQ(gateway.get("/custom/x").status, 404u);
  EXPECT_EQ(gateway.get("/health").body.find("llama-embed"), std::string::npos);
}

TEST_F(reload, of_the_listen_address_waits_for_the_next_start) {
  gateway_process gateway{old_.config()};
  EXPECT_TRUE(gateway.reload(new_.config("listener: {backlog: 17}\n")));
  EXPECT_TRUE(gateway.wait_for_log("with the next start only"));
  EXPECT_EQ(who_answers(gateway), "new");
}

// ---- requests under way ----

/// Streams one content_event, and the rest once it may.
support::scripted_upstream::script stream_in_two(support::gate& go_on) {
  return [&go_on](support::upstream_connection& connection) {
    connection.read_request();
    connection.begin_chunked();
    connection.send_chunk(content_event);
    go_on.wait();
    connection.send_chunk(content_event + done_event);
    connection.end_chunks();
    connection.wait_until_peer_closes();
  };
}

TEST_F(reload, lets_a_stream_finish_at_its_old_backend) {
  support::gate go_on;
  support::scripted_upstream streaming{stream_in_two(go_on)};
  gateway_process gateway{chat_config(streaming)};
  auto client = gateway.connect();
  client.send(request_bytes("POST", chat_path, R"({"stream":true})", json_type));
  auto reply = client.read_head();
  ASSERT_TRUE(client.read_until(reply, content_event));
  EXPECT_TRUE(gateway.reload(new_.config())); // the same name, another URL
  EXPECT_EQ(who_answers(gateway), "new");
  go_on.open();
  client.read_rest(reply);
  EXPECT_TRUE(reply.complete()) << to_string(reply.end);
  EXPECT_EQ(reply.body, content_event + content_event + done_event);
  EXPECT_EQ(text_at(client.post(chat_path, chat_body, json_type).body, "/name"), "new");
  // Nothing is left at the backend that is not configured any more.
  EXPECT_TRUE(support::wait_until([&] { return streaming.open_connections() == 0; }));
  EXPECT_TRUE(
      gateway.wait_for_metric("synapse_upstream_in_flight", R"(backend="llama-router")", 0));
}

TEST_F(reload, that_removes_a_backend_lets_its_requests_finish) {
  support::gate go_on;
  support::gate answer;
  support::scripted_upstream removed{[&](support::upstream_connection& connection) {
    const auto request = connection.read_request();
    if (request->body.find("stream") == std::string::npos) {
      answer.wait();
      connection.reply(200, R"({"name":"removed"})");
      return;
    }
    connection.begin_chunked();
    connection.send_chunk(content_event);
    go_on.wait();
    connection.send_chunk(done_event);
    connection.end_chunks();
  }};
  gateway_process gateway{chat_config(removed)};
  auto streaming = gateway.connect();
  streaming.send(request_bytes("POST", chat_path, R"({"stream":true})", json_type));
  auto stream = streaming.read_head();
  ASSERT_TRUE(streaming.read_until(stream, content_event));
  auto waiting = gateway.connect();
  waiting.send(request_bytes("POST", chat_path, chat_body, json_type));
  ASSERT_TRUE(removed.wait_for_requests(2));

  EXPECT_TRUE(
      gateway.reload(config_with(backend("other", new_.upstream().url(), "type: chatterbox"))));
  EXPECT_EQ(gateway.post(chat_path, chat_body, json_type).status, 503u); // nobody is there for it
  answer.open();
  EXPECT_EQ(text_at(waiting.read_reply().body, "/name"), "removed");
  go_on.open();
  streaming.read_rest(stream);
  EXPECT_TRUE(stream.complete()) << to_string(stream.end);
  EXPECT_EQ(stream.body, content_event + done_event);
}

TEST_F(reload, gives_requests_that_wait_for_a_slot_an_answer) {
  support::gate answer;
  support::scripted_upstream busy{[&](support::upstream_connection& connection) {
    while (connection.read_request() && answer.wait())
      connection.reply(200, R"({"name":"busy"})");
  }};
  gateway_process gateway{chat_config(busy, {}, "concurrency: {max_requests: 1}")};
  auto first = gateway.connect();
  first.send(request_bytes("POST", chat_path, chat_body, json_type));
  ASSERT_TRUE(busy.wait_for_requests(1));
  auto second = gateway.connect();
  second.send(request_bytes("POST", chat_path, chat_body, json_type));
  ASSERT_TRUE(gateway.wait_for_metric("synapse_upstream_waiting", R"(backend="llama-router")", 1));
  EXPECT_TRUE(gateway.reload(new_.config()));
  answer.open();
  EXPECT_EQ(text_at(first.read_reply().body, "/name"), "busy");
  // Served by whichever backend, or told to come again: but answered.
  const auto reply = second.read_reply();
  EXPECT_TRUE(reply.ok() || (reply.status == 503 && !reply.field("Retry-After").empty()))
      << reply.status << reply.body;
  EXPECT_TRUE(gateway.wait_for_metric("synapse_upstream_waiting", {}, 0));
}

TEST_F(reload, again_and_again_under_load_fails_no_request) {
  gateway_process gateway{old_.config()};
  std::atomic<bool> stop{false};
  std::atomic<int> good{0}, bad{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 3; ++i)
    clients.emplace_back([&] {
      auto client = gateway.connect();
      while (!stop)
        ++(client.post(chat_path, chat_body, json_type).ok() ? good : bad);
    });
  for (int i = 1; i <= 10; ++i)
    EXPECT_TRUE(gateway.reload(i % 2 ? new_.config() : old_.config()));
  stop = true;
  for (auto& client : clients)
    client.join();
  EXPECT_EQ(bad, 0);
  EXPECT_GT(good, 10);
}

} // namespace
} // namespace synapse::integration
