#include "actors/models/profiles/profile_schema.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>

namespace synapse::models {
namespace {

using nlohmann::json;

TEST(profile_schema, the_family_is_told_by_the_id_in_any_case) {
  const std::pair<const char*, const char*> cases[] = {
      {"gpt-oss-20b", "gpt-oss"},
      {"GPT-OSS-120B-Q4", "gpt-oss"},
      {"gpt-oss", "generic"},
      {"unsloth/gpt-oss-20b", "generic"},
      {"GLM-4.7-Flash-Q4_K_M", "glm-4.7-flash"},
      {"my-glm-4.7-flash", "glm-4.7-flash"},
      {"glm-4.6", "generic"},
      {"Qwen3-8B-Q4_K_M", "qwen"},
      {"Qwen2.5-Coder-7B-Instruct-Q4_K_M", "qwen"},
      {"DeepSeek-R1-Distill-qwen-7B", "qwen"},
      {"gpt-oss-qwen", "gpt-oss"},
      {"llama-3", "generic"},
      {"", "generic"},
  };
  for (const auto& [id, family] : cases)
    EXPECT_EQ(to_string(family_of(id)), family) << id;
}

TEST(profile_schema, the_schema_lists_the_fields_of_the_family) {
  const auto schema = json::parse(schema_json("Qwen3-8B"));
  EXPECT_EQ(schema["model"], "Qwen3-8B");
  EXPECT_EQ(schema["family"], "qwen");
  ASSERT_TRUE(schema["notes"].is_array());
  struct row {
    const char* name;
    const char* type;
    json min, max, preset;
    const char* applies_at;
  };
  const row rows[] = {
      {"system_prompt", "string", nullptr, nullptr, "", "generation"},
      {"temperature", "number", 0, 2, 1, "generation"},
      {"top_p", "number", 0, 1, 0.95, "generation"},
      {"top_k", "integer", 1, 1000, 40, "generation"},
      {"min_p", "number", 0, 1, 0.01, "generation"},
      {"repeat_penalty", "number", 0, 3, 1, "generation"},
      {"max_tokens", "integer", 1, 32768, 16384, "generation"},
      {"runtime_ctx_size", "integer", 512, 131072, 16384, "load"},
  };
  ASSERT_EQ(schema["fields"].size(), std::size(rows));
  for (std::size_t i = 0; i < std::size(rows); ++i) {
    const auto& field = schema["fields"][i];
    EXPECT_EQ(field["name"], rows[i].name);
    EXPECT_EQ(field["type"], rows[i].type) << rows[i].name;
    EXPECT_EQ(field["default"], rows[i].preset) << rows[i].name;
    EXPECT_EQ(field["applies_at"], rows[i].applies_at) << rows[i].name;
    EXPECT_EQ(field.contains("min"), !rows[i].min.is_null()) << rows[i].name;
    EXPECT_EQ(field.contains("choices"), false);
    EXPECT_FALSE(field["label"].get<std::string>().empty());
    EXPECT_FALSE(field["description"].get<std::string>().empty());
    if (!rows[i].min.is_null()) {
      EXPECT_EQ(field["min"], rows[i].min);
      EXPECT_EQ(field["max"], rows[i].max);
    }
  }
  EXPECT_EQ(schema["fields"][1]["step"], 0.01);
}

TEST(profile_schema, gpt_oss_has_a_reasoning_effort) {
  const auto schema = json::parse(schema_json("gpt-oss-20b"));
  ASSERT_EQ(schema["fields"].size(), 9U);
  const auto& effort = schema["fields"][8];
  EXPECT_EQ(effort["name"], "reasoning_effort");
  EXPECT_EQ(effort["type"], "enum");
  EXPECT_EQ(effort["choices"], (json{"low", "medium", "high"}));
  EXPECT_EQ(effort["default"], "high");
  EXPECT_EQ(effort["applies_at"], "generation");
  EXPECT_EQ(find_field(model_family::generic, "reasoning_effort"), nullptr);
}

TEST(profile_schema, an_id_that_is_no_utf8_still_makes_json) {
  EXPECT_EQ(json::parse(schema_json("a\xff"))["model"], "a\xEF\xBF\xBD");
}

TEST(profile_schema, presets_are_values_of_their_own_fields) {
  for (const auto& field : fields_of(model_family::gpt_oss)) {
    const auto preset = to_json({{std::string{field.name}, field.preset}});
    const auto read = read_value(field, preset.front());
    ASSERT_TRUE(std::holds_alternative<profile_value>(read)) << field.name;
    EXPECT_EQ(std::get<profile_value>(read), field.preset) << field.name;
  }
}

TEST(profile_schema, good_values_are_read_as_what_they_are) {
  const auto read = read_values(
      model_family::gpt_oss,
      json::parse(R"({"temperature":1,"top_p":0.5,"top_k":1e1,"min_p":0,"max_tokens":32768.0,
                      "system_prompt":"ä\n","reasoning_effort":"low","repeat_penalty":null})"));
  ASSERT_TRUE(std::holds_alternative<value_changes>(read));
  const auto& changes = std::get<value_changes>(read);
  const profile_values expected{{"temperature", 1.0},
                                {"top_p", 0.5},
                                {"top_k", std::int64_t{10}},
                                {"min_p", 0.0},
                                {"max_tokens", std::int64_t{32768}},
                                {"system_prompt", std::string{"ä\n"}},
                                {"reasoning_effort", std::string{"low"}}};
  EXPECT_EQ(changes.set, expected);
  EXPECT_EQ(changes.unset, std::vector<std::string>{"repeat_penalty"});
  const auto& again = read_values(model_family::gpt_oss, to_json(changes.set));
  EXPECT_EQ(std::get<value_changes>(again).set, expected) << "what is written can be read";
}

TEST(profile_schema, bad_values_are_refused_by_name) {
  const double nan = std::nan("");
  const double inf = std::numeric_limits<double>::infinity();
  const struct {
    json object;
    const char* field;
    const char* says;
  } cases[] = {
      {{{"temprature", 1}}, "temprature", "did you mean \"temperature\"?"},
      {{{"zzz", nullptr}}, "zzz", "is no field"},
      {{{"reasoning_effort", "low"}}, "reasoning_effort", "is no field"},
      {{{"temperature", "1"}}, "temperature", "must be a number from 0 to 2"},
      {{{"temperature", true}}, "temperature", "must be a number"},
      {{{"temperature", 2.0001}}, "temperature", "from 0 to 2"},
      {{{"temperature", -0.01}}, "temperature", "from 0 to 2"},
      {{{"temperature", nan}}, "temperature", "from 0 to 2"},
      {{{"temperature", inf}}, "temperature", "from 0 to 2"},
      {{{"temperature", {1}}}, "temperature", "must be a number"},
      {{{"top_k", 1.5}}, "top_k", "must be a whole number from 1 to 1000"},
      {{{"top_k", 0}}, "top_k", "from 1 to 1000"},
      {{{"top_k", false}}, "top_k", "must be a whole number"},
      {{{"top_k", nan}}, "top_k", "must be a whole number"},
      {{{"max_tokens", 32769}}, "max_tokens", "from 1 to 32768"},
      {{{"max_tokens", 18446744073709551615U}}, "max_tokens", "from 1 to 32768"},
      {{{"max_tokens", 1e300}}, "max_tokens", "from 1 to 32768"},
      {{{"runtime_ctx_size", 511}}, "runtime_ctx_size", "from 512 to 131072"},
      {{{"system_prompt", 1}}, "system_prompt", "must be a text"},
      {{{"system_prompt", std::string(max_text_bytes + 1, 'x')}}, "system_prompt", "65536"},
      {json::array(), "", "an object"},
      {"temperature", "", "an object"},
  };
  for (const auto& one : cases) {
    const auto read = read_values(model_family::qwen, one.object);
    ASSERT_TRUE(std::holds_alternative<value_fault>(read)) << one.field << one.says;
    const auto& fault = std::get<value_fault>(read);
    EXPECT_EQ(fault.field, one.field);
    EXPECT_NE(fault.message.find(one.field), std::string::npos) << fault.message;
    EXPECT_NE(fault.message.find(one.says), std::string::npos) << fault.message;
  }
  const auto effort = read_values(model_family::gpt_oss, {{"reasoning_effort", "highest"}});
  ASSERT_TRUE(std::holds_alternative<value_fault>(effort));
  EXPECT_NE(std::get<value_fault>(effort).message.find("low, medium, high"), std::string::npos);
}

TEST(profile_schema, the_bounds_themselves_are_allowed) {
  for (const auto& field : fields_of(model_family::generic)) {
    if (field.type == field_type::text)
      continue;
    for (const double value : {field.min, field.max})
      EXPECT_TRUE(std::holds_alternative<profile_value>(read_value(field, value))) << field.name;
  }
  const auto* prompt = find_field(model_family::generic, "system_prompt");
  EXPECT_TRUE(
      std::holds_alternative<profile_value>(read_value(*prompt, std::string(max_text_bytes, 'x'))));
}

TEST(profile_schema, nothing_is_sent_that_is_not_stored) {
  EXPECT_EQ(sent_values({}), nlohmann::json::object());
  const profile_values stored{{"temperature", 0.5},
                              {"runtime_ctx_size", std::int64_t{512}},
                              {"system_prompt", std::string{"Be brief."}}};
  EXPECT_EQ(sent_values(stored),
            nlohmann::json(
                {{"temperature", 0.5}, {"runtime_ctx_size", 512}, {"system_prompt", "Be brief."}}));
  EXPECT_EQ(sent_values({{"system_prompt", std::string{}}}), nlohmann::json::object())
      << "no message is made of an empty one";
}

TEST(profile_schema, family_defaults_are_the_presets_of_all_fields) {
  const auto plain = family_defaults(model_family::generic);
  EXPECT_EQ(plain.size(), 8U);
  EXPECT_EQ(plain["temperature"], 1.0);
  EXPECT_EQ(plain["runtime_ctx_size"], 16384);
  EXPECT_FALSE(plain.contains("reasoning_effort"));
  EXPECT_EQ(family_defaults(model_family::gpt_oss)["reasoning_effort"], "high");
}

TEST(profile_schema, choices_are_taken_in_any_case_and_stored_in_one) {
  const auto* effort = find_field(model_family::gpt_oss, "reasoning_effort");
  ASSERT_NE(effort, nullptr);
  for (const char* spelling : {"high", "HIGH", "High", "hIgH"}) {
    const auto read = read_value(*effort, spelling);
    ASSERT_TRUE(std::holds_alternative<profile_value>(read)) << spelling;
    EXPECT_EQ(std::get<profile_value>(read), profile_value{std::string{"high"}}) << spelling;
  }
  for (const char* wrong : {"", "highest", "HIG", " high"})
    EXPECT_TRUE(std::holds_alternative<value_fault>(read_value(*effort, wrong))) << wrong;
}

} // namespace
} // namespace synapse::models
