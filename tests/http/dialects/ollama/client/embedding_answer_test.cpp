#include "http/dialects/ollama/client/embedding_answer.hpp"
#include "tests/http/dialects/translated.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <memory>

namespace synapse::http::ollama::client {
namespace {

using json = nlohmann::json;
constexpr std::string_view json_type = "Content-Type: application/json\r\n";

std::unique_ptr<embedding_answer> answer_to(route by, std::size_t inputs) {
  return std::make_unique<embedding_answer>(
      by, answer_facts{"m", 100, [] { return std::int64_t{350}; }}, inputs);
}
std::string made(route by, std::size_t inputs, const std::string& body) {
  const auto answer = answer_to(by, inputs);
  const auto said = translate(*answer, json_type, body, 7);
  EXPECT_EQ(said.problem, "") << body;
  return said.text;
}
std::string problem(std::size_t inputs, const std::string& body) {
  const auto answer = answer_to(route::embed, inputs);
  const auto said = translate(*answer, json_type, body);
  EXPECT_EQ(said.text, "");
  return said.problem;
}

TEST(ollama_client_embedding_answer, has_the_numbers_as_spelled_in_the_order_of_their_texts) {
  const auto answer = answer_to(route::embed, 2);
  const auto said =
      translate(*answer, json_type,
                R"({"object":"list","data":[{"object":"embedding","index":1,"embedding":[1e-3, -2]},
          {"object":"embedding","index":0,"embedding":[0.10]}],"model":"other",
          "usage":{"prompt_tokens":6,"total_tokens":6}})",
                3);
  EXPECT_EQ(said.problem, "");
  EXPECT_EQ(
      said.text,
      R"({"model":"m","embeddings":[[0.10],[1e-3, -2]],"total_duration":250,"prompt_eval_count":6})");
  EXPECT_EQ(answer->prompt_tokens(), 6);
}

TEST(ollama_client_embedding_answer, of_old_has_one_and_nothing_else) {
  EXPECT_EQ(made(route::embeddings, 1, R"({"data":[{"index":0,"embedding":[0.5,0.25]}]})"),
            R"({"embedding":[0.5,0.25]})");
}

TEST(ollama_client_embedding_answer, base64_becomes_numbers_again) {
  // 1.0, -2.5 and the float next to 0.1
  EXPECT_EQ(made(route::embeddings, 1, R"({"data":[{"embedding":"AACAPwAAIMDNzMw9"}]})"),
            R"({"embedding":[1,-2.5,0.1]})");
  EXPECT_EQ(made(route::embeddings, 1, R"({"data":[{"embedding":"AACAPwAAIMA="}]})"),
            R"({"embedding":[1,-2.5]})");
}

TEST(ollama_client_embedding_answer, another_number_of_them_or_no_numbers_are_no_answer) {
  const std::string one = R"({"index":0,"embedding":[1]})";
  EXPECT_EQ(made(route::embeddings, 1, R"({"data":[)" + one + "]}"), R"({"embedding":[1]})");
  EXPECT_NE(problem(2, R"({"data":[)" + one + "]}"), "");
  EXPECT_NE(problem(1, R"({"data":[)" + one + "," + one + "]}"), "");
  EXPECT_NE(problem(2, R"({"data":[)" + one + "," + one + "]}"), "");
  for (const auto* bad :
       {"[]", "7", "null", "{}", "\"\"", "\"AAA\"", "\"AACA\"", R"([1,"2"])", "\"AADAfw==\""})
    EXPECT_NE(problem(1, R"({"data":[{"index":0,"embedding":)" + std::string{bad} + "}]}"), "")
        << bad;
  EXPECT_NE(problem(1, R"({"data":[{"index":9,"embedding":[1]}]})"), "");
  EXPECT_NE(problem(1, R"({"data":[{"index":-1,"embedding":[1]}]})"), "");
  EXPECT_NE(problem(1, R"({"data":{}})"), "");
  EXPECT_NE(problem(1, R"({"data":[)"), "");
}

TEST(ollama_client_embedding_answer, an_error_in_its_place_is_told) {
  const auto answer = answer_to(route::embed, 1);
  translate(*answer, json_type, R"({"error":{"message":"too long","type":"x"}})");
  ASSERT_TRUE(answer->reported());
  EXPECT_EQ(json::parse(answer->reported()->body)["error"]["message"], "too long");
}

} // namespace
} // namespace synapse::http::ollama::client
