#include "http/dialects/ollama/embedding_answer.hpp"
#include "tests/http/dialects/translated.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace synapse::http::ollama {
namespace {

using json = nlohmann::json;
constexpr std::string_view embedding_fields = "Content-Type: application/json\r\n";

std::string embedding_problem(std::string_view body, std::size_t inputs = 1, bool base64 = false) {
  embedding_answer answer{"m", base64, inputs};
  const auto said = translate(answer, embedding_fields, body);
  EXPECT_TRUE(said.problem.empty() == !said.text.empty()) << body;
  return said.problem;
}

TEST(ollama_embedding_answer, becomes_openais_list) {
  embedding_answer answer{"bge", false, 2};
  const auto said =
      translate(answer, embedding_fields,
                R"({"model":"bge-m3","embeddings":[[0.010,-2e-05],[1]],"total_duration":14000000,
                                  "prompt_eval_count":6})",
                9);
  EXPECT_EQ(said.problem, "");
  EXPECT_NE(said.text.find("[0.010,-2e-05]"), std::string::npos);
  EXPECT_EQ(
      json::parse(said.text),
      json::parse(
          R"({"object":"list","data":[{"object":"embedding","embedding":[0.01,-2e-05],"index":0},
              {"object":"embedding","embedding":[1],"index":1}],"model":"bge",
              "usage":{"prompt_tokens":6,"total_tokens":6}})"));
  EXPECT_EQ(answer.prompt_tokens(), 6);
}

TEST(ollama_embedding_answer, base64_is_of_little_endian_floats) {
  embedding_answer answer{"m", true, 2};
  const auto said =
      translate(answer, embedding_fields, R"({"embeddings":[[1,-2.5,0.1],[0,1e-60]]})");
  EXPECT_EQ(said.problem, "");
  const auto data = json::parse(said.text)["data"];
  EXPECT_EQ(data[0]["embedding"], "AACAPwAAIMDNzMw9");
  EXPECT_EQ(data[1]["embedding"], "AAAAAAAAAAA=");
}

TEST(ollama_embedding_answer, what_is_no_vector_of_numbers_is_refused) {
  for (const auto* bad :
       {R"({})", R"({"embeddings":7})", R"({"embeddings":[[]]})", R"({"embeddings":[["1"]]})",
        R"({"embeddings":[[null]]})", R"({"embeddings":[[[1]]]})", R"({"embeddings":[{"a":1}]})",
        R"({"embedding":[1]})"})
    EXPECT_NE(embedding_problem(bad), "") << bad;
  EXPECT_EQ(embedding_problem(R"({"embeddings":[[1e39]]})"), "");
  EXPECT_NE(embedding_problem(R"({"embeddings":[[1e39]]})", 1, true), ""); // no float
  EXPECT_EQ(embedding_problem(R"({"embeddings":[]})"), "its answer has 0 embeddings for 1 texts");
  EXPECT_EQ(embedding_problem(R"({"embeddings":[[1],[2]]})"),
            "its answer has 2 embeddings for 1 texts");
}

TEST(ollama_embedding_answer, an_error_in_place_of_one_is_told) {
  embedding_answer answer{"m", false, 1};
  EXPECT_EQ(translate(answer, embedding_fields,
                      R"({"error":"the input length exceeds the context length"})")
                .problem,
            "the input length exceeds the context length");
  EXPECT_TRUE(answer.error());
}

} // namespace
} // namespace synapse::http::ollama
