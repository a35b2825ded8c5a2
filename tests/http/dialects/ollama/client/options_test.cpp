#include "tests/http/dialects/ollama/client/requests.hpp"

#include <utility>
#include <vector>

namespace synapse::http::ollama::client {
namespace {

using names = std::vector<std::string_view>;
openai_call with_options(const std::string& options) {
  return call_of(route::chat, chat_with(R"("stream":false,"options":)" + options));
}

TEST(ollama_client_options, have_their_names_in_chats_and_numbers_stay_as_spelled) {
  const auto call = with_options(
      R"({"temperature":0.70,"top_p":9e-1,"min_p":0.05,"typical_p":1.0,"presence_penalty":-0.5,
          "frequency_penalty":0,"repeat_penalty":1.10,"top_k":40,"repeat_last_n":-1,
          "seed":42,"num_predict":256.0,"stop":["\n\n","</s>",""]})");
  EXPECT_TRUE(call.body.ends_with(
      R"("temperature":0.70,"top_p":9e-1,"min_p":0.05,"typical_p":1.0,"presence_penalty":-0.5,)"
      R"("frequency_penalty":0,"repeat_penalty":1.10,"repetition_penalty":1.10,"top_k":40,)"
      R"("repeat_last_n":-1,"seed":42,"max_tokens":256,"stop":["\n\n","</s>"]})"))
      << call.body;
  EXPECT_TRUE(call.lossy.empty());
}

TEST(ollama_client_options, no_limit_is_none) {
  for (const auto* none : {"-1", "-2", "0", "null"})
    EXPECT_FALSE(json::parse(with_options(R"({"num_predict":)" + std::string{none} + "}").body)
                     .contains("max_tokens"))
        << none;
  EXPECT_FALSE(json::parse(with_options(R"({"stop":[],"seed":null})").body).contains("stop"));
}

TEST(ollama_client_options, how_a_model_is_loaded_is_lossy) {
  const auto call = with_options(R"({"num_ctx":8192,"num_gpu":99,"use_mmap":false,"numa":true,
                                     "mood":1,"temperature":1})");
  EXPECT_EQ(call.lossy,
            (names{"options.unknown", "options.num_ctx", "options.num_gpu", "options.numa"}));
  EXPECT_FALSE(json::parse(call.body).contains("num_ctx"));
}

TEST(ollama_client_options, of_a_repeated_name_the_last_counts) {
  const auto body = with_options(R"({"seed":1,"se\u0065d":2})").body;
  EXPECT_TRUE(body.ends_with(R"("seed":2})")) << body;
  EXPECT_EQ(body.find(R"("seed":1)"), std::string::npos);
}

TEST(ollama_client_options, of_the_wrong_type_are_refused_by_place) {
  for (const auto& [options, field] :
       {std::pair{"7", "options"}, std::pair{R"([{"seed":1}])", "options"},
        std::pair{R"({"temperature":"0.7"})", "options.temperature"},
        std::pair{R"({"top_p":[1]})", "options.top_p"},
        std::pair{R"({"seed":"1"})", "options.seed"},
        std::pair{R"({"top_k":0.5})", "options.top_k"},
        std::pair{R"({"num_predict":true})", "options.num_predict"},
        std::pair{R"({"stop":7})", "options.stop"},
        std::pair{R"({"stop":["a",7]})", "options.stop"}})
    EXPECT_EQ(refused_field(route::chat, chat_with(R"("options":)" + std::string{options})), field)
        << options;
}

TEST(ollama_client_options, a_format_is_a_response_format_with_its_schema_as_spelled) {
  const auto format_of = [](const std::string& format) {
    return call_of(route::chat, chat_with(R"("format":)" + format)).body;
  };
  EXPECT_NE(format_of("\"json\"").find(R"("response_format":{"type":"json_object"})"),
            std::string::npos);
  EXPECT_NE(
      format_of(R"({"type": "object", "maximum": 1.00})")
          .find(
              R"("response_format":{"type":"json_schema","json_schema":{"name":"answer","schema":{"type": "object", "maximum": 1.00}}})"),
      std::string::npos);
  for (const auto* none : {"null", "\"\""})
    EXPECT_EQ(format_of(none).find("response_format"), std::string::npos);
  for (const auto* bad : {"\"xml\"", "7", "[]", "true"})
    EXPECT_EQ(refused_field(route::chat, chat_with(R"("format":)" + std::string{bad})), "format");
}

TEST(ollama_client_options, thinking_is_asked_for_in_both_words) {
  const auto with_think = [](const std::string& think) {
    return asked_of(route::chat, chat_with(R"("think":)" + think));
  };
  EXPECT_EQ(with_think("true")["reasoning_effort"], "medium");
  EXPECT_EQ(with_think("true")["chat_template_kwargs"], json::parse(R"({"enable_thinking":true})"));
  EXPECT_EQ(with_think("false")["reasoning_effort"], "none");
  EXPECT_EQ(with_think("false")["chat_template_kwargs"],
            json::parse(R"({"enable_thinking":false})"));
  EXPECT_EQ(with_think("\"high\"")["reasoning_effort"], "high");
  EXPECT_EQ(with_think("\"max\"")["reasoning_effort"], "xhigh");
  EXPECT_FALSE(with_think("\"high\"").contains("chat_template_kwargs"));
  EXPECT_FALSE(with_think("null").contains("reasoning_effort"));
  for (const auto* bad : {"\"\"", "\"much\"", "1", "{}"})
    EXPECT_EQ(refused_field(route::chat, chat_with(R"("think":)" + std::string{bad})), "think");
}

} // namespace
} // namespace synapse::http::ollama::client
