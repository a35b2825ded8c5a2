#include "http/core/json/json_body.hpp"
#include "http/dialects/openai/known_fields.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <random>

namespace synapse::http::openai {
namespace {

using known_json = nlohmann::ordered_json;

std::string chat_without(std::string_view body) {
  return without_foreign_fields(endpoint::chat, body);
}

TEST(known_fields, differ_from_one_endpoint_to_the_other) {
  EXPECT_TRUE(is_known_field(endpoint::chat, "messages"));
  EXPECT_FALSE(is_known_field(endpoint::chat, "prompt"));
  EXPECT_TRUE(is_known_field(endpoint::completions, "best_of"));
  EXPECT_FALSE(is_known_field(endpoint::completions, "tools"));
  EXPECT_TRUE(is_known_field(endpoint::embeddings, "dimensions"));
  EXPECT_FALSE(is_known_field(endpoint::embeddings, "truncate"));
  for (const auto of : {endpoint::chat, endpoint::completions, endpoint::embeddings}) {
    EXPECT_TRUE(is_known_field(of, "model"));
    EXPECT_TRUE(is_known_field(of, "user"));
    EXPECT_FALSE(is_known_field(of, "top_k"));
    EXPECT_FALSE(is_known_field(of, ""));
  }
}

TEST(known_fields, foreign_ones_go_and_all_other_bytes_stay) {
  EXPECT_EQ(chat_without(R"({ "model" : "m" , "top_k" : 1.50 ,"n":1e0 })"),
            R"({ "model" : "m"  ,"n":1e0 })");
  EXPECT_EQ(chat_without("{\n \"top_k\":1,\n \"n\" : 2\n}"), "{\n \"n\" : 2\n}");
  EXPECT_EQ(chat_without(R"({"a":[{"n":1}],"b":"}","n":1,"c":{},"d":null})"), R"({"n":1})");
  EXPECT_EQ(chat_without(R"({"n":1,"x":"\"n\":","seed":2,"y":1})"), R"({"n":1,"seed":2})");
  EXPECT_EQ(chat_without(R"({ "x":1 })"), "{  }");
  EXPECT_EQ(chat_without(R"({"x":1,"y":2})"), "{}");
}

TEST(known_fields, only_the_top_level_counts) {
  const std::string body = R"({"messages":[{"role":"user","top_k":1}],"metadata":{"x":1}})";
  EXPECT_EQ(chat_without(body), body);
  EXPECT_FALSE(has_foreign_fields(endpoint::chat, body));
}

TEST(known_fields, a_name_is_known_however_it_is_spelled) {
  EXPECT_EQ(chat_without(R"({"\u006eo":1,"\u006e":2})"), R"({"\u006e":2})");
  EXPECT_FALSE(has_foreign_fields(endpoint::chat, R"({"\u006e":2})"));
}

TEST(known_fields, what_is_no_object_is_left_alone) {
  for (const std::string body : {"", "[1]", "\"x\"", "{", "{\"x\"", "{\"x\":", "{\"x\":1"}) {
    EXPECT_LE(chat_without(body).size(), body.size());
    (void)has_foreign_fields(endpoint::chat, body);
  }
}

TEST(known_fields, agree_with_another_reader_about_made_up_bodies) {
  std::mt19937 random{5};
  const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  const std::vector<std::string> names{"model", "n", "stop", "a\"b", "top_k", "tools", "ü", "x"};
  for (int i = 0; i < 5'000; ++i) {
    known_json body = known_json::object();
    for (auto left = below(7); left > 0; --left) {
      const known_json values{1, "a,}\"", nullptr, known_json::array({1, "]"}), {{"x", 1}}};
      body[names[below(8)]] = values[below(5)];
    }
    const auto text = body.dump(below(2) == 0 ? -1 : 1);
    const auto made = chat_without(text);
    ASSERT_TRUE(inspect_json(made).ok()) << text << made;
    auto expected = known_json::object();
    for (const auto& [name, value] : body.items())
      if (is_known_field(endpoint::chat, name))
        expected[name] = value;
    ASSERT_EQ(known_json::parse(made).dump(), expected.dump()) << text << made;
    ASSERT_EQ(has_foreign_fields(endpoint::chat, text), expected.size() != body.size());
    if (expected.size() == body.size()) {
      ASSERT_EQ(made, text);
    }
  }
}

} // namespace
} // namespace synapse::http::openai
