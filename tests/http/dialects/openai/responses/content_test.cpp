#include "tests/http/dialects/openai/responses/requests.hpp"

#include <utility>

namespace synapse::http::openai::responses {
namespace {

json content_of(const std::string& item) {
  return chat_of(asked_of(item))["messages"][0]["content"];
}
std::string user_with(const std::string& part) {
  return R"({"role":"user","content":[)" + part + "]}";
}

TEST(responses_content, images_and_recordings_are_parts) {
  EXPECT_EQ(
      content_of(user_with(
          R"({"type":"input_text","text":"see"},{"type":"input_image","image_url":"https:\/\/a/b.png","detail":"low"},
             {"type":"input_image","image_url":"data:image/png;base64,iVBO","detail":null},
             {"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}})")),
      json::parse(R"([{"type":"text","text":"see"},
        {"type":"image_url","image_url":{"url":"https://a/b.png","detail":"low"}},
        {"type":"image_url","image_url":{"url":"data:image/png;base64,iVBO"}},
        {"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}}])"));
}

TEST(responses_content, a_large_image_stays_whole) {
  const auto url = "data:image/png;base64," + std::string(20 << 20, 'A');
  const auto call =
      call_of(asked_of(user_with(R"({"type":"input_image","image_url":")" + url + "\"}")));
  EXPECT_EQ(call.request.messages,
            R"({"role":"user","content":[{"type":"image_url","image_url":{"url":")" + url +
                R"("}}]})");
}

TEST(responses_content, a_refusal_is_a_part_of_the_assistants) {
  EXPECT_EQ(content_of(R"({"role":"assistant","content":[{"type":"refusal","refusal":"No."}]})"),
            json::parse(R"([{"type":"refusal","refusal":"No."}])"));
}

TEST(responses_content, of_another_kind_is_refused_by_place) {
  for (
      const auto& [item, field] : {
          std::pair{user_with("7"), "input[0].content[0].type"},
          std::pair{user_with(R"({"type":"input_text","text":7})"), "input[0].content[0].text"},
          std::pair{
              user_with(R"({"type":"input_text","text":"a"},{"type":"refusal","refusal":"b"})"),
              "input[0].content[1].type"},
          std::pair{user_with(R"({"type":"input_file","file_id":"f"})"), "input[0].content[0]"},
          std::pair{user_with(R"({"type":"input_image","file_id":"f"})"),
                    "input[0].content[0].file_id"},
          std::pair{user_with(R"({"type":"input_image","image_url":"a.png"})"),
                    "input[0].content[0].image_url"},
          std::pair{user_with(R"({"type":"input_image","image_url":"data:image/png;base64,a"})"),
                    "input[0].content[0].image_url"},
          std::pair{user_with(R"({"type":"input_image","image_url":{"url":"https://a"}})"),
                    "input[0].content[0].image_url"},
          std::pair{user_with(R"({"type":"input_audio","data":"a"})"),
                    "input[0].content[0].input_audio"},
          std::pair{
              std::string{
                  R"({"role":"assistant","content":[{"type":"input_image","image_url":"https://a"}]})"},
              "input[0].content[0].type"},
      })
    EXPECT_EQ(refused_field(asked_of(item)), field) << item;
}

} // namespace
} // namespace synapse::http::openai::responses
