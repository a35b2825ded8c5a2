#include "http/dialects/chatterbox/answer.hpp"

#include <gtest/gtest.h>

namespace synapse::http::chatterbox {
namespace {

TEST(chatterbox_receipt, tells_the_name_of_the_copy) {
  const auto receipt = read_receipt(200, R"({"uploaded_files":["a.wav","b.wav"],"errors":[]})");
  EXPECT_EQ(receipt.kept_as, "a.wav");
}

TEST(chatterbox_receipt, of_a_good_answer_may_be_a_refusal) {
  const auto receipt = read_receipt(
      200, R"({"uploaded_files":[],"errors":[{"filename":"a.wav","error":"too short"}]})");
  EXPECT_EQ(receipt.kept_as, "");
  EXPECT_EQ(receipt.status, 400U);
  EXPECT_EQ(receipt.body, R"({"detail":"too short"})");
}

TEST(chatterbox_receipt, keeps_the_status_of_a_refusal) {
  auto receipt = read_receipt(503, R"({"errors":[{"error":"busy"}]})");
  EXPECT_EQ(receipt.status, 503U);
  EXPECT_EQ(receipt.body, R"({"detail":"busy"})");
  receipt = read_receipt(500, "Internal Server Error");
  EXPECT_EQ(receipt.status, 500U);
  EXPECT_EQ(receipt.body, "Internal Server Error");
  receipt = read_receipt(500, R"({"uploaded_files":["a.wav"]})");
  EXPECT_EQ(receipt.kept_as, "") << "no status of success";
}

TEST(chatterbox_receipt, without_a_name_is_none) {
  for (const auto* body :
       {"", "[]", "{}", R"({"uploaded_files":[]})", R"({"uploaded_files":[5]})",
        R"({"uploaded_files":"a.wav"})", R"({"errors":["x"]})", R"({"errors":[{"error":5}]})"}) {
    const auto receipt = read_receipt(200, body);
    EXPECT_EQ(receipt.kept_as, "") << body;
    EXPECT_EQ(receipt.status, 502U) << body;
    EXPECT_EQ(receipt.body, "it did not say under which name it keeps the reference") << body;
  }
}

} // namespace
} // namespace synapse::http::chatterbox
