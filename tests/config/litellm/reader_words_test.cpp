// Each key that does not do what it does in LiteLLM: the words about it, with file, line and key.
#include "tests/config/litellm/reading.hpp"

#include <gtest/gtest.h>

namespace synapse::config::litellm {
namespace {

struct row {
  std::string keys; ///< what is added to an entry, or below it
  std::string told;
};

TEST(litellm_words, params_of_an_entry) {
  const std::string at = "c.yaml:6: model_list[0].litellm_params.";
  const std::vector<row> rows{
      {"num_retries: 2", "warning: " + at +
                             "num_retries: limits a request that has reached this deployment to 3 "
                             "attempts over all deployments\n"},
      {"max_retries: 0", "warning: " + at +
                             "max_retries: limits a request that has reached this deployment to 1 "
                             "attempt over all deployments\n"},
      {"tags: [free]", "warning: c.yaml:2: model_list[0]: its tags are left out, because "
                       "enable_tag_filtering is off\n"},
      {"drop_params: true", "warning: " + at +
                                "drop_params: no field is dropped: requests pass as they are, and "
                                "what a backend refuses is answered as it says\n"},
      {"temprature: 1", "warning: " + at +
                            "temprature: unknown key, which is filled into requests as it stands "
                            "(did you mean \"temperature\"?)\n"},
      {"aws_region_name: us", at + "aws_region_name: is for Amazon's services, which are not "
                                   "supported\n"},
      {"vertex_project: p", at + "vertex_project: is for Google's Vertex AI, which is not "
                                 "supported\n"},
      {"mock_response: hi", at + "mock_response: answers that nobody made are not supported\n"},
      {"api_key: os.environ/K", at + "api_key: the environment variable \"K\" is not set\n"},
      {"seed: os.environ/K", at + "seed: the environment variable \"K\" is not set\n"},
      {"rpm: many", at + "rpm: must be a number from 0 to 4294967295\n"},
      {"order: 1.5", at + "order: must be a whole number\n"},
      {"weight: -1", at + "weight: must be a number from 0 to 1e+06\n"},
      {"ssl_verify: perhaps", at + "ssl_verify: must be true or false\n"},
      {"timeout: [1]", at + "timeout: must be a single value\n"},
      {"extra_headers: {\"a b\": c}", at + "extra_headers.a b: is no name of a header\n"},
      {"extra_body: {model: x}", at + "extra_body.model: must not be filled into requests\n"},
      {"litellm_credential_name: c", at + "litellm_credential_name: unknown credential \"c\"\n"},
  };
  for (const row& one : rows)
    EXPECT_EQ(read_text(entry_with(one.keys)).told(), one.told) << one.keys;
}

TEST(litellm_words, keys_below_the_entries) {
  const std::vector<row> rows{
      {"    model_info: {mode: chatt}\n",
       "warning: c.yaml:6: model_list[0].model_info.mode: unknown mode; what the model can do is "
       "found out (did you mean \"chat\"?)\n"},
      {"    model_info: {mode: image_generation}\n",
       "warning: c.yaml:6: model_list[0].model_info.mode: such requests are not served: nothing is "
       "sent to this deployment\n"},
      {"    model_inf: {}\n", "warning: c.yaml:6: model_list[0].model_inf: unknown key, which does "
                              "nothing here (did you mean \"model_info\"?)\n"},
      {"routre_settings: {}\n",
       "warning: c.yaml:6: routre_settings: unknown key, which does nothing "
       "here (did you mean \"router_settings\"?)\n"},
      {"guardrails: []\n", "warning: c.yaml:6: guardrails: guardrails are not run: requests and "
                           "answers pass as they are\n"},
      {"router_settings: {routing_strategy: simple-shufle}\n",
       "c.yaml:6: router_settings.routing_strategy: unknown strategy (did you mean "
       "\"simple-shuffle\"?)\n"},
      {"router_settings: {routing_strategy_args: {ttl: 10}}\n",
       "warning: c.yaml:6: router_settings.routing_strategy_args: the strategies have no further "
       "settings\n"},
      {"router_settings: {retry_after: 5}\n",
       "note: c.yaml:6: router_settings.retry_after: no pause is made while another deployment can "
       "answer; else the backend's Retry-After counts\n"},
      {"router_settings: {retry_policy: {BadRequestErrorRetries: 0}}\n", ""},
      {"router_settings: {retry_policy: {BadRequestErrorRetries: 1}}\n",
       "warning: c.yaml:6: router_settings.retry_policy.BadRequestErrorRetries: what the client "
       "got "
       "wrong is not sent again\n"},
      {"router_settings: {retry_policy: {TimeoutErrorRetries: 1}}\n",
       "warning: c.yaml:6: router_settings.retry_policy.TimeoutErrorRetries: attempts are not "
       "counted by the kind of failure; num_retries counts for all\n"},
      {"router_settings: {allowed_fails_policy: {AuthenticationErrorAllowedFails: 1}}\n",
       "warning: c.yaml:6: router_settings.allowed_fails_policy.AuthenticationErrorAllowedFails: a "
       "key that is refused takes the deployment out at once\n"},
      {"router_settings: {disable_cooldowns: true}\n",
       "warning: c.yaml:6: router_settings.disable_cooldowns: a deployment that fails is left "
       "alone "
       "for a while all the same\n"},
      {"router_settings: {ignore_invalid_deployments: true}\n",
       "warning: c.yaml:6: router_settings.ignore_invalid_deployments: an entry of model_list that "
       "is wrong is an error\n"},
      {"router_settings: {redis_password: sesame}\n",
       "warning: c.yaml:6: router_settings.redis_password: state is kept in each gateway; Redis is "
       "not asked\n"},
      {"router_settings: {tag_filtering_match_any: false}\n",
       "warning: c.yaml:6: router_settings.tag_filtering_match_any: does nothing without "
       "enable_tag_filtering\n"},
      {"router_settings: {default_litellm_params: {seed: 1}}\n",
       "warning: c.yaml:6: router_settings.default_litellm_params: write these keys into the "
       "entries of model_list\n"},
      {"litellm_settings: {callbacks: [langfuse]}\n",
       "warning: c.yaml:6: litellm_settings.callbacks: callbacks are not called; see the metrics "
       "and "
       "the access log instead\n"},
      {"litellm_settings: {cache: true}\n",
       "warning: c.yaml:6: litellm_settings.cache: answers are not cached\n"},
      {"litellm_settings: {num_retires: 1}\n",
       "warning: c.yaml:6: litellm_settings.num_retires: unknown key, which does nothing here (did "
       "you mean \"num_retries\"?)\n"},
      {"litellm_settings: {request_timeout: 5}\nrouter_settings: {timeout: 6}\n",
       "warning: c.yaml:6: litellm_settings.request_timeout: stands in router_settings, too, which "
       "goes before this\n"},
      {"litellm_settings: {fallbacks: [{a: [bb]}]}\n",
       "c.yaml:6: litellm_settings.fallbacks[0].a[0]: \"bb\" is no model of model_list\n"},
      {"litellm_settings: {fallbacks: [{b: [a]}]}\n",
       "warning: c.yaml:6: litellm_settings.fallbacks[0].b: is no model of model_list: never asked "
       "for (did you mean \"a\"?)\n"},
      {"router_settings: {model_group_alias: {x: bb}}\n",
       "c.yaml:6: router_settings.model_group_alias.x: names no model of model_list\n"},
      {"general_settings: {database_url: \"postgres://u:sesame@h/d\"}\n",
       "warning: c.yaml:6: general_settings.database_url: there is no database: models stand in "
       "this file\n"},
      {"general_settings: {alerting: [slack]}\n", "warning: c.yaml:6: general_settings.alerting: "
                                                  "alerts are not sent; see the metrics instead\n"},
  };
  for (const row& one : rows)
    EXPECT_EQ(read_text(with_section(one.keys)).told(), one.told) << one.keys;
}

TEST(litellm_words, a_key_that_guards_the_gateway_must_not_be_ignored) {
  const std::string why = ": the gateway does not check keys of clients yet, and without this "
                          "everybody could use it; remove the key if whoever reaches the gateway "
                          "may do so\n";
  for (const std::string key :
       {"master_key: sk-1", "custom_auth: mine.py", "enable_jwt_auth: true"})
    EXPECT_EQ(read_text(with_section("general_settings:\n  " + key + "\n")).told(),
              "c.yaml:7: general_settings." + key.substr(0, key.find(':')) + why);
  EXPECT_EQ(
      read_text(with_section("general_settings: {master_key: , enable_jwt_auth: false}\n")).told(),
      "");
  EXPECT_EQ(read_text(entry_with(""), {{"LITELLM_MASTER_KEY", "sk-1"}}).told(),
            "environment: LITELLM_MASTER_KEY" + why);
}

TEST(litellm_words, all_mistakes_are_told_at_once) {
  const auto found = read_text("model_list:\n"
                               "  - model_name: a\n"
                               "    litellm_params: {model: olama/x}\n"
                               "  - model_name: b\n"
                               "    litellm_params: {model: bedrock/x}\n"
                               "  - litellm_params: {model: ollama/x}\n"
                               "  - model_name: d\n"
                               "  - {model_name: e, litellm_params: {model: huggingface/x/y}}\n"
                               "litellm_settings: {fallbacks: [{a: [zz]}]}\n");
  EXPECT_EQ(found.told(),
            "c.yaml:3: model_list[0].litellm_params.model: unknown provider \"olama\"; for what "
            "speaks OpenAI's API write openai/ before the model's name (did you mean \"ollama\"?)\n"
            "c.yaml:5: model_list[1].litellm_params.model: the provider \"bedrock\" is not "
            "supported\n"
            "c.yaml:6: model_list[2]: needs model_name, a text of at most 256 bytes\n"
            "c.yaml:7: model_list[3]: needs litellm_params, a map with model\n"
            "c.yaml:8: model_list[4].litellm_params.model: needs api_base\n"
            "c.yaml:9: litellm_settings.fallbacks[0].a[0]: \"zz\" is no model of model_list\n");
}

TEST(litellm_words, the_same_words_are_said_once) {
  std::string text = "model_list:\n";
  for (int i = 0; i < 20; ++i)
    text += "  - {model_name: a" + std::to_string(i) +
            ", litellm_params: {model: ollama/a, drop_params: true}}\n";
  const auto found = read_text(text);
  ASSERT_EQ(found.problems.size(), 1u) << found.told();
  EXPECT_EQ(found.problems[0].line, 2u);
  EXPECT_TRUE(found.problems[0].message.ends_with("(and in 19 other places)"));
}

TEST(litellm_words, no_key_is_ever_told) {
  for (const std::string keys :
       {"api_key: [sesame]", "api_key: {a: sesame}", "timeout: os.environ/S", "order: os.environ/S",
        "ssl_verify: os.environ/S", "api_base: os.environ/S", "base_url: \"http://u:sesame@h\""}) {
    const auto told = read_text(entry_with(keys), {{"S", "sesame"}}).told();
    EXPECT_EQ(told.find("sesame"), std::string::npos) << told;
  }
}

} // namespace
} // namespace synapse::config::litellm
