// `routing.rewrite_model`: answers say what the client calls the model, however large they are and
// wherever they say it.
#include "tests/deployments/bed.hpp"

#include <gtest/gtest.h>

namespace synapse::deployed {
namespace {

constexpr std::string_view json_head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";

std::string vectors(std::size_t bytes) {
  std::string list = R"("data":[{"embedding":[)";
  while (list.size() < bytes)
    list += "-0.0123456789,";
  return list + R"(1]},{"model":"another"}])";
}

/// Of so many bytes, with the model in front of the vectors, between them or behind.
std::vector<std::string> answers(std::string_view model, std::size_t bytes) {
  const auto name = R"("model":")" + std::string{model} + '"';
  const std::string usage = R"("usage":{"prompt_tokens":3,"total_tokens":3})";
  return {"{" + name + "," + vectors(bytes) + "," + usage + "}",
          R"({"object":"list",)" + vectors(bytes) + "," + name + "," + usage + "}",
          R"({"object":"list",)" + vectors(bytes) + "," + usage + ", " + name + "}\n"};
}

/// The ways in which a server may send it.
enum class sent { whole, chunked, until_close };

deed send_as(sent how, std::string body) {
  return [how, body = std::move(body)](upstream_connection& connection, const upstream_request&) {
    if (how == sent::whole)
      return connection.reply(200, body);
    if (how == sent::until_close) {
      connection.send(std::string{json_head} + "\r\n" + body);
      return false;
    }
    if (!connection.begin_chunked(200, "application/json"))
      return false;
    constexpr std::size_t piece = 9'973;
    for (std::size_t at = 0; at < body.size(); at += piece)
      if (!connection.send_chunk(std::string_view{body}.substr(at, piece)))
        return false;
    return connection.end_chunks();
  };
}

http_reply embed(const gateway_process& gateway) {
  return gateway.post("/v1/embeddings", R"({"model":"m","input":"x"})",
                      "Content-Type: application/json\r\n");
}

const std::string renames = "{rewrite_model: true}";

TEST(renamed_answers, have_the_client_s_name_whatever_their_size_and_framing) {
  model_server one{"one", hang()};
  const gateway_process gateway{config_for({&one}, true, "", renames)};
  for (const std::size_t bytes : {1'000U, 60'000U, 70'000U, 1'500'000U}) {
    const auto from = answers("one-model", bytes);
    const auto to = answers("m", bytes);
    for (std::size_t i = 0; i < from.size(); ++i)
      for (const auto how : {sent::whole, sent::chunked, sent::until_close}) {
        one.now(send_as(how, from[i]));
        const auto reply = embed(gateway);
        ASSERT_TRUE(reply.ok() && reply.complete()) << bytes << ' ' << i << reply.head;
        EXPECT_TRUE(reply.body == to[i]) << bytes << ' ' << i << ' ' << static_cast<int>(how);
      }
  }
}

TEST(renamed_answers, that_are_large_come_in_chunks_or_until_the_connection_s_end) {
  model_server one{"one", send_as(sent::whole, answers("one-model", 200'000)[2])};
  const gateway_process gateway{config_for({&one}, true, "", renames)};
  const auto chunked = embed(gateway);
  EXPECT_EQ(chunked.field("Transfer-Encoding"), "chunked") << chunked.head;
  EXPECT_EQ(chunked.count("Content-Length"), 0U) << chunked.head;
  auto client = gateway.connect();
  const std::string body = R"({"model":"m","input":"x"})";
  client.send("POST /v1/embeddings HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n" + body);
  auto plain = client.read_head();
  client.read_rest(plain);
  EXPECT_EQ(plain.count("Transfer-Encoding") + plain.count("Content-Length"), 0U) << plain.head;
  EXPECT_TRUE(plain.body == answers("m", 200'000)[2]);
}

TEST(renamed_answers, that_were_cut_off_look_cut_off) {
  const auto body = answers("one-model", 200'000)[1];
  model_server one{"one", send_and_close(std::string{json_head} +
                                         "Content-Length: " + std::to_string(body.size()) +
                                         "\r\n\r\n" + body.substr(0, body.size() - 9))};
  const gateway_process gateway{config_for({&one}, true, "", renames)};
  EXPECT_FALSE(embed(gateway).complete());
}

TEST(renamed_answers, are_errors_all_the_same) {
  const auto body = R"({"error":{"message":"broken"},"more":")" + std::string(200'000, 'x') + "\"}";
  model_server one{"one", answer_status(200, body)};
  model_server two{"two", send_as(sent::whole, answers("two-model", 200'000)[1])};
  const gateway_process gateway{config_for({&one, &two}, true, "", renames)};
  const auto reply = embed(gateway);
  EXPECT_EQ(reply.field("X-Synapse-Deployment"), "two/two-model") << reply.head;
  EXPECT_TRUE(reply.body == answers("m", 200'000)[1]);
}

TEST(renamed_answers, are_renamed_where_a_stream_was_promised_and_not_given) {
  auto whole = completion("well");
  whole.replace(whole.find("its-own"), 7, "one-model");
  model_server one{"one", answer_status(200, whole)};
  const gateway_process gateway{config_of(
      {{"one", one.url(), ""}}, "limits: {stream_keepalive: 1ms}\nrouting: " + renames +
                                    "\ncatalog:\n  m: {deployments: [{backend: one, model: "
                                    "one-model}]}\n")};
  gate go;
  one.now([&](upstream_connection& connection, const upstream_request&) {
    return go.wait() && connection.reply(200, whole);
  });
  auto client = gateway.connect();
  client.send(
      request_bytes("POST", chat_path, chat_body("m", true), "Content-Type: application/json\r\n"));
  auto reply = client.read_head(); // with the first comment
  go.open();
  client.read_rest(reply);
  EXPECT_NE(reply.body.find(R"("model":"m")"), std::string::npos) << reply.body;
  EXPECT_EQ(reply.body.find("one-model"), std::string::npos) << reply.body;
  EXPECT_EQ(content_of(reply), "well");
}

TEST(answers_that_are_not_renamed, keep_their_length) {
  const auto body = answers("one-model", 200'000)[1];
  model_server one{"one", send_as(sent::whole, body)};
  const gateway_process gateway{config_for({&one}, true)};
  const auto reply = embed(gateway);
  EXPECT_EQ(reply.field("Content-Length"), std::to_string(body.size()));
  EXPECT_TRUE(reply.body == body);
}

} // namespace
} // namespace synapse::deployed
