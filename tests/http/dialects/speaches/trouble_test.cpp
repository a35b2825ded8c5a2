#include "http/dialects/speaches/to_openai.hpp"

#include <gtest/gtest.h>

#include <string>

namespace synapse::http::speaches {
namespace {

using kind = trouble::kind;

TEST(speaches_trouble, of_the_key_is_not_the_clients) {
  for (const unsigned status : {401U, 403U}) {
    const auto said = read_trouble(status, R"({"detail":"Invalid API key"})");
    EXPECT_EQ(said.what, kind::key_refused);
    EXPECT_EQ(said.status, 502U);
    EXPECT_EQ(said.text, "it answered with status " + std::to_string(status) + ": Invalid API key");
  }
}

TEST(speaches_trouble, of_a_model_tells_whether_it_is_there) {
  auto said = read_trouble(404, R"({"detail":"Model 'x' is not installed locally. You can download "
                                R"(the model using `POST /v1/models`"})");
  EXPECT_EQ(said.what, kind::not_installed) << said.text;
  said = read_trouble(404, R"({"detail":"Model 'x' is not installed locally."})");
  EXPECT_EQ(said.what, kind::not_installed);
  EXPECT_EQ(said.status, 404U);
  said = read_trouble(404, R"({"detail":"Model 'x' is not supported. If you think"})");
  EXPECT_EQ(said.what, kind::wrong_kind);
  EXPECT_EQ(said.status, 400U);
}

TEST(speaches_trouble, of_the_path_is_the_gateways) {
  const auto said = read_trouble(404, R"({"detail":"Not Found"})");
  EXPECT_EQ(said.what, kind::other);
  EXPECT_EQ(said.status, 502U);
}

TEST(speaches_trouble, of_a_form_names_its_fields) {
  const auto said = read_trouble(
      422, R"({"detail":[{"type":"missing","loc":["body","model"],"msg":"Field required"},
                         {"loc":["body",0,"speed"],"msg":"Too fast"},5,{"loc":[]}]})");
  EXPECT_EQ(said.what, kind::bad_request);
  EXPECT_EQ(said.status, 422U);
  EXPECT_EQ(said.text,
            "it answered with status 422: body.model: Field required; body.speed: Too fast");
  EXPECT_EQ(read_trouble(415, R"({"detail":"Unsupported"})").status, 415U);
}

TEST(speaches_trouble, has_what_else_it_says) {
  EXPECT_EQ(read_trouble(500, "Internal Server Error").text,
            "it answered with status 500: Internal Server Error");
  EXPECT_EQ(read_trouble(502, R"({"detail":"no upstream","hint":"start it","error_id":"1"})").text,
            "it answered with status 502: no upstream (start it)");
  EXPECT_EQ(read_trouble(503, "").status, 503U);
  EXPECT_EQ(read_trouble(500, "").text, "it answered with status 500");
}

TEST(speaches_trouble, survives_anything) {
  std::string faults = R"({"detail":[{"msg":"x"})";
  for (int at = 0; at < 5000; ++at)
    faults += R"(,{"msg":"y","loc":["a","b"]})";
  for (const auto& body :
       {std::string(1 << 21, 'x'), std::string(1 << 20, '['), std::string(1 << 10, '\xff'),
        R"({"detail":")" + std::string(100000, 'x') + "\"}", faults + "]}",
        std::string{R"({"detail":5})"}, std::string{R"({"detail":[[]],"hint":7})"}})
    EXPECT_LT(read_trouble(500, body).text.size(), 400U);
}

} // namespace
} // namespace synapse::http::speaches
