#include "http/dialects/ollama/messages.hpp"
#include "tests/http/dialects/ollama/calls.hpp"

#include <random>
#include <vector>

namespace synapse::http::ollama {
namespace {

json messages_of(const std::string& messages) {
  return native_of(chat_call, chat_of(messages))["messages"];
}
std::string refused(const std::string& messages) {
  return refused_field(chat_call, chat_of(messages));
}
std::string user_with(const std::string& content) {
  return R"({"role":"user","content":)" + content + "}";
}
std::string image(const std::string& url) {
  return user_with(R"([{"type":"image_url","image_url":{"url":")" + url + R"("}}])");
}

TEST(ollama_messages, have_the_roles_that_the_server_knows) {
  EXPECT_EQ(messages_of(R"({"role":"developer","content":"a"},{"content":"b","role":"system"},
                           {"role":"user","content":"\u00e4 \"\n"},{"role":"assistant","content":"c"})"),
            json::parse(R"([{"role":"system","content":"a"},{"role":"system","content":"b"},
                            {"role":"user","content":"ä \"\n"},{"role":"assistant","content":"c"}])"));
  for (const auto* bad : {R"({"role":"function","content":"a"})", R"({"content":"a"})",
                          R"({"role":7,"content":"a"})"})
    EXPECT_EQ(refused(bad), "messages[0].role") << bad;
  EXPECT_EQ(refused(R"({"role":"user","content":"a"},[])"), "messages[1]");
}

TEST(ollama_messages, a_name_that_nobody_is_told_is_lossy) {
  EXPECT_EQ(call_of(chat_call, chat_of(R"({"role":"user","name":"Ann","content":"a"})")).lossy,
            std::vector<std::string_view>{"name"});
}

TEST(ollama_messages, parts_of_text_become_lines_and_images_stand_beside_them) {
  EXPECT_EQ(messages_of(user_with(
                R"([{"type":"text","text":"a\\"},
                    {"type":"image_url","image_url":{"url":"data:image/png;base64,iVBO","detail":"low"}},
                    {"text":"b","type":"text"},
                    {"type":"image_url","image_url":"DATA:image\/jpeg;BASE64,\/9j\/AA=="}])")),
            json::parse(R"([{"role":"user","content":"a\\\nb","images":["iVBO","/9j/AA=="]}])"));
  EXPECT_EQ(messages_of(user_with("[]")), json::parse(R"([{"role":"user","content":""}])"));
}

TEST(ollama_messages, an_image_that_is_elsewhere_or_is_none_is_refused) {
  const std::string place = "messages[0].content[0].image_url";
  for (const auto* url :
       {"http://a/b.png", "HTTPS://a/b.png", "", "data:", "data:image/png,abcd",
        "data:image/png;base64,", "data:image/png;base64,abc", "data:image/png;base64,a=bc",
        "data:image/png;base64,ab\\ncd", "data:image/png;base64,ab-_",
        "data:text/plain;base64,abcd", ";base64,abcd", "data:image/png;base64,\\u00e4ab"})
    EXPECT_EQ(refused(image(url)), place + ".url") << url;
  EXPECT_EQ(refused(user_with(R"([{"type":"image_url","image_url":7}])")), place);
  EXPECT_EQ(refused(user_with(R"([{"type":"image_url"}])")), place);
  EXPECT_EQ(refused(user_with(R"([{"type":"image_url","image_url":{"url":[]}}])")), place + ".url");
  const auto made = chat_call(chat_of(image("https://a/b.png")), plain_settings);
  EXPECT_NE(std::get<unfit>(made).message.find("data: URL"), std::string::npos);
}

TEST(ollama_messages, other_parts_are_refused_by_place) {
  EXPECT_EQ(refused(user_with("7")), "messages[0].content");
  EXPECT_EQ(refused(user_with("null")), "messages[0].content");
  EXPECT_EQ(refused(R"({"role":"user"})"), "messages[0].content");
  EXPECT_EQ(refused(user_with("[7]")), "messages[0].content[0].type");
  EXPECT_EQ(refused(user_with(R"([{"type":"text","text":"a"},{"type":"input_audio"}])")),
            "messages[0].content[1].type");
  EXPECT_EQ(refused(user_with(R"([{"type":"text","text":{}}])")), "messages[0].content[0].text");
}

TEST(ollama_messages, two_calls_at_once_and_their_results_find_each_other) {
  EXPECT_EQ(messages_of(
                R"({"role":"assistant","content":null,"reasoning_content":"Hm.","tool_calls":[
               {"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\": [1, 2.50]}"}},
               {"id":"c2","type":"function","function":{"name":"g","arguments":""}}]},
             {"role":"tool","tool_call_id":"c2","content":"two"},
             {"role":"tool","tool_call_id":"\u0063\u0031","content":[{"type":"text","text":"one"}]})"),
            json::parse(
                R"([{"role":"assistant","content":"","thinking":"Hm.","tool_calls":[
                {"id":"c1","function":{"index":0,"name":"f","arguments":{"a":[1,2.50]}}},
                {"id":"c2","function":{"index":1,"name":"g","arguments":{}}}]},
              {"role":"tool","content":"two","tool_call_id":"c2","tool_name":"g"},
              {"role":"tool","content":"one","tool_call_id":"c1","tool_name":"f"}])"));
}

TEST(ollama_messages, arguments_keep_every_digit_and_the_order_of_their_members) {
  const std::string arguments = R"({"z":12345678901234567890123,"a":1.50,"a":"\u00e4\/"})";
  const auto call =
      call_of(chat_call, chat_of(R"({"role":"assistant","tool_calls":[{"function":{"name":"f",
                                     "arguments":)" +
                                 json(arguments).dump() + "}}]}"));
  EXPECT_NE(call.body.find("\"arguments\":" + arguments + "}"), std::string::npos) << call.body;
}

TEST(ollama_messages, a_result_names_its_function_where_no_call_of_it_is_there) {
  EXPECT_EQ(messages_of(R"({"role":"tool","name":"f","content":"a"},
                           {"role":"tool","tool_call_id":"x","content":"b"})"),
            json::parse(R"([{"role":"tool","content":"a","tool_name":"f"},
                            {"role":"tool","content":"b","tool_call_id":"x"}])"));
  EXPECT_EQ(refused(R"({"role":"tool","content":"a"})"), "messages[0].tool_call_id");
  EXPECT_EQ(refused(R"({"role":"tool","tool_call_id":1,"name":"f","content":"a"})"),
            "messages[0].tool_call_id");
}

TEST(ollama_messages, calls_that_are_none_are_refused_by_place) {
  const auto with = [](const std::string& calls) {
    return refused(R"({"role":"user","content":"a"},{"role":"assistant","tool_calls":)" + calls +
                   "}");
  };
  const std::string place = "messages[1].tool_calls";
  EXPECT_EQ(with("{}"), place);
  EXPECT_EQ(with("[7]"), place + "[0].function");
  EXPECT_EQ(with(R"([{"function":{"name":7}}])"), place + "[0].function.name");
  EXPECT_EQ(with(R"([{"function":{"name":"f"}},{"id":7,"function":{"name":"f"}}])"),
            place + "[1].id");
  const std::string deep = std::string(200, '[') + std::string(200, ']');
  for (const auto* bad : {"7", "[1]", R"("[1]")", R"("{")", R"("{\"a\":1}}")", R"("nonsense")"})
    EXPECT_EQ(with(R"([{"function":{"name":"f","arguments":)" + std::string{bad} + "}}]"),
              place + "[0].function.arguments")
        << bad;
  EXPECT_EQ(with(R"([{"function":{"name":"f","arguments":"{\"a\":)" + deep + R"(}"}}])"),
            place + "[0].function.arguments");
}

// ---- made-up chats ----

class chat_maker {
public:
  explicit chat_maker(unsigned seed) : random_(seed) {}

  /// A chat of OpenAI's, and the messages that the server has to get.
  std::pair<json, json> make() {
    json messages = json::array(), wanted = json::array();
    for (auto left = below(8) + 1; left > 0; --left)
      add(messages, wanted);
    return {json{{"messages", messages}, {"temperature", below(20) / 10.0}}, wanted};
  }

private:
  unsigned below(unsigned bound) { return random_() % bound; }

  std::string text() {
    static const std::vector<std::string> pieces{"a",    "Zeit",      "\"",     "\\", "\n",
                                                 "\t",   "é",         "你好",   "😀",  "</s>",
                                                 "\x01", "{\"a\":1}", "\u2028", "/",  " "};
    std::string made;
    for (auto left = below(12); left > 0; --left)
      made += pieces[below(static_cast<unsigned>(pieces.size()))];
    return made;
  }
  json value(unsigned depth) {
    switch (below(depth > 3 ? 4 : 6)) {
    case 0:
      return text();
    case 1:
      return static_cast<std::int64_t>(random_()) - (1LL << 31);
    case 2:
      return below(1000) / 8.0;
    case 3:
      return below(2) == 0 ? json() : json(true);
    case 4:
      return json::array({value(depth + 1), value(depth + 1)});
    default:
      return json{{text(), value(depth + 1)}, {"k", value(depth + 1)}};
    }
  }

  void add(json& messages, json& wanted) {
    switch (below(5)) {
    case 0: {
      const auto said = text();
      messages.push_back({{"role", below(2) == 0 ? "system" : "developer"}, {"content", said}});
      wanted.push_back({{"role", "system"}, {"content", said}});
      return;
    }
    case 1: {
      const auto one = "x" + text(), two = "y" + text();
      messages.push_back(
          {{"role", "user"},
           {"content",
            {{{"type", "text"}, {"text", one}},
             {{"type", "image_url"}, {"image_url", {{"url", "data:image/webp;base64,UklG"}}}},
             {{"type", "text"}, {"text", two}}}}});
      wanted.push_back({{"role", "user"}, {"content", one + "\n" + two}, {"images", {"UklG"}}});
      return;
    }
    case 2:
      return add_calls(messages, wanted);
    default: {
      const auto said = text();
      const auto* role = below(2) == 0 ? "user" : "assistant";
      messages.push_back({{"role", role}, {"content", said}});
      wanted.push_back({{"role", role}, {"content", said}});
    }
    }
  }
  void add_calls(json& messages, json& wanted) {
    json calls = json::array(), natives = json::array(), results = json::array(),
         native_results = json::array();
    for (unsigned i = 0, count = below(3) + 1; i < count; ++i) {
      const auto id = "call_" + std::to_string(next_id_++) + text();
      const auto name = "f" + std::to_string(below(9)) + text();
      const json arguments{{"a", value(0)}, {text(), value(0)}};
      const auto result = text();
      calls.push_back({{"id", id},
                       {"type", "function"},
                       {"function", {{"name", name}, {"arguments", arguments.dump()}}}});
      natives.push_back(
          {{"id", id}, {"function", {{"index", i}, {"name", name}, {"arguments", arguments}}}});
      results.push_back({{"role", "tool"}, {"tool_call_id", id}, {"content", result}});
      native_results.push_back(
          {{"role", "tool"}, {"tool_call_id", id}, {"tool_name", name}, {"content", result}});
    }
    messages.push_back({{"role", "assistant"}, {"content", nullptr}, {"tool_calls", calls}});
    wanted.push_back({{"role", "assistant"}, {"content", ""}, {"tool_calls", natives}});
    for (std::size_t i = results.size(); i-- > 0;) {
      messages.push_back(results[i]);
      wanted.push_back(native_results[i]);
    }
  }

  std::mt19937 random_;
  unsigned next_id_ = 0;
};

TEST(ollama_messages, everything_that_is_said_arrives_in_ten_thousand_made_up_chats) {
  chat_maker maker{20260901};
  for (int round = 0; round < 10000; ++round) {
    const auto [chat, wanted] = maker.make();
    // Spelled in either way.
    const auto native =
        native_of(chat_call, chat.dump(round % 3 == 0 ? 1 : -1, ' ', round % 2 == 0));
    ASSERT_EQ(native["messages"], wanted) << chat.dump();
    ASSERT_EQ(native["options"]["temperature"], chat["temperature"]);
  }
}

TEST(ollama_messages, a_chat_that_was_damaged_anywhere_is_refused_or_still_json) {
  chat_maker maker{7};
  std::mt19937 random{11};
  const std::vector<json> junk{
      nullptr, 7, "x", true, json::array(), json::object(), -1e300, json::array({json::object()})};
  for (int round = 0; round < 3000; ++round) {
    auto chat = maker.make().first.flatten();
    auto at = chat.begin();
    std::advance(at, random() % chat.size());
    *at = junk[random() % 3]; // flattened values are none but simple ones
    auto whole = chat.unflatten();
    auto& message = whole["messages"][random() % whole["messages"].size()];
    if (message.is_object() && !message.empty() && round % 2 == 0) {
      auto member = message.begin();
      std::advance(member, random() % message.size());
      member.value() = junk[random() % junk.size()];
    }
    const auto body = whole.dump();
    const auto made = chat_call(body, plain_settings);
    if (const auto* call = std::get_if<native_call>(&made))
      ASSERT_TRUE(inspect_json(call->body).ok()) << body << "\n" << call->body;
    else
      ASSERT_FALSE(std::get<unfit>(made).field.empty()) << body;
  }
}

} // namespace
} // namespace synapse::http::ollama
