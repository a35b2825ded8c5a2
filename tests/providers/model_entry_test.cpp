// Lists of models as servers have been seen to send them, and as none should.
#include "providers/model_entry.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace synapse::providers {
namespace {

using config::capability;

TEST(list_of_models, is_openais) {
  const auto list = read_openai_list(
      R"({"object":"list","data":[{"id":"m","object":"model","created":1790000000,"owned_by":"org"},
          {"id":"n","object":"model"}]})");
  ASSERT_TRUE(list.ok()) << list.problem;
  ASSERT_EQ(list.models.size(), 2u);
  EXPECT_EQ(list.models[0].name, "m");
  EXPECT_EQ(list.models[0].context, 0u);
  EXPECT_EQ(list.models[0].capabilities, config::capability_set{});
  EXPECT_EQ(list.models[0].memory, presence::unknown);
}

TEST(list_of_models, may_be_the_whole_answer) {
  const auto list = read_openai_list(R"([{"id":"m","context_length":8192}])");
  ASSERT_TRUE(list.ok()) << list.problem;
  ASSERT_EQ(list.models.size(), 1u);
  EXPECT_EQ(list.models[0].context, 8192u);
}

TEST(list_of_models, may_be_null_where_there_are_none) {
  const auto list = read_openai_list(R"({"object":"list","data":null})");
  EXPECT_TRUE(list.ok()) << list.problem;
  EXPECT_TRUE(list.models.empty());
}

TEST(list_of_models, tells_of_contexts_in_many_ways) {
  for (const std::string member :
       {R"("max_model_len":40960)", R"("context_length":40960)", R"("max_context_length":40960)",
        R"("context_window":40960)", R"("max_input_tokens":40960)", R"("meta":{"n_ctx":40960})"})
    EXPECT_EQ(read_openai_list(R"({"data":[{"id":"m",)" + member + "}]}").models.at(0).context,
              40960u)
        << member;
}

TEST(list_of_models, does_not_take_every_number_for_a_context) {
  for (const std::string value : {"-1", "0", "0.4", "\"4096\"", "null", "[]", "true"})
    EXPECT_EQ(read_openai_list(R"({"data":[{"id":"m","max_model_len":)" + value + "}]}")
                  .models.at(0)
                  .context,
              0u)
        << value;
  EXPECT_EQ(read_openai_list(R"({"data":[{"id":"m","max_model_len":1e99}]})").models.at(0).context,
            max_context);
}

TEST(list_of_models, tells_of_capabilities_where_it_does) {
  const auto list = read_openai_list(R"({"data":[
    {"id":"router","architecture":{"input_modalities":["text","image"]}},
    {"id":"mistral","capabilities":{"completion_chat":false,"function_calling":true,"vision":"x"}},
    {"id":"open","supported_parameters":["tools","temperature"]},
    {"id":"array","capabilities":["whatever"],"supported_parameters":[]}]})");
  ASSERT_EQ(list.models.size(), 4u);
  EXPECT_TRUE(list.models[0].capabilities.has(capability::vision));
  EXPECT_TRUE(list.models[0].capabilities.lacks(capability::audio_in));
  EXPECT_TRUE(list.models[1].capabilities.lacks(capability::chat));
  EXPECT_TRUE(list.models[1].capabilities.has(capability::tools));
  EXPECT_FALSE(list.models[1].capabilities.lacks(capability::vision)) << "that was no flag";
  EXPECT_TRUE(list.models[2].capabilities.has(capability::tools));
  EXPECT_TRUE(list.models[2].capabilities.lacks(capability::json_schema));
  EXPECT_EQ(list.models[3].capabilities, config::capability_set{});
}

TEST(list_of_models, has_further_names) {
  const auto list = read_openai_list(R"({"data":[{"id":"m","aliases":["a","m","a","",3,"b"]}]})");
  EXPECT_EQ(list.models.at(0).further, (std::vector<std::string>{"a", "b"}));
}

TEST(list_of_models, that_is_none_says_so) {
  for (const std::string body :
       {"", "<html>busy</html>", "{", "3", "\"x\"", "null", "{}", R"({"data":{"id":"m"}})",
        R"({"data":"m"})", R"({"error":"no"})"}) {
    const auto list = read_openai_list(body);
    EXPECT_FALSE(list.ok()) << body;
    EXPECT_TRUE(list.models.empty()) << body;
  }
}

TEST(list_of_models, without_any_usable_name_is_none) {
  const auto list = read_openai_list(R"({"data":[{"id":""},{"id":7},{},"m",null]})");
  EXPECT_FALSE(list.ok());
  EXPECT_EQ(list.omitted, 5u);
}

TEST(list_of_models, leaves_out_what_is_unusable) {
  const auto list =
      read_openai_list(R"({"data":[{"id":"a"},{"id":"a"},{"id":")" +
                       std::string(max_name_bytes + 1, 'x') + R"("},{"id":"b\nc"},{"id":"d"}]})");
  ASSERT_EQ(list.models.size(), 2u);
  EXPECT_EQ(list.models[1].name, "d");
  EXPECT_EQ(list.omitted, 3u);
}

TEST(list_of_models, is_cut_when_it_is_long) {
  std::string body = R"({"data":[)";
  for (int i = 0; i < 5000; ++i)
    body += (i == 0 ? "" : ",") + (R"({"id":"model-)" + std::to_string(i)) + R"("})";
  const auto list = read_openai_list(body + "]}");
  ASSERT_TRUE(list.ok()) << list.problem;
  EXPECT_EQ(list.models.size(), max_models);
  EXPECT_EQ(list.omitted, 5000 - max_models);
  EXPECT_EQ(list.models.back().name, "model-" + std::to_string(max_models - 1));
}

TEST(list_of_models, is_not_looked_at_when_it_is_too_large) {
  const auto list = read_openai_list(R"({"data":[{"id":"a"}],"x":")" +
                                     std::string(max_answer_bytes, 'x') + "\"}");
  EXPECT_FALSE(list.ok());
}

TEST(list_of_models, may_be_nested_as_deeply_as_it_likes) {
  EXPECT_FALSE(read_openai_list(std::string(100'000, '[')).ok());
  EXPECT_FALSE(read_openai_list(std::string(100'000, '[') + std::string(100'000, ']')).ok());
}

TEST(list_of_models, may_be_cut_or_changed_anywhere) {
  const std::string whole =
      R"({"object":"list","data":[{"id":"m","aliases":["a"],"meta":{"n_ctx":5},)"
      R"("architecture":{"input_modalities":["text"]},"capabilities":{"vision":true}}]})";
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(read_openai_list(whole.substr(0, size)).ok());
  std::mt19937 random{3};
  for (int round = 0; round < 20'000; ++round) {
    auto body = whole;
    for (int i = 0; i < 3; ++i)
      body[random() % body.size()] = static_cast<char>(random() % 256);
    const auto list = read_openai_list(body);
    EXPECT_TRUE(list.ok() || list.models.empty());
  }
}

TEST(what_is_said_of_a_model, is_what_was_said_last) {
  discovered_model model;
  say(model, capability::tools, true);
  say(model, capability::tools, false);
  EXPECT_TRUE(model.capabilities.lacks(capability::tools));
  EXPECT_FALSE(model.capabilities.has(capability::tools));
  say_only(model, {capability::rerank});
  EXPECT_TRUE(model.capabilities.has(capability::rerank));
  EXPECT_TRUE(model.capabilities.lacks(capability::chat));
  EXPECT_FALSE(model.capabilities.lacks(capability::vision)) << "that is no kind of request";
}

} // namespace
} // namespace synapse::providers
