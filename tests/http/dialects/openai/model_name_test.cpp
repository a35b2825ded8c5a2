#include "http/dialects/openai/model_name.hpp"

#include <gtest/gtest.h>

namespace synapse::http::openai {
namespace {

std::string renamed(std::string_view text) {
  std::string out;
  append_renamed(out, text, R"("served")", R"("asked")");
  return out;
}

TEST(model_name, is_replaced_wherever_it_is_a_member) {
  EXPECT_EQ(renamed(R"({"model":"served","x":1})"), R"({"model":"asked","x":1})");
  EXPECT_EQ(renamed("{\"model\" :\n \"served\"}"), "{\"model\" :\n \"asked\"}");
  EXPECT_EQ(renamed("data: {\"model\":\"served\"}\n\ndata: {\"model\":\"served\"}\n\n"),
            "data: {\"model\":\"asked\"}\n\ndata: {\"model\":\"asked\"}\n\n");
}

TEST(model_name, stays_what_it_is_in_texts_and_of_other_models) {
  for (const std::string_view same :
       {R"({"model":"served-2"})", R"({"content":"\"model\":\"served\""})", R"({"a":"model"})",
        R"(["model","served"])", R"({"model":1})", R"("model")", R"("model":)", "", "{"})
    EXPECT_EQ(renamed(same), same);
}

} // namespace
} // namespace synapse::http::openai
