#include "http/dialects/anthropic/draft.hpp"
#include "tests/http/core/support.hpp"
#include "tests/http/dialects/anthropic/made.hpp"

namespace synapse::http::anthropic {
namespace {

TEST(anthropic_draft, the_last_of_repeated_members_counts_and_names_may_be_escaped) {
  const draft made{R"({"seed":1,"s\u0065ed":2,"stop":"a","stop":null})"};
  EXPECT_EQ(made["seed"], "2");
  EXPECT_EQ(made["stop"], "");
  EXPECT_EQ(made["none"], "");
}

TEST(anthropic_draft, the_first_refusal_is_told) {
  draft made{"{}"};
  EXPECT_FALSE(made.refuse("a", "one"));
  EXPECT_FALSE(made.refuse("b", "two"));
  const auto result = made.finish(false, false);
  ASSERT_TRUE(std::holds_alternative<unfit>(result));
  EXPECT_EQ(std::get<unfit>(result).field, "a");
  EXPECT_EQ(std::get<unfit>(result).message, "one");
}

TEST(anthropic_draft, image_types_are_types_and_nothing_behind_them) {
  for (const auto* good : {"image/png", "IMAGE/JPEG", "image/svg+xml", "image/x.y-z"})
    EXPECT_TRUE(is_image_type(good)) << good;
  for (const auto* bad :
       {"", "image/", "image", "text/png", "image/png;q=1", "image/p\"", "image/a/b"})
    EXPECT_FALSE(is_image_type(bad)) << bad;
}

// The same chats there and back: what is lost is named by the tables, and nothing of it is here.
TEST(anthropic_draft, a_chat_comes_back_as_it_was_in_made_up_ones) {
  test::dice random(77);
  const std::vector<std::string> texts{"a", "b\n\"", "é😀", "\\u0041", "{}", "</s>", "\x01"};
  const auto text = [&] {
    std::string all = random.pick(texts);
    while (random.one_in(2))
      all += random.pick(texts);
    return all;
  };
  for (int round = 0; round < 3000; ++round) {
    json chat{{"model", "claude-x"}, {"max_tokens", 1 + random.below(9999)}};
    auto& messages = chat["messages"];
    if (random.one_in(2))
      messages.push_back({{"role", "system"}, {"content", text()}});
    int calls = 0;
    for (auto turns = 1 + random.below(4); turns > 0; --turns) {
      json content = text();
      if (random.one_in(3))
        content = {{{"type", "text"}, {"text", text()}},
                   {{"type", "image_url"},
                    {"image_url",
                     {{"url", random.one_in(2) ? "data:image/png;base64,QUJD" : "https://x/y"}}}}};
      messages.push_back({{"role", "user"}, {"content", content}});
      json answer{{"role", "assistant"}, {"content", text()}};
      if (random.one_in(2)) {
        if (random.one_in(2))
          answer["content"] = nullptr;
        const int first = calls;
        for (auto more = 1 + random.below(3); more > 0; --more)
          answer["tool_calls"].push_back(
              {{"id", "c" + std::to_string(calls++)},
               {"type", "function"},
               {"function", {{"name", "f"}, {"arguments", json{{text(), text()}}.dump()}}}});
        messages.push_back(answer);
        for (int one = first; one < calls; ++one)
          messages.push_back({{"role", "tool"},
                              {"tool_call_id", "c" + std::to_string(one)},
                              {"content", random.one_in(4) ? "" : text()}});
      } else {
        messages.push_back(answer);
      }
    }
    for (const auto& [name, value] :
         std::vector<std::pair<std::string, json>>{{"temperature", 0.5},
                                                   {"top_p", 0.25},
                                                   {"top_k", 7},
                                                   {"user", "u"},
                                                   {"stop", json::array({"x", "y"})}})
      if (random.one_in(2))
        chat[name] = value;
    if (random.one_in(2)) {
      chat["tools"] = {
          {{"type", "function"},
           {"function", {{"name", "f"}, {"description", text()}, {"parameters", {{"a", 1.5}}}}}}};
      if (random.one_in(2))
        chat["tool_choice"] = random.pick<json>(
            {"auto", "none", "required", {{"type", "function"}, {"function", {{"name", "f"}}}}});
    }
    const auto there = made_of(to_messages, chat.dump());
    ASSERT_TRUE(there.lossy.empty()) << chat;
    const auto back = made_of(to_chat, there.body);
    ASSERT_TRUE(back.lossy.empty());
    ASSERT_EQ(json::parse(back.body), chat) << there.body;
  }
}

} // namespace
} // namespace synapse::http::anthropic
