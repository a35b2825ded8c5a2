#include "http/core/json/json_body.hpp"
#include "tests/http/core/support.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace synapse::http {
namespace {

/// Both ways in, which must agree.
json_inspection inspect(const std::string& body) {
  const test::exact_copy exact(body);
  const json_inspection out = inspect_json({exact.begin(), exact.size()});
  std::string padded = body;
  padded.append(json_padding, '\xff'); // whatever stands there must not matter
  const json_inspection other =
      inspect_padded_json(std::string_view(padded).substr(0, body.size()));
  EXPECT_EQ(out.error, other.error) << body;
  EXPECT_EQ(out.model, other.model);
  EXPECT_EQ(out.stream, other.stream);
  EXPECT_EQ(out.message, other.message);
  EXPECT_EQ(out.ok(), out.message.empty()) << body;
  return out;
}

TEST(inspect_json, a_chat_request) {
  const json_inspection r =
      inspect(R"({"model":"Qwen3-8B-Q4_K_M","messages":[{"role":"user","content":"h\u00e4?"}],)"
              R"("stream":true,"stream_options":{"include_usage":true},"temperature":0.5})");
  ASSERT_TRUE(r.ok()) << r.message;
  EXPECT_EQ(r.model_kind, json_kind::string);
  EXPECT_EQ(r.model, "Qwen3-8B-Q4_K_M");
  EXPECT_EQ(r.stream_kind, json_kind::boolean);
  EXPECT_TRUE(r.stream);
  EXPECT_TRUE(r.include_usage);
}

TEST(inspect_json, absent_and_odd_members) {
  const json_inspection none = inspect("{}");
  EXPECT_TRUE(none.ok());
  EXPECT_EQ(none.model_kind, json_kind::absent);
  EXPECT_EQ(none.stream_kind, json_kind::absent);
  EXPECT_FALSE(none.stream);
  const json_inspection odd =
      inspect(R"( {"model":null,"stream":"true","stream_options":[true]} )");
  EXPECT_TRUE(odd.ok());
  EXPECT_EQ(odd.model_kind, json_kind::null);
  EXPECT_EQ(odd.stream_kind, json_kind::string);
  EXPECT_FALSE(odd.stream);
  EXPECT_FALSE(odd.include_usage);
  EXPECT_EQ(inspect(R"({"model":{"a":1},"stream":1})").model_kind, json_kind::object);
  EXPECT_EQ(inspect(R"({"model":[],"stream":1})").model_kind, json_kind::array);
  EXPECT_EQ(inspect(R"({"model":7,"stream":1})").stream_kind, json_kind::number);
  EXPECT_EQ(inspect(R"({"model":false})").model_kind, json_kind::boolean);
  EXPECT_EQ(inspect(R"({"model":"a\"b\u0041\n"})").model, "a\"bA\n");
}

TEST(inspect_json, only_the_top_level_counts) {
  const json_inspection r =
      inspect(R"({"x":{"model":"no","stream":true,"stream_options":{"include_usage":true}},)"
              R"("messages":[{"model":"no"}],"stream_options":{"x":{"include_usage":true}}})");
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r.model_kind, json_kind::absent);
  EXPECT_FALSE(r.stream);
  EXPECT_FALSE(r.include_usage);
}

TEST(inspect_json, the_last_of_repeated_keys_counts) {
  const json_inspection r =
      inspect(R"({"model":"a","stream":true,"model":"b","stream":false,)"
              R"("stream_options":{"include_usage":true},"stream_options":{}})");
  EXPECT_EQ(r.model, "b");
  EXPECT_FALSE(r.stream);
  EXPECT_FALSE(r.include_usage);
  EXPECT_EQ(inspect(R"({"model":"a","model":5})").model, "");
}

TEST(inspect_json, the_member_for_the_gateway) {
  const json_inspection none = inspect("{}");
  EXPECT_EQ(none.synapse_kind, json_kind::absent);
  EXPECT_EQ(none.wait_kind, json_kind::absent);
  EXPECT_FALSE(none.wait);
  struct {
    const char* members;
    json_kind synapse;
    json_kind wait_kind;
    bool wait;
  } const cases[] = {
      {R"("synapse":{})", json_kind::object, json_kind::absent, false},
      {R"("synapse":{"wait":true})", json_kind::object, json_kind::boolean, true},
      {R"("synapse":{"wait":false,"x":[{"wait":true}]})", json_kind::object, json_kind::boolean,
       false},
      {R"("synapse":{"wait":true,"wait":1})", json_kind::object, json_kind::number, false},
      {R"("synapse":{"wait":{"wait":true}})", json_kind::object, json_kind::object, false},
      {R"("synapse":{"wait":null})", json_kind::object, json_kind::null, false},
      {R"("synapse":{"wait":[true]})", json_kind::object, json_kind::array, false},
      {R"("synapse":{"wait":"true"})", json_kind::object, json_kind::string, false},
      {R"("synapse":true)", json_kind::boolean, json_kind::absent, false},
      {R"("synapse":[{"wait":true}])", json_kind::array, json_kind::absent, false},
      {R"("synapse":null)", json_kind::null, json_kind::absent, false},
      {R"("synapse":{"wait":true},"synapse":{})", json_kind::object, json_kind::absent, false},
      {R"("synapse":{"wait":true},"synapse":7)", json_kind::number, json_kind::absent, false},
      {R"("a":{"synapse":{"wait":true},"wait":true},"wait":true)", json_kind::absent,
       json_kind::absent, false},
      {R"("stream_options":{"wait":true},"synapse":{"include_usage":true})", json_kind::object,
       json_kind::absent, false},
  };
  for (const auto& c : cases)
    // The second kind of number is for the careful reader, which has to see the same.
    for (const char* number : {"1", "123456789012345678901234567890"}) {
      const auto r = inspect("{" + std::string{c.members} + ",\"n\":" + number + "}");
      ASSERT_TRUE(r.ok()) << c.members << r.message;
      EXPECT_EQ(r.synapse_kind, c.synapse) << c.members << number;
      EXPECT_EQ(r.wait_kind, c.wait_kind) << c.members << number;
      EXPECT_EQ(r.wait, c.wait) << c.members << number;
      EXPECT_FALSE(r.include_usage) << c.members << number;
    }
}

TEST(inspect_json, bad_bodies) {
  struct {
    const char* body;
    json_error error;
    std::size_t offset;
  } const cases[] = {
      {"", json_error::empty, 0},
      {" \r\n\t", json_error::empty, 0},
      {"[]", json_error::not_object, 0},
      {"[{\"model\":\"a\"}]", json_error::not_object, 0},
      {"null", json_error::not_object, 0},
      {"\"model\"", json_error::not_object, 0},
      {"12", json_error::not_object, 0},
      {"12345678901234567890123", json_error::not_object, 0},
      {"[12345678901234567890123]", json_error::not_object, 0},
      {"{", json_error::syntax, 1},
      {"{\"a\":1", json_error::syntax, 6},
      {"{\"a\":1,}", json_error::syntax, 7},
      {"{\"a\" 1}", json_error::syntax, 5},
      {"{'a':1}", json_error::syntax, 1},
      {"{\"a\":01}", json_error::syntax, 6},
      {"{\"a\":+1}", json_error::syntax, 5},
      {"{\"a\":NaN}", json_error::syntax, 5},
      {"{\"a\":tru}", json_error::syntax, 8},
      {"{\"a\":\"\\x\"}", json_error::syntax, 7},
      {"{\"a\":\"\n\"}", json_error::syntax, 6},
      {"{\"a\":\"\\ud800\"}", json_error::syntax, 12},
      {"{}{}", json_error::syntax, 2},
      {"{} x", json_error::syntax, 3},
      {"{/**/}", json_error::syntax, 1},
      {"model=a&stream=true", json_error::syntax, 0},
      {"\xEF\xBB\xBF{}", json_error::syntax, 0},
      {"{\"a\":\"\xff\"}", json_error::utf8, 6},
      {"{\"a\":\"\xc0\xaf\"}", json_error::utf8, 6},
      {"{\"a\":\"\xed\xa0\x80\"}", json_error::utf8, 7},
      {"{\"a\":1e400}", json_error::number, 9},
  };
  for (const auto& c : cases) {
    const json_inspection r = inspect(c.body);
    EXPECT_EQ(static_cast<int>(r.error), static_cast<int>(c.error)) << c.body << r.message;
    if (c.error == json_error::syntax) {
      EXPECT_EQ(r.offset, c.offset) << c.body;
    }
  }
  using namespace std::string_literals;
  EXPECT_EQ(inspect("{\"a\":\"\0\"}"s).error, json_error::syntax);
  EXPECT_EQ(inspect("{}\0"s).error, json_error::syntax);
}

TEST(inspect_json, messages_tell_where) {
  EXPECT_EQ(inspect("{\"a\":1,}").message, "the request body is not valid JSON: error at byte 7");
  EXPECT_EQ(inspect("{\"a\":").message,
            "the request body is not valid JSON: it ends too early, after 5 bytes");
  EXPECT_EQ(inspect("[]").message, "the request body must be a JSON object");
}

TEST(inspect_json, numbers_no_machine_type_holds_are_still_json) {
  const json_inspection r = inspect(
      R"({"model":"a","seed":123456789012345678901234567890,"stream":true,"x":[1,{"model":"no"}],)"
      R"("stream_options":{"a":{},"include_usage":true,"b":[{}]}})");
  ASSERT_TRUE(r.ok()) << r.message;
  EXPECT_EQ(r.model, "a");
  EXPECT_EQ(r.model_kind, json_kind::string);
  EXPECT_TRUE(r.stream);
  EXPECT_TRUE(r.include_usage);
  // The careful reader's view of the members equals the fast one's.
  for (const char* body :
       {R"({"model":"a","model":5)", R"({"model":null,"stream":"x")",
        R"({"stream":true,"stream":0)",
        R"({"stream_options":{"include_usage":true},"stream_options":{})",
        R"({"stream_options":{"include_usage":true,"include_usage":null})",
        R"({"stream_options":{"x":{"include_usage":true}})", R"({"stream_options":true)",
        R"({"x":[{"stream_options":{"include_usage":true}}],"model":{"a":{}})"}) {
    const json_inspection fast = inspect(std::string(body) + "}");
    const json_inspection careful =
        inspect(std::string(body) + ",\"n\":123456789012345678901234567890}");
    ASSERT_TRUE(fast.ok() && careful.ok()) << body;
    EXPECT_EQ(fast.model, careful.model) << body;
    EXPECT_EQ(fast.model_kind, careful.model_kind) << body;
    EXPECT_EQ(fast.stream, careful.stream) << body;
    EXPECT_EQ(fast.stream_kind, careful.stream_kind) << body;
    EXPECT_EQ(fast.include_usage, careful.include_usage) << body;
  }
}

std::string nested(std::size_t levels) {
  // The object itself is one of them.
  return "{\"a\":" + std::string(levels - 1, '[') + std::string(levels - 1, ']') + "}";
}

TEST(inspect_json, depth) {
  EXPECT_TRUE(inspect(nested(2)).ok());
  EXPECT_TRUE(inspect(nested(json_max_depth)).ok());
  EXPECT_EQ(inspect(nested(json_max_depth + 1)).error, json_error::too_deep);
  EXPECT_EQ(inspect(nested(100'000)).error, json_error::too_deep);
  EXPECT_EQ(inspect(std::string(1'000'000, '[')).error, json_error::too_deep);
}

TEST(inspect_json, large_bodies) {
  const std::string body = "{\"model\":\"m\",\"input\":\"" + std::string(3'000'000, 'x') + "\"}";
  EXPECT_EQ(inspect(body).model, "m");
  EXPECT_TRUE(inspect(nested(json_max_depth)).ok()); // the bounds hold with a new parser, too
  EXPECT_EQ(inspect(nested(json_max_depth + 1)).error, json_error::too_deep);
  EXPECT_EQ(inspect(body.substr(0, body.size() - 1)).error, json_error::syntax);
}

TEST(inspect_json, agrees_with_another_parser_on_mutated_bodies) {
  test::dice random(8);
  const std::vector<std::string> bodies = {
      R"({"model":"a","messages":[{"role":"user","content":"Hi \u00e4 \"x\" ü"}],"stream":true})",
      R"({"a":[1,-2.5e3,0.1,true,false,null,"",{}],"stream_options":{"include_usage":true}})",
      R"({"model":"\ud83d\ude00 😀","n":1,"x":{"y":{"z":[[],[[]]]}}})"};
  std::size_t valid = 0;
  for (int i = 0; i < 30'000; ++i) {
    std::string body = random.pick(bodies);
    test::mutate(body, random);
    const json_inspection r = inspect(body);
    const auto reference = nlohmann::json::parse(body, nullptr, false);
    // The other one skips a byte order mark and takes a NUL for the end.
    const bool odd = body.starts_with("\xEF\xBB\xBF") || body.find('\0') != std::string::npos;
    ASSERT_EQ(r.ok(), !odd && !reference.is_discarded() && reference.is_object())
        << testing::PrintToString(body) << r.message;
    if (!r.ok())
      continue;
    ++valid;
    const auto model = reference.find("model");
    ASSERT_EQ(r.model, model != reference.end() && model->is_string() ? model->get<std::string>()
                                                                      : std::string());
    const auto stream = reference.find("stream");
    ASSERT_EQ(r.stream, stream != reference.end() && *stream == true);
  }
  EXPECT_GT(valid, 3'000u);
}

} // namespace
} // namespace synapse::http
