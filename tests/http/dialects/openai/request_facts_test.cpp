#include "http/core/json/json_body.hpp"
#include "http/dialects/openai/request_facts.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <map>
#include <random>

namespace synapse::http::openai {
namespace {

using facts_json = nlohmann::ordered_json;
using field_map = std::map<std::string, std::string, std::less<>>;

TEST(request_facts, of_a_plain_chat) {
  const std::string body = R"({"model":"m","messages":[{"role":"system","content":"Be kind"},
    {"role":"user","content":"Hi"},{"role":"user","content":"later"}]})";
  const auto facts = facts_of(body);
  EXPECT_EQ(facts.first_system, R"("Be kind")");
  EXPECT_EQ(facts.first_user, R"("Hi")");
  EXPECT_EQ(facts.text_bytes, body.size());
  EXPECT_FALSE(facts.images || facts.audio || facts.tools || facts.schema);
  EXPECT_TRUE(facts.tags.empty());
}

TEST(request_facts, white_space_anywhere_changes_nothing) {
  const std::string body =
      "\n{ \"messages\" :\t \n [ { \"content\" : \"a\" , \"role\" : \"user\" } ,"
      " {\"role\":\"developer\",\"content\":\"d\"} ] , \"prompt_cache_key\" :"
      " \"key\" }";
  const auto facts = facts_of(body);
  EXPECT_EQ(facts.first_user, R"("a")");
  EXPECT_EQ(facts.first_system, R"("d")");
}

TEST(request_facts, images_and_recordings_are_needed_and_no_text) {
  const std::string picture(50'000, 'A');
  facts_json body;
  body["messages"] = {{{"role", "user"},
                       {"content",
                        {{{"type", "text"}, {"text", "look"}},
                         {{"image_url", {{"url", picture}}}, {"type", "image_url"}},
                         {{"type", "input_audio"}, {"input_audio", {{"data", picture}}}}}}}};
  const auto text = body.dump();
  const auto facts = facts_of(text);
  EXPECT_TRUE(facts.images);
  EXPECT_TRUE(facts.audio);
  EXPECT_LT(facts.text_bytes, 1'000U);
  EXPECT_GT(facts.text_bytes, 20U);
}

TEST(request_facts, tools_and_schemas_are_needed) {
  EXPECT_TRUE(facts_of(R"({"tools":[{"type":"function"}]})").tools);
  EXPECT_FALSE(facts_of(R"({"tools":[]})").tools);
  EXPECT_FALSE(facts_of(R"({"tools":[ ]})").tools);
  EXPECT_FALSE(facts_of(R"({"tools":null})").tools);
  EXPECT_TRUE(facts_of(R"({"response_format":{"type":"json_schema","json_schema":{}}})").schema);
  EXPECT_FALSE(facts_of(R"({"response_format":{"type":"json_object"}})").schema);
  EXPECT_FALSE(facts_of(R"({"messages":[{"role":"user","content":"tools"}]})").tools);
}

TEST(request_facts, tags_are_those_of_the_metadata_and_not_too_many) {
  const auto facts = facts_of(R"({"tags":["no"],"metadata":{"x":1,"tags":["eu",7,"a\"b",null]}})");
  EXPECT_EQ(facts.tags, (std::vector<std::string>{"eu", "a\"b"}));
  facts_json many;
  for (int i = 0; i < 100; ++i)
    many["metadata"]["tags"].push_back("t" + std::to_string(i));
  EXPECT_EQ(facts_of(many.dump()).tags.size(), 16U);
  EXPECT_TRUE(facts_of(R"({"metadata":{"tags":"eu"}})").tags.empty());
  EXPECT_TRUE(facts_of(R"({"metadata":null})").tags.empty());
}

TEST(request_facts, of_completions_and_embeddings) {
  EXPECT_EQ(facts_of(R"({"prompt":"Once"})").first_user, R"("Once")");
  EXPECT_EQ(facts_of(R"({"input":["a","b"]})").first_user, R"(["a","b"])");
}

TEST(request_facts, of_what_is_no_such_request) {
  for (const std::string body :
       {"", "[]", "null", "7", "\"messages\"", "{}", R"({"messages":7})", R"({"messages":[7,[]]})",
        R"({"messages":[{"content":[7,{}]}]})"}) {
    const auto facts = facts_of(body);
    EXPECT_EQ(facts.text_bytes, body.size()) << body;
    EXPECT_FALSE(facts.images || facts.audio || facts.tools) << body;
  }
}

TEST(request_facts, reads_nothing_outside_of_a_text_wherever_it_ends) {
  const std::string body =
      R"({"messages":[{"role":"user","content":[{"type":"image_url","x":"\""}]}],)"
      R"("metadata":{"tags":["a\u0041","b"]},"tools":[{}],"prompt_cache_key":"k"})";
  for (std::size_t length = 0; length <= body.size(); ++length) {
    const std::vector<char> exact(body.begin(), body.begin() + static_cast<long>(length));
    const auto facts = facts_of({exact.data(), exact.size()});
    EXPECT_LE(facts.text_bytes, length);
    (void)with_fields({exact.data(), exact.size()}, {{"a", "1"}});
  }
}

// ---- fields that are filled in ----

TEST(with_fields, adds_what_is_not_there_and_changes_nothing_else) {
  const field_map fields{{"temperature", "0.5"}, {"stop", R"(["x"])"}};
  EXPECT_EQ(with_fields(R"({"a":1})", fields), R"({"stop":["x"],"temperature":0.5,"a":1})");
  EXPECT_EQ(with_fields("{ \"temperature\" : 1.0 }", fields),
            "{\"stop\":[\"x\"], \"temperature\" : 1.0 }");
  EXPECT_EQ(with_fields("{}", fields), R"({"stop":["x"],"temperature":0.5})");
  EXPECT_EQ(with_fields("{ \n }", {{"a", "1"}}), "{\"a\":1 \n }");
  EXPECT_EQ(with_fields(R"({"x":1})", {}), R"({"x":1})");
}

TEST(with_fields, knows_a_name_however_it_is_spelled) {
  EXPECT_EQ(with_fields(R"({"\u0073top":null})", {{"stop", "1"}}), R"({"\u0073top":null})");
  EXPECT_EQ(with_fields(R"({"x":{"stop":1}})", {{"stop", "1"}}), R"({"stop":1,"x":{"stop":1}})");
}

TEST(with_fields, leaves_what_is_no_object_alone) {
  for (const auto* body : {"", "[]", "7", "null", "\"{\""})
    EXPECT_EQ(with_fields(body, {{"a", "1"}}), body);
}

// ---- made-up bodies, against another reader ----

class facts_maker {
public:
  explicit facts_maker(unsigned seed) : random_(seed) {}

  facts_json body() {
    facts_json made = facts_json::object();
    for (unsigned i = below(6); i > 0; --i)
      made[name()] = value(3);
    if (below(2) == 0)
      for (unsigned i = below(4); i > 0; --i)
        made["messages"].push_back(message());
    return made;
  }
  unsigned below(unsigned limit) { return static_cast<unsigned>(random_() % limit); }

private:
  std::string name() {
    constexpr const char* names[] = {"a\"b", "stop",  "temperature", "metadata", "tools",
                                     "tags", "input", "\n",          "ä",        "model"};
    return names[below(10)];
  }
  facts_json value(unsigned depth) {
    switch (below(depth == 0 ? 4 : 6)) {
    case 0:
      return below(100);
    case 1:
      return nullptr;
    case 2:
      return name() + "\\" + name();
    case 3:
      return below(2) == 0;
    case 4: {
      auto list = facts_json::array();
      for (unsigned i = below(4); i > 0; --i)
        list.push_back(value(depth - 1));
      return list;
    }
    default: {
      auto map = facts_json::object();
      for (unsigned i = below(4); i > 0; --i)
        map[name()] = value(depth - 1);
      return map;
    }
    }
  }
  facts_json message() {
    constexpr const char* roles[] = {"user", "system", "assistant", "developer"};
    facts_json made{{"role", roles[below(4)]}};
    if (below(2) == 0) {
      made["content"] = value(1);
    } else {
      made["content"] = facts_json::array();
      for (unsigned i = below(3); i > 0; --i)
        made["content"].push_back(
            {{"type", below(2) == 0 ? "text" : "image_url"}, {"x", value(2)}});
    }
    return made;
  }
  std::minstd_rand random_;
};

std::string content_of_first(const facts_json& body, bool user) {
  if (body.contains("messages"))
    for (const auto& one : body["messages"])
      if ((one["role"] == "user") == user && one["role"] != "assistant")
        return one["content"].dump();
  return {};
}

TEST(request_facts, agree_with_another_reader_about_made_up_bodies) {
  facts_maker maker(11);
  for (int i = 0; i < 5'000; ++i) {
    auto body = maker.body();
    body.erase("input");
    const auto text = body.dump(maker.below(2) == 0 ? -1 : 2);
    ASSERT_TRUE(inspect_json(text).ok());
    const auto facts = facts_of(text);
    const auto same = [](std::string_view view) {
      return view.empty() ? std::string{} : facts_json::parse(view).dump();
    };
    ASSERT_EQ(same(facts.first_user), content_of_first(body, true)) << text;
    ASSERT_EQ(same(facts.first_system), content_of_first(body, false)) << text;
    ASSERT_EQ(facts.tools,
              body.contains("tools") && body["tools"].is_array() && !body["tools"].empty())
        << text;
  }
}

TEST(with_fields, agrees_with_another_writer_about_made_up_bodies) {
  facts_maker maker(12);
  for (int i = 0; i < 5'000; ++i) {
    const auto body = maker.body();
    const field_map fields{{"stop", "[1]"}, {"a\"b", "{}"}, {"new", "null"}};
    const auto made = with_fields(body.dump(maker.below(2) == 0 ? -1 : 1), fields);
    ASSERT_TRUE(inspect_json(made).ok()) << made;
    auto expected = nlohmann::json::parse(body.dump());
    for (const auto& [name, value] : fields)
      if (!expected.contains(name))
        expected[name] = nlohmann::json::parse(value);
    ASSERT_EQ(nlohmann::json::parse(made), expected) << made;
  }
}

} // namespace
} // namespace synapse::http::openai
