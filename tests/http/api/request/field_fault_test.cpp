// Faults of requests in the words that FastAPI 0.1xx with pydantic 2 has for the same requests: its
// answers to them were looked at.
#include "http/api/request/field_fault.hpp"
#include "http/api/request/value_checks.hpp"
#include "http/api/speech/speech_request.hpp"

#include <gtest/gtest.h>

namespace synapse::api {
namespace {

using json = nlohmann::json;
using ordered = nlohmann::ordered_json;

json listed(const std::optional<refusal>& why) {
  if (!why)
    return json::array();
  EXPECT_EQ(why->detail, http::response_detail::unprocessable);
  EXPECT_FALSE(why->message.empty() || why->field.empty());
  return json::parse(why->list, nullptr, false);
}

using reader = std::optional<refusal> (*)(const ordered&, speech_request&);

json faults_of(reader read, const char* body) {
  speech_request into;
  return listed(read(ordered::parse(body), into));
}

TEST(field_faults, of_a_synthesis_are_pydantics) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"text":"x"})", "[]"},
      {R"({"text":"x","voice_id":null,"language":null,"speed":null,"split_sentences":null})", "[]"},
      {"{}", R"([{"type":"missing","loc":["body","text"],"msg":"Field required","input":{}}])"},
      {R"({"text":""})",
       R"([{"type":"string_too_short","loc":["body","text"],
       "msg":"String should have at least 1 character","input":"","ctx":{"min_length":1}}])"},
      {R"({"text":null})",
       R"([{"type":"string_type","loc":["body","text"],"msg":"Input should be a valid string",
       "input":null}])"},
      {R"({"text":5})",
       R"([{"type":"string_type","loc":["body","text"],"msg":"Input should be a valid string",
       "input":5}])"},
      {R"({"text":"x","speed":3})",
       R"([{"type":"less_than_equal","loc":["body","speed"],
       "msg":"Input should be less than or equal to 2","input":3,"ctx":{"le":2.0}}])"},
      {R"({"text":"x","speed":0.1})",
       R"([{"type":"greater_than_equal","loc":["body","speed"],
       "msg":"Input should be greater than or equal to 0.5","input":0.1,"ctx":{"ge":0.5}}])"},
      {R"({"text":"x","speed":"fast"})",
       R"([{"type":"float_parsing","loc":["body","speed"],
       "msg":"Input should be a valid number, unable to parse string as a number",
       "input":"fast"}])"},
      {R"({"text":"x","speed":[]})",
       R"([{"type":"float_type","loc":["body","speed"],"msg":"Input should be a valid number",
       "input":[]}])"},
      {R"({"text":"x","split_sentences":"maybe"})",
       R"([{"type":"bool_parsing","loc":["body","split_sentences"],
       "msg":"Input should be a valid boolean, unable to interpret input","input":"maybe"}])"},
      {R"({"text":"x","split_sentences":3})",
       R"([{"type":"bool_parsing","loc":["body","split_sentences"],
       "msg":"Input should be a valid boolean, unable to interpret input","input":3}])"},
      {R"({"text":"x","split_sentences":[]})",
       R"([{"type":"bool_type","loc":["body","split_sentences"],
       "msg":"Input should be a valid boolean","input":[]}])"},
      {R"({"text":"x","voice_id":5})",
       R"([{"type":"string_type","loc":["body","voice_id"],"msg":"Input should be a valid string",
       "input":5}])"},
      {R"({"text":"x","language":"xx"})",
       R"([{"type":"value_error","loc":["body","language"],
       "msg":"Value error, unknown; GET /tts/languages lists what there is","input":"xx",
       "ctx":{"error":{}}}])"},
      {R"({"speed":9,"language":4})",
       R"([{"type":"missing","loc":["body","text"],"msg":"Field required",
       "input":{"speed":9,"language":4}},
       {"type":"string_type","loc":["body","language"],"msg":"Input should be a valid string",
       "input":4},
       {"type":"less_than_equal","loc":["body","speed"],
       "msg":"Input should be less than or equal to 2","input":9,"ctx":{"le":2.0}}])"},
  };
  for (const auto& [body, faults] : cases)
    EXPECT_EQ(faults_of(read_synthesis, body), json::parse(faults)) << body;
}

TEST(field_faults, of_an_interpolation_are_pydantics_to_the_depth) {
  const auto mix = [](const std::string& voices) {
    return faults_of(read_interpolation, (R"({"text":"x","voices":)" + voices + "}").c_str());
  };
  const std::pair<const char*, const char*> cases[] = {
      {R"([{"voice_id":"a","weight":0.5},{"voice_id":"b","weight":0.5}])", "[]"},
      {"5", R"([{"type":"list_type","loc":["body","voices"],"msg":"Input should be a valid list",
      "input":5}])"},
      {"null", R"([{"type":"list_type","loc":["body","voices"],
      "msg":"Input should be a valid list","input":null}])"},
      {"[]", R"([{"type":"too_short","loc":["body","voices"],
      "msg":"List should have at least 2 items after validation, not 0","input":[],
      "ctx":{"field_type":"List","min_length":2,"actual_length":0}}])"},
      {"[1,2,3,4,5,6]", R"([{"type":"too_long","loc":["body","voices"],
      "msg":"List should have at most 5 items after validation, not 6","input":[1,2,3,4,5,6],
      "ctx":{"field_type":"List","max_length":5,"actual_length":6}}])"},
      {R"([5,{}])", R"([{"type":"model_attributes_type","loc":["body","voices",0],
      "msg":"Input should be a valid dictionary or object to extract fields from","input":5},
      {"type":"missing","loc":["body","voices",1,"voice_id"],"msg":"Field required","input":{}},
      {"type":"missing","loc":["body","voices",1,"weight"],"msg":"Field required","input":{}}])"},
      {R"([{"voice_id":"a","weight":0},{"voice_id":"b","weight":2}])",
       R"([{"type":"greater_than","loc":["body","voices",0,"weight"],
       "msg":"Input should be greater than 0","input":0,"ctx":{"gt":0.0}},
       {"type":"less_than_equal","loc":["body","voices",1,"weight"],
       "msg":"Input should be less than or equal to 1","input":2,"ctx":{"le":1.0}}])"},
      {R"([{"voice_id":5,"weight":"x"},{"voice_id":null,"weight":null}])",
       R"([{"type":"string_type","loc":["body","voices",0,"voice_id"],
       "msg":"Input should be a valid string","input":5},
       {"type":"float_parsing","loc":["body","voices",0,"weight"],
       "msg":"Input should be a valid number, unable to parse string as a number","input":"x"},
       {"type":"string_type","loc":["body","voices",1,"voice_id"],
       "msg":"Input should be a valid string","input":null},
       {"type":"float_type","loc":["body","voices",1,"weight"],
       "msg":"Input should be a valid number","input":null}])"},
      {R"([{"voice_id":"a","weight":0.5},{"voice_id":"b","weight":0.1}])",
       R"([{"type":"value_error","loc":["body","voices"],
       "msg":"Value error, the weights have to sum up to 1",
       "input":[{"voice_id":"a","weight":0.5},{"voice_id":"b","weight":0.1}],
       "ctx":{"error":{}}}])"},
  };
  for (const auto& [voices, faults] : cases)
    EXPECT_EQ(mix(voices), json::parse(faults)) << voices;
  EXPECT_EQ(faults_of(read_interpolation, R"({"text":"x"})"),
            json::parse(R"([{"type":"missing","loc":["body","voices"],"msg":"Field required",
            "input":{"text":"x"}}])"));
}

TEST(field_faults, of_forms_are_pydantics) {
  const auto of = [](const field_fault& fault, const char* input) {
    return listed(refusal_for("n", fault, input));
  };
  EXPECT_FALSE(check_whole_number("", 1, 100, "m"));
  EXPECT_FALSE(check_whole_number("1", 1, 100, "m"));
  EXPECT_FALSE(check_whole_number("100", 1, 100, "m"));
  EXPECT_EQ(of(check_whole_number("two", 1, 100, "m"), "two"),
            json::parse(R"([{"type":"int_parsing","loc":["body","n"],
            "msg":"Input should be a valid integer, unable to parse string as an integer",
            "input":"two"}])"));
  EXPECT_EQ(of(check_whole_number("0", 1, 100, "m"), "0"),
            json::parse(R"([{"type":"greater_than_equal","loc":["body","n"],
            "msg":"Input should be greater than or equal to 1","input":"0","ctx":{"ge":1}}])"));
  EXPECT_EQ(of(check_whole_number("101", 1, 100, "m"), "101"),
            json::parse(R"([{"type":"less_than_equal","loc":["body","n"],
            "msg":"Input should be less than or equal to 100","input":"101","ctx":{"le":100}}])"));
  EXPECT_EQ(of(check_boolean("maybe"), "maybe"),
            json::parse(R"([{"type":"bool_parsing","loc":["body","n"],
            "msg":"Input should be a valid boolean, unable to interpret input",
            "input":"maybe"}])"));
  EXPECT_EQ(listed(missing_field("file")),
            json::parse(R"([{"type":"missing","loc":["body","file"],"msg":"Field required",
            "input":null}])"));
  constexpr std::string_view formats[] = {"wav", "mp3", "flac"};
  EXPECT_EQ(of(fault_literal(formats, "m"), "aiff"),
            json::parse(R"([{"type":"literal_error","loc":["body","n"],
            "msg":"Input should be 'wav', 'mp3' or 'flac'","input":"aiff",
            "ctx":{"expected":"'wav', 'mp3' or 'flac'"}}])"));
  EXPECT_EQ(of(fault_string_length(9, 0, 3), "xxxxx"),
            json::parse(R"([{"type":"string_too_long","loc":["body","n"],
            "msg":"String should have at most 3 characters","input":"xxxxx",
            "ctx":{"max_length":3}}])"));
}

TEST(field_faults, show_what_was_sent_within_bounds) {
  speech_request into;
  const std::string fits(5001, 'x');
  const auto why = listed(read_synthesis(ordered{{"text", fits}}, into));
  EXPECT_EQ(why[0]["type"], "string_too_long");
  EXPECT_EQ(why[0]["input"], fits);
  const std::string large(200'000, 'x');
  for (const auto& body : {ordered{{"text", large}}, ordered{{"language", "en"}, {"more", large}}})
    EXPECT_LT(read_synthesis(body, into)->list.size(), 34'000U);
  const auto half = listed(refusal_for("n", fault_value("m"), std::string(32'767, 'x') + "üü"));
  EXPECT_EQ(half[0]["input"], std::string(32'767, 'x') + "…") << "no half of a character";
}

} // namespace
} // namespace synapse::api
