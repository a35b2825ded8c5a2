#include "backends/text/embedding_model.hpp"
#include "tests/backends/hosted.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <string>
#include <thread>

namespace synapse::backends::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::vector<float> from_base64(const std::string& text) {
  static const std::string letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  std::uint32_t group = 0;
  int bits = 0;
  for (char c : text) {
    if (c == '=')
      break;
    group = (group << 6) | static_cast<std::uint32_t>(letters.find(c));
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes += static_cast<char>((group >> bits) & 0xFF);
    }
  }
  std::vector<float> out;
  for (std::size_t i = 0; i + 3 < bytes.size(); i += 4) {
    std::uint32_t value = 0;
    for (int k = 3; k >= 0; --k)
      value = (value << 8) | static_cast<unsigned char>(bytes[i + static_cast<std::size_t>(k)]);
    out.push_back(std::bit_cast<float>(value));
  }
  return out;
}

std::string words(int count) {
  std::string out = "word";
  for (int i = 1; i < count; ++i)
    out += " word";
  return out;
}

TEST(llama_embed, answers_in_the_openai_shape) {
  hosted embed{llama_embed_options{}};
  auto got = embed.post("/v1/embeddings", {{"model", "any-name"}, {"input", "hello world"}});
  ASSERT_EQ(got.status, 200) << got.body;
  EXPECT_EQ(got.field("content-type"), "application/json; charset=utf-8");
  EXPECT_EQ(got.field("server"), "llama.cpp");
  EXPECT_EQ(got.field("keep-alive"), "timeout=5, max=100");
  ASSERT_TRUE(got.fields.contains("access-control-allow-origin"));
  EXPECT_EQ(got.field("access-control-allow-origin"), "");
  auto body = got.parsed();
  EXPECT_EQ(body["model"], "any-name");
  EXPECT_EQ(body["object"], "list");
  EXPECT_EQ(body["usage"].dump(), R"({"prompt_tokens":2,"total_tokens":2})");
  ASSERT_EQ(body["data"].size(), 1U);
  EXPECT_EQ(body["data"][0]["object"], "embedding");
  EXPECT_EQ(body["data"][0]["index"], 0);
  EXPECT_EQ(body["data"][0]["embedding"].get<std::vector<float>>(),
            embedding_model{}.embed("hello world"));
}

TEST(llama_embed, base64_holds_little_endian_floats) {
  hosted embed{llama_embed_options{}};
  auto got = embed.post("/v1/embeddings",
                        {{"input", {"one text", "another"}}, {"encoding_format", "base64"}});
  auto data = got.parsed()["data"];
  ASSERT_EQ(data.size(), 2U);
  EXPECT_EQ(data[1]["encoding_format"], "base64");
  EXPECT_EQ(data[1]["index"], 1);
  EXPECT_EQ(from_base64(data[1]["embedding"]), embedding_model{}.embed("another"));
  EXPECT_EQ(got.parsed()["model"], "local-embed");
}

TEST(llama_embed, takes_tokens_as_well_as_text) {
  hosted embed{llama_embed_options{}};
  auto tokens = [&](const std::string& text) {
    return embed.post("/tokenize", {{"content", text}}).parsed()["tokens"];
  };
  auto of = [&](const json& input) {
    auto got = embed.post("/v1/embeddings", {{"input", input}});
    EXPECT_EQ(got.status, 200) << got.body;
    std::vector<std::vector<float>> out;
    auto body = got.parsed();
    for (const auto& each : body["data"])
      out.push_back(each["embedding"]);
    return out;
  };
  auto by_text = of({"a red door", "two blue cats"});
  EXPECT_EQ(of(tokens("a red door")).at(0), by_text.at(0));
  EXPECT_EQ(of(json::array({tokens("a red door"), tokens("two blue cats")})), by_text);
}

TEST(llama_embed, the_native_route_and_content_give_the_native_shape) {
  hosted embed{llama_embed_options{}};
  for (auto [path, key] : {std::pair{"/embedding", "input"}, std::pair{"/embeddings", "content"},
                           std::pair{"/v1/embeddings", "content"}}) {
    auto body = embed.post(path, {{key, "hello"}}).parsed();
    ASSERT_TRUE(body.is_array()) << path;
    EXPECT_EQ(body[0]["index"], 0);
    EXPECT_EQ(body[0]["embedding"].size(), 1U);
    EXPECT_EQ(body[0]["embedding"][0].size(), 384U);
  }
}

TEST(llama_embed, cuts_to_the_wanted_dimensions) {
  hosted embed{llama_embed_options{}};
  auto got = embed.post("/v1/embeddings", {{"input", "hello world"}, {"dimensions", 16}});
  std::vector<float> values = got.parsed()["data"][0]["embedding"];
  EXPECT_EQ(values.size(), 16U);
  double length = 0;
  for (double value : values)
    length += value * value;
  EXPECT_NEAR(length, 1.0, 1e-5);
  for (auto wrong : {0, 385, -1})
    expect_error(embed.post("/v1/embeddings", {{"input", "x"}, {"dimensions", wrong}}), 400,
                 "invalid_request_error", "\"dimensions\" must be between 1 and 384");
}

TEST(llama_embed, refuses_bad_requests_with_llama_texts) {
  hosted embed{llama_embed_options{}};
  auto bad = [&](const json& body, const std::string& message) {
    expect_error(embed.post("/v1/embeddings", body), 400, "invalid_request_error", message);
  };
  bad({{"model", "x"}}, "\"input\" or \"content\" must be provided");
  bad({{"input", "x"}, {"encoding_format", "hex"}},
      "The format to return the embeddings in. Can be either float or base64");
  bad({{"input", ""}}, "Input content cannot be empty");
  bad({{"input", {"x", ""}}}, "Input content cannot be empty");
  bad({{"input", json::array()}}, "Input content cannot be empty");
  bad({{"input", {-5}}}, "Prompt contains invalid tokens");
}

TEST(llama_embed, a_body_that_is_no_json_is_a_server_error) {
  hosted embed{llama_embed_options{}};
  auto got = ask(embed.port(), "POST", "/v1/embeddings", "{\"input\":");
  EXPECT_EQ(got.status, 500);
  EXPECT_EQ(got.parsed()["error"]["type"], "server_error");
  EXPECT_THAT(got.parsed()["error"]["message"].get<std::string>(), HasSubstr("parse error"));
}

TEST(llama_embed, one_input_that_is_too_long_fails_the_whole_request) {
  hosted embed{llama_embed_options{}};
  EXPECT_EQ(embed.post("/v1/embeddings", {{"input", words(512)}}).status, 200);
  expect_error(embed.post("/v1/embeddings", {{"input", {"short", words(596)}}}), 500,
               "server_error",
               "input (596 tokens) is too large to process. increase the physical batch size "
               "(current batch size: 512)");
}

TEST(llama_embed, a_large_batch_is_answered_whole) {
  hosted embed{llama_embed_options{}};
  json input = json::array();
  for (int i = 0; i < 200; ++i)
    input.push_back(words(100) + std::to_string(i));
  auto body = embed.post("/v1/embeddings", {{"input", input}}).parsed();
  ASSERT_EQ(body["data"].size(), 200U);
  EXPECT_EQ(body["data"][199]["embedding"].get<std::vector<float>>(),
            embedding_model{}.embed(words(100) + "199"));
}

TEST(llama_embed, does_not_chat_or_rerank) {
  hosted embed{llama_embed_options{}};
  expect_error(embed.post("/v1/chat/completions", echo_chat("x")), 501, "not_supported_error",
               "This server does not support completions. Start it without `--embeddings`");
  EXPECT_EQ(embed.post("/v1/rerank", json::object()).status, 501);
}

TEST(llama_embed, lists_its_model_in_both_shapes) {
  hosted embed{llama_embed_options{}};
  EXPECT_EQ(embed.get("/models").parsed(), embed.get("/v1/models").parsed());
  auto body = embed.get("/v1/models").parsed();
  EXPECT_EQ(body["object"], "list");
  EXPECT_EQ(body["data"][0]["id"], "local-embed");
  EXPECT_EQ(body["data"][0]["owned_by"], "llamacpp");
  EXPECT_EQ(body["data"][0]["meta"]["n_embd"], 384);
  EXPECT_EQ(body["models"][0]["model"], "local-embed");
}

TEST(llama_embed, has_health_props_and_metrics) {
  hosted embed{llama_embed_options{}};
  EXPECT_EQ(embed.get("/health").body, R"({"status":"ok"})");
  EXPECT_EQ(embed.get("/v1/health").body, R"({"status":"ok"})");
  EXPECT_EQ(embed.get("/props").parsed()["model_alias"], "local-embed");
  embed.post("/v1/embeddings", {{"input", "one two three"}});
  auto metrics = embed.get("/metrics");
  EXPECT_EQ(metrics.field("content-type"), "text/plain; version=0.0.4");
  EXPECT_FALSE(metrics.field("process-start-time-unix").empty());
  EXPECT_THAT(metrics.body, HasSubstr("\nllamacpp:prompt_tokens_total 3\n"));
}

TEST(llama_embed, turns_tokens_into_text_and_back) {
  hosted embed{llama_embed_options{}};
  auto pieces = embed.post("/tokenize", {{"content", "Grüße!"}, {"with_pieces", true}}).parsed();
  json ids = json::array();
  std::string joined;
  for (const auto& each : pieces["tokens"]) {
    ids.push_back(each["id"]);
    joined += each["piece"];
  }
  EXPECT_EQ(joined, "Grüße!");
  EXPECT_EQ(embed.post("/detokenize", {{"tokens", ids}}).parsed()["content"], "Grüße!");
}

TEST(llama_embed, answers_503_on_every_route_while_it_loads) {
  llama_embed_options options;
  options.load_time = std::chrono::hours(1);
  options.api_keys = {"secret"}; // loading is said before the key is asked for
  hosted embed{options};
  for (auto path : {"/health", "/v1/models", "/nowhere"})
    expect_error(embed.get(path), 503, "unavailable_error", "Loading model");
  expect_error(embed.post("/v1/embeddings", {{"input", "x"}}), 503, "unavailable_error",
               "Loading model");
  auto page = embed.get("/");
  EXPECT_EQ(page.status, 503);
  EXPECT_THAT(page.field("content-type"), StartsWith("text/html"));
}

TEST(llama_embed, is_ready_when_the_loading_time_is_over) {
  llama_embed_options options;
  options.load_time = milliseconds(1);
  hosted embed{options};
  EXPECT_TRUE(eventually([&] { return embed.get("/health").status == 200; }));
}

TEST(llama_embed, asks_for_the_key_where_llama_does) {
  llama_embed_options options;
  options.api_keys = {"one", "two"};
  hosted embed{options};
  json body = {{"input", "x"}};
  expect_error(embed.post("/v1/embeddings", body), 401, "authentication_error", "Invalid API Key");
  expect_error(embed.post("/v1/embeddings", body, {"Authorization: Bearer three"}), 401,
               "authentication_error", "Invalid API Key");
  EXPECT_EQ(embed.post("/v1/embeddings", body, {"Authorization: Bearer two"}).status, 200);
  EXPECT_EQ(embed.post("/v1/embeddings", body, {"X-Api-Key: one"}).status, 200);
  for (auto path : {"/health", "/v1/health", "/models", "/v1/models"})
    EXPECT_EQ(embed.get(path).status, 200) << path;
  EXPECT_EQ(embed.get("/props").status, 401);
}

TEST(llama_embed, knows_no_other_route_or_method) {
  hosted embed{llama_embed_options{}};
  expect_error(embed.get("/v1/nothing"), 404, "not_found_error", "File Not Found");
  expect_error(embed.get("/v1/embeddings"), 404, "not_found_error", "File Not Found");
  auto preflight = ask(embed.port(), "OPTIONS", "/v1/embeddings", {}, {"Origin: http://a"});
  EXPECT_EQ(preflight.status, 200);
  EXPECT_EQ(preflight.field("access-control-allow-origin"), "http://a");
  auto head = ask(embed.port(), "HEAD", "/health");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.field("content-length"), "15");
}

} // namespace
} // namespace synapse::backends::test
