#include "http/core/json/json_body.hpp"
#include "http/dialects/openai/chat_edit.hpp"
#include "tests/http/core/support.hpp"
#include "tests/http/dialects/openai/chat_edit_reference.hpp"

#include <gtest/gtest.h>

namespace synapse::http {
namespace {

std::string edit(const std::string& body, const chat_edits& edits) {
  EXPECT_TRUE(inspect_json(body).ok()) << body;
  const test::exact_copy exact(body);
  const std::string_view text(exact.begin(), exact.size());
  const auto out = apply_edits(text, scan_chat(text), edits);
  EXPECT_TRUE(inspect_json(out).ok()) << out;
  return out;
}

std::string user_text(const std::string& body) {
  std::string out;
  append_user_text(body, scan_chat(body), out);
  return out;
}

chat_edits with_model(std::string model) {
  chat_edits edits;
  edits.model = std::move(model);
  return edits;
}
chat_edits without_synapse() {
  chat_edits edits;
  edits.remove_synapse = true;
  return edits;
}
chat_edits with_field(chat_key key, std::string json) {
  chat_edits edits;
  edits.fields.push_back({key, std::move(json)});
  return edits;
}
chat_edits with_prompt(std::string prompt, std::string effort = "") {
  chat_edits edits;
  edits.system_prompt = std::move(prompt);
  edits.reasoning_effort = std::move(effort);
  return edits;
}

TEST(chat_edit, a_scan_tells_where_things_are) {
  const std::string body =
      R"( { "model" : "a" ,"x":[{"model":1}], "messages":[ {"role":"user","content":"b"} , 7 ]})";
  const auto view = scan_chat(body);
  EXPECT_EQ(view.open, 1U);
  EXPECT_EQ(view.member_count, 3U);
  ASSERT_EQ(view.members.size(), 2U);
  const auto* model = view.find(chat_key::model);
  ASSERT_NE(model, nullptr);
  EXPECT_EQ(model->name.of(body), "\"model\"");
  EXPECT_EQ(model->value.of(body), "\"a\"");
  EXPECT_EQ(model->separator, 1U);
  EXPECT_EQ(view.find(chat_key::prompt), nullptr);
  EXPECT_TRUE(view.has_messages);
  EXPECT_EQ(view.message_count, 2U);
  ASSERT_EQ(view.messages.size(), 1U);
  EXPECT_EQ(view.messages[0].all.of(body), R"({"role":"user","content":"b"})");
  EXPECT_EQ(view.messages[0].role.of(body), "\"user\"");
  EXPECT_EQ(view.messages[0].content.of(body), "\"b\"");
}

TEST(chat_edit, keys_are_known_however_they_are_spelled_and_the_last_one_counts) {
  const std::string body = R"({"mod\u0065l":"a","model":"b","\u006d\u006f\u0064\u0065\u006c":"c"})";
  const auto view = scan_chat(body);
  ASSERT_EQ(view.members.size(), 3U);
  EXPECT_EQ(view.find(chat_key::model)->value.of(body), "\"c\"");
}

TEST(chat_edit, every_name_is_found) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(chat_key::count_); ++i) {
    const auto key = static_cast<chat_key>(i);
    const std::string body = "{\"" + std::string{to_string(key)} + "\":1}";
    ASSERT_NE(scan_chat(body).find(key), nullptr) << body;
    EXPECT_EQ(scan_chat(body).members[0].key, key);
  }
}

TEST(chat_edit, the_text_of_the_user_is_all_of_it_and_nothing_else) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({})", ""},
      {R"({"messages":[]})", ""},
      {R"({"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},
           {"role":"user","content":"c"}],"prompt":"d"})",
       "a\nc"},
      {R"({"messages":[{"role":"system","content":"a"},{"content":"b"},{"role":"user"},7,[]]})",
       ""},
      {R"({"messages":[{"content":"\"\\\/\b\f\n\r\t\u00e4\u20ac\ud83d\ude00ä","role":"us\u0065r"}]})",
       "\"\\/\b\f\n\r\t\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa4"},
      {R"({"messages":[{"role":"user","content":[{"type":"text","text":"a"},
           {"type":"image_url","text":"b"},{"text":"c"},"d",{"text":"e","type":"te\u0078t"},
           {"type":"text","text":1}]}]})",
       "a\ne"},
      {R"({"messages":[{"role":"user","content":"a","content":"b","role":"system"}]})", ""},
      {R"({"messages":[{"role":"user","content":"a","content":"b"}]})", "b"},
      {R"({"messages":[{"role":"user","content":"a"}],"messages":null,"prompt":"p"})", "p"},
      {R"({"prompt":["a",1,"b",["c"]]})", "a\nb"},
      {R"({"prompt":[1,2]})", ""},
      {R"({"prompt":7})", ""},
  };
  for (const auto& [body, text] : cases)
    EXPECT_EQ(user_text(body), text) << body;
}

TEST(chat_edit, a_model_is_set_wherever_one_stands) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({})", R"({"model":"x"})"},
      {R"( { } )", R"( {"model":"x" } )"},
      {R"({"a":1})", R"({"model":"x","a":1})"},
      {R"({"a":{"model":"no"}, "model" : "auto" ,"n":1.50})",
       R"({"a":{"model":"no"}, "model" : "x" ,"n":1.50})"},
      {R"({"model":null,"model":"a","mod\u0065l":{"b":[]}})",
       R"({"model":"x","model":"x","mod\u0065l":"x"})"},
  };
  for (const auto& [body, expected] : cases)
    EXPECT_EQ(edit(body, with_model("x")), expected);
  EXPECT_EQ(edit("{}", with_model("\"\n")), R"({"model":"\"\n"})");
}

TEST(chat_edit, the_member_for_the_gateway_goes_with_one_comma) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({})", R"({})"},
      {R"({"a":1})", R"({"a":1})"},
      {R"({"synapse":{"wait":true}})", R"({})"},
      {R"({"synapse":1,"a":2})", R"({"a":2})"},
      {R"({"a":2,"synapse":1})", R"({"a":2})"},
      {R"({"a":2 , "synapse" : [1,{}] , "b":3})", R"({"a":2  , "b":3})"},
      {R"({"synapse":1,"synapse":2})", R"({})"},
      {R"({"synapse":1,"synapse":2,"a":3})", R"({"a":3})"},
      {R"({"synapse":1,"a":3,"synapse":2})", R"({"a":3})"},
      {R"({"a":3,"synapse":1,"synapse":2})", R"({"a":3})"},
      {R"({"a":3,"synapse":1,"b":4,"synapse":2})", R"({"a":3,"b":4})"},
      {R"({"a":{"synapse":1}})", R"({"a":{"synapse":1}})"},
  };
  for (const auto& [body, expected] : cases)
    EXPECT_EQ(edit(body, without_synapse()), expected);
  auto both = without_synapse();
  both.model = "x";
  EXPECT_EQ(edit(R"({"synapse":1})", both), R"({"model":"x"})");
  EXPECT_EQ(edit(R"({"synapse":1,"a":2})", both), R"({"model":"x","a":2})");
}

TEST(chat_edit, a_field_is_set_where_it_is_absent_or_null) {
  const auto field = with_field(chat_key::temperature, "0.5");
  EXPECT_EQ(edit("{}", field), R"({"temperature":0.5})");
  EXPECT_EQ(edit(R"({ "a":1})", field), R"({"temperature":0.5, "a":1})");
  EXPECT_EQ(edit(R"({"temperature": null})", field), R"({"temperature": 0.5})");
  EXPECT_EQ(edit(R"({"temperature":0})", field), R"({"temperature":0})");
  EXPECT_EQ(edit(R"({"temperature":1,"temperature":null})", field),
            R"({"temperature":1,"temperature":0.5})");
  EXPECT_EQ(edit(R"({"temperature":null,"temperature":1})", field),
            R"({"temperature":null,"temperature":1})");
}

TEST(chat_edit, a_system_message_comes_first_unless_there_is_one) {
  const auto prompt = with_prompt("Be \"kind\".");
  EXPECT_EQ(
      edit(R"({"messages": [ {"role":"user","content":"a"} ]})", prompt),
      R"({"messages": [{"role":"system","content":"Be \"kind\"."}, {"role":"user","content":"a"} ]})");
  EXPECT_EQ(edit(R"({"messages":[ ]})", prompt),
            R"({"messages":[{"role":"system","content":"Be \"kind\"."} ]})");
  for (const char* body :
       {R"({"messages":[{"role":"user"},{"role":"system"}]})",
        R"({"messages":[{"role":"develop\u0065r","content":"a"}]})", R"({"messages":null})",
        R"({"messages":"a"})", R"({"prompt":"a"})", R"({})", R"({"messages":[],"messages":7})"})
    EXPECT_EQ(edit(body, prompt), body);
}

TEST(chat_edit, a_line_is_added_to_the_first_system_message) {
  const auto line = with_prompt("", "high");
  const std::pair<const char*, const char*> cases[] = {
      {R"({"messages":[{"role":"system","content":"a\u0062"},{"role":"system","content":"c"}]})",
       R"({"messages":[{"role":"system","content":"a\u0062\nReasoning: high"},{"role":"system","content":"c"}]})"},
      {R"({"messages":[{"role":"developer","content":""}]})",
       R"({"messages":[{"role":"developer","content":"Reasoning: high"}]})"},
      {R"({"messages":[{"role":"system","content":[{"type":"text","text":"a"} ]}]})",
       R"({"messages":[{"role":"system","content":[{"type":"text","text":"a"} ,{"type":"text","text":"Reasoning: high"}]}]})"},
      {R"({"messages":[{"role":"system","content":[ ]}]})",
       R"({"messages":[{"role":"system","content":[ {"type":"text","text":"Reasoning: high"}]}]})"},
      {R"({"messages":[{"role":"system","content":null}]})",
       R"({"messages":[{"role":"system","content":"Reasoning: high"}]})"},
      {R"({"messages":[{"role":"system"}]})",
       R"({"messages":[{"content":"Reasoning: high","role":"system"}]})"},
      {R"({"messages":[{"role":"user","content":"Reasoning: low"}]})",
       R"({"messages":[{"role":"system","content":"Reasoning: high"},{"role":"user","content":"Reasoning: low"}]})"},
      {R"({"messages":[{"role":"system","content":"My Reasoning: x"}]})",
       R"({"messages":[{"role":"system","content":"My Reasoning: x\nReasoning: high"}]})"},
  };
  for (const auto& [body, expected] : cases)
    EXPECT_EQ(edit(body, line), expected);
  for (
      const char* body :
      {R"({"messages":[{"role":"system","content":"Reasoning: low"}]})",
       R"({"messages":[{"role":"system","content":"a\n\u0052easoning:"}]})",
       R"({"messages":[{"role":"system","content":[{"type":"text","text":"a\nReasoning: low"}]}]})",
       R"({"messages":[{"role":"system","content":7}]})", R"({"prompt":"a"})"})
    EXPECT_EQ(edit(body, line), body);
}

TEST(chat_edit, a_new_system_message_has_prompt_and_line) {
  const std::string body = R"({"messages":[]})";
  EXPECT_EQ(edit(body, with_prompt("Be kind.", "low")),
            R"({"messages":[{"role":"system","content":"Be kind.\nReasoning: low"}]})");
  EXPECT_EQ(edit(body, with_prompt("Reasoning: none", "low")),
            R"({"messages":[{"role":"system","content":"Reasoning: none"}]})");
}

TEST(chat_edit, what_is_no_object_stays_as_it_is) {
  for (const char* body : {"", " ", "[]", "7", "\"a\""}) {
    const auto view = scan_chat(body);
    EXPECT_EQ(apply_edits(body, view, with_model("x")), body);
    EXPECT_EQ(user_text(body), "");
  }
}

/// Texts of requests, valid ones only, in every spelling JSON has.
class body_maker {
public:
  explicit body_maker(std::uint64_t seed) : dice_(seed) {}

  std::string body() {
    return blank() +
           object({"model", "messages", "prompt", "synapse", "temperature", "max_tokens", "x",
                   "messages"},
                  6, 3) +
           blank();
  }

private:
  std::string blank() {
    return dice_.one_in(3) ? dice_.pick<std::string>({" ", "\n", "\t \r\n"}) : "";
  }

  std::string string(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
      if (dice_.one_in(12)) {
        char code[8];
        std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(c));
        out += code;
      } else if (c == '\n') {
        out += "\\n";
      } else {
        out += (c == '"' || c == '\\') ? std::string{'\\', c} : std::string{c};
      }
    }
    return out + '"';
  }

  std::string any_text() {
    return dice_.pick<std::string>({"", "a", "user", "text", "two\nlines", "Reasoning: low",
                                    "x\nReasoning: y", "[{\"}]\\", std::string(40, '\\'),
                                    "a longer text without anything special in it at all"});
  }

  std::string scalar() {
    return dice_.pick<std::string>(
        {"null", "true", "false", "0", "-1.50e+3", "1", "12345678901234"});
  }

  std::string value(std::string_view name, int depth) {
    if (name == "role" || name == "type")
      return string(dice_.pick<std::string>({"user", "system", "developer", "text", "assistant"}));
    if (depth > 0 && (name == "messages" || (name == "content" && dice_.one_in(3))))
      return array(depth - 1);
    switch (dice_.below(depth > 0 ? 5 : 3)) {
    case 0:
      return scalar();
    case 3:
      return array(depth - 1);
    case 4:
      return object({"a", "role", "model"}, 3, depth - 1);
    default:
      return string(any_text());
    }
  }

  std::string object(const std::vector<std::string>& names, std::size_t most, int depth) {
    std::string out = "{" + blank();
    for (std::size_t i = 0, count = dice_.below(most + 1); i < count; ++i) {
      const auto name = dice_.pick(names);
      out += (i ? "," + blank() : "") + string(name) + blank() + ":" + blank() +
             value(name, depth) + blank();
    }
    return out + "}";
  }

  std::string array(int depth) {
    std::string out = "[" + blank();
    for (std::size_t i = 0, count = dice_.below(4); i < count; ++i)
      out += (i ? "," + blank() : "") +
             (dice_.one_in(4) ? value("", depth)
                              : object({"role", "content", "type", "text"}, 4, depth)) +
             blank();
    return out + "]";
  }

  test::dice dice_;
};

TEST(chat_edit, equals_the_same_edit_on_a_parsed_document) {
  body_maker maker(20260203);
  std::size_t changed = 0, texts = 0;
  for (unsigned round = 0; round < 60'000; ++round) {
    const auto body = maker.body();
    ASSERT_TRUE(inspect_json(body).ok()) << body;
    const auto document = nlohmann::json::parse(body);
    const auto edits = test::edits_of(round % test::all_edit_bits);
    const auto out = edit(body, edits);
    ASSERT_EQ(nlohmann::json::parse(out), test::reference_edit(document, edits))
        << body << "\nbecame\n"
        << out;
    ASSERT_EQ(user_text(body), test::reference_user_text(document)) << body;
    ASSERT_TRUE(!edits.empty() || out == body);
    // Made twice, it is as if made once.
    ASSERT_EQ(edit(out, edits), out) << body;
    changed += out != body ? 1 : 0;
    texts += user_text(body).empty() ? 0 : 1;
  }
  EXPECT_GT(changed, 30'000U);
  EXPECT_GT(texts, 2'000U);
}

} // namespace
} // namespace synapse::http
