#include "config/litellm/parts/params.hpp"

#include "config/litellm/text/json.hpp"
#include "config/values/values.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>
#include <utility>

namespace synapse::config::litellm {

namespace {

constexpr std::size_t max_tags = 32;
constexpr std::size_t max_fields = 64;
constexpr unsigned max_attempts = 100;
constexpr std::uint64_t max_unsigned = std::numeric_limits<unsigned>::max();
constexpr double tokens_of_price = 1e6;
constexpr std::uint64_t max_tokens = 1'000'000'000'000;

/// Fields of requests, whose values are filled in where a request has none.
constexpr auto request_fields = std::to_array<std::string_view>({"temperature",
                                                                 "top_p",
                                                                 "top_k",
                                                                 "min_p",
                                                                 "typical_p",
                                                                 "max_tokens",
                                                                 "max_completion_tokens",
                                                                 "stop",
                                                                 "seed",
                                                                 "n",
                                                                 "presence_penalty",
                                                                 "frequency_penalty",
                                                                 "repetition_penalty",
                                                                 "repeat_penalty",
                                                                 "repeat_last_n",
                                                                 "logit_bias",
                                                                 "logprobs",
                                                                 "top_logprobs",
                                                                 "response_format",
                                                                 "reasoning_effort",
                                                                 "reasoning",
                                                                 "thinking",
                                                                 "think",
                                                                 "tools",
                                                                 "tool_choice",
                                                                 "parallel_tool_calls",
                                                                 "functions",
                                                                 "function_call",
                                                                 "stream",
                                                                 "stream_options",
                                                                 "user",
                                                                 "store",
                                                                 "service_tier",
                                                                 "verbosity",
                                                                 "modalities",
                                                                 "audio",
                                                                 "keep_alive",
                                                                 "num_ctx",
                                                                 "num_predict",
                                                                 "num_gpu",
                                                                 "num_thread",
                                                                 "num_batch",
                                                                 "mirostat",
                                                                 "mirostat_eta",
                                                                 "mirostat_tau",
                                                                 "tfs_z",
                                                                 "format",
                                                                 "options",
                                                                 "template",
                                                                 "system",
                                                                 "chat_template_kwargs",
                                                                 "guided_json",
                                                                 "guided_regex",
                                                                 "guided_choice",
                                                                 "dimensions",
                                                                 "encoding_format",
                                                                 "input_type",
                                                                 "truncate",
                                                                 "voice",
                                                                 "speed",
                                                                 "language",
                                                                 "prompt",
                                                                 "suffix",
                                                                 "best_of",
                                                                 "echo",
                                                                 "safety_identifier",
                                                                 "prompt_cache_key",
                                                                 "web_search_options"});

/// What the gateway does in the place of what a key asks for.
constexpr auto ignored_params = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"drop_params", "no field is dropped: requests pass as they are, and what a backend refuses "
                    "is answered as it says"},
    {"additional_drop_params", "no field is dropped: requests pass as they are"},
    {"allowed_openai_params", "every field of a request is passed on"},
    {"modify_params", "requests pass as they are"},
    {"merge_reasoning_content_in_choices", "reasoning is passed on where the backend puts it"},
    {"cache_control_injection_points", "nothing is put into prompts"},
    {"metadata", "is not sent; tags belong into tags"},
    {"use_in_pass_through", "there are no pass-through routes"},
    {"use_litellm_proxy", "write the provider litellm_proxy/ instead"},
    {"max_budget", "there are no budgets"},
    {"budget_duration", "there are no budgets"},
    {"tag_regex", "only whole tags are compared"},
    {"region_name", "regions are not looked at"},
    {"prompt_id", "prompts are not filled in"},
    {"guardrails", "guardrails are not run"},
    {"model_info", "is looked for beside litellm_params"},
    {"input_cost_per_second", "only costs per token are compared"},
    {"output_cost_per_second", "only costs per token are compared"},
    {"input_cost_per_character", "only costs per token are compared"},
    {"output_cost_per_character", "only costs per token are compared"},
    {"cache_read_input_token_cost", "only costs per token of input and output are compared"},
    {"cache_creation_input_token_cost", "only costs per token of input and output are compared"},
    {"configurable_clientside_auth_params", "clients cannot choose keys or addresses"},
    {"default_api_key_tpm_limit", "there are no limits by key"},
    {"default_api_key_rpm_limit", "there are no limits by key"},
});

/// Without these LiteLLM would ask somebody whom the gateway cannot ask.
constexpr auto refused_params = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"aws_", "is for Amazon's services, which are not supported"},
    {"vertex_", "is for Google's Vertex AI, which is not supported"},
    {"mock_", "answers that nobody made are not supported"},
    {"azure_ad_token", "is not supported: write api_key"},
    {"tenant_id", "Microsoft Entra ID is not supported: write api_key"},
    {"client_id", "Microsoft Entra ID is not supported: write api_key"},
    {"client_secret", "Microsoft Entra ID is not supported: write api_key"},
});

bool is_header_name(std::string_view name) {
  return !name.empty() && name.size() <= longest_name &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
         });
}

/// One reading of `litellm_params`.
class params_reader {
public:
  params_reader(params& found, model_entry& into, context& say)
      : found_(found), into_(into), say_(say) {}

  bool read(const spot& at);

private:
  using handler = void (params_reader::*)(const spot&);
  struct row {
    std::string_view key;
    handler take;
  };
  static std::span<const row> table();
  static std::span<const std::string_view> known_keys();

  void model(const spot& at) { found_.model = say_.text(at); }
  void custom_provider(const spot& at) { found_.custom_provider = say_.text(at).value_or(""); }
  void base(const spot& at) {
    if (!at.is_null())
      found_.base = at;
  }
  void key(const spot& at) {
    if (!at.is_null())
      found_.key = at;
  }
  void api_version(const spot& at) { found_.api_version = say_.text(at).value_or(""); }
  void verify(const spot& at) { found_.verify = say_.flag(at).value_or(true); }
  void order(const spot& at) { into_.order = say_.count(at, 1'000'000); }
  void weight(const spot& at) { into_.weight = say_.number(at, 0, 1e6); }
  void rpm(const spot& at) { take_unsigned(at, into_.what.rpm); }
  void tpm(const spot& at) {
    into_.what.tpm = static_cast<std::size_t>(say_.count(at, max_tokens).value_or(0));
  }
  void parallel(const spot& at) { take_unsigned(at, into_.what.max_requests); }
  void timeout(const spot& at) { into_.total = say_.seconds(at); }
  void stream_timeout(const spot& at) { into_.first_token = say_.seconds(at); }
  void retries(const spot& at) { take_retries(at, found_.retries); }
  void sdk_retries(const spot& at) { take_retries(at, found_.sdk_retries); }
  void allowed_fails(const spot& at) {
    if (const auto value = say_.count(at, 1'000'000))
      into_.what.failures = static_cast<unsigned>(*value) + 1;
  }
  void cooldown(const spot& at) { into_.what.cooldown = say_.seconds(at).value_or(milliseconds{}); }
  void tags(const spot& at) {
    into_.what.tags = say_.texts(at, max_tags).value_or(std::vector<std::string>{});
  }
  void cost_input(const spot& at) { take_cost(at, into_.what.cost_input); }
  void cost_output(const spot& at) { take_cost(at, into_.what.cost_output); }
  void organization(const spot& at) {
    if (auto value = say_.text(at))
      take_header(at, "OpenAI-Organization", std::move(*value));
  }
  void headers(const spot& at);
  void extra_body(const spot& at);
  void credential_name(const spot&) {} // its values are among the keys

  void take_unsigned(const spot& at, unsigned& into) {
    into = static_cast<unsigned>(say_.count(at, max_unsigned).value_or(0));
  }
  void take_retries(const spot& at, std::optional<unsigned>& into);
  void take_cost(const spot& at, double& into) {
    into = say_.number(at, 0, 1e6).value_or(0) * tokens_of_price;
  }
  void take_header(const spot& at, const std::string& name, std::string value);
  void take_field(const spot& at, const std::string& name);

  params& found_;
  model_entry& into_;
  context& say_;
};

std::span<const params_reader::row> params_reader::table() {
  using self = params_reader;
  static constexpr auto rows = std::to_array<row>({
      {"model", &self::model},
      {"custom_llm_provider", &self::custom_provider},
      {"api_base", &self::base},
      {"base_url", &self::base},
      {"api_key", &self::key},
      {"api_version", &self::api_version},
      {"ssl_verify", &self::verify},
      {"order", &self::order},
      {"weight", &self::weight},
      {"rpm", &self::rpm},
      {"tpm", &self::tpm},
      {"max_parallel_requests", &self::parallel},
      {"timeout", &self::timeout},
      {"request_timeout", &self::timeout},
      {"stream_timeout", &self::stream_timeout},
      {"num_retries", &self::retries},
      {"max_retries", &self::sdk_retries},
      {"allowed_fails", &self::allowed_fails},
      {"cooldown_time", &self::cooldown},
      {"tags", &self::tags},
      {"input_cost_per_token", &self::cost_input},
      {"output_cost_per_token", &self::cost_output},
      {"organization", &self::organization},
      {"headers", &self::headers},
      {"extra_headers", &self::headers},
      {"extra_body", &self::extra_body},
      {"litellm_credential_name", &self::credential_name},
  });
  return rows;
}

std::span<const std::string_view> params_reader::known_keys() {
  static const auto names = [] {
    std::vector<std::string_view> all{request_fields.begin(), request_fields.end()};
    for (const row& one : table())
      all.push_back(one.key);
    return all;
  }();
  return names;
}

void params_reader::take_retries(const spot& at, std::optional<unsigned>& into) {
  const auto value = say_.count(at, max_attempts - 1);
  if (!value)
    return;
  into = static_cast<unsigned>(*value);
  say_.warn(at, "limits a request that has reached this deployment to " +
                    std::to_string(*value + 1) + (*value == 0 ? " attempt" : " attempts") +
                    " over all deployments");
}

void params_reader::take_header(const spot& at, const std::string& name, std::string value) {
  if (!is_header_name(name))
    say_.refuse(at, "is no name of a header");
  else if (value.size() > 4096 || !is_printable(value))
    say_.refuse(at, "must be at most 4096 bytes without control characters");
  else
    into_.what.headers[name] = std::move(value);
  if (at.is_text() && variable_in(at.node->text))
    into_.from_environment.push_back("headers." + name);
}

void params_reader::headers(const spot& at) {
  if (!say_.expect_map(at))
    return;
  for (const yaml_entry& entry : at.node->entries) {
    const spot one = at.at(entry);
    if (into_.what.headers.size() >= max_fields) {
      say_.refuse(at, "must not have more than " + std::to_string(max_fields) + " entries");
      return;
    }
    if (auto value = say_.text(one))
      take_header(one, entry.key, std::move(*value));
  }
}

void params_reader::take_field(const spot& at, const std::string& name) {
  if (at.is_null())
    return;
  if (into_.what.defaults.size() >= max_fields || name.size() > longest_name)
    say_.refuse(at, "an entry must not have more than " + std::to_string(max_fields) +
                        " fields with names of at most " + std::to_string(longest_name) + " bytes");
  else if (name == "model" || name == "messages")
    say_.refuse(at, "must not be filled into requests");
  else if (auto value = json_of(at, say_)) {
    into_.what.defaults[name] = std::move(value->text);
    if (value->from_environment)
      into_.from_environment.push_back("defaults." + name);
  }
}

void params_reader::extra_body(const spot& at) {
  if (!say_.expect_map(at))
    return;
  for (const yaml_entry& entry : at.node->entries)
    if (!say_.is_full())
      take_field(at.at(entry), entry.key);
}

bool params_reader::read(const spot& at) {
  const std::string_view key = at.name;
  for (const row& one : table())
    if (one.key == key) {
      (this->*one.take)(at);
      return true;
    }
  for (const auto& [name, words] : ignored_params)
    if (name == key) {
      say_.warn(at, std::string{words});
      return true;
    }
  for (const auto& [beginning, words] : refused_params)
    if (key.starts_with(beginning)) {
      say_.refuse(at, std::string{words});
      return false;
    }
  take_field(at, at.name);
  if (std::find(request_fields.begin(), request_fields.end(), key) == request_fields.end())
    say_.warn_unknown(at, "unknown key, which is filled into requests as it stands", known_keys());
  return true;
}

} // namespace

bool read_params(const std::vector<spot>& keys, params& found, model_entry& into, context& say) {
  params_reader reader{found, into, say};
  bool usable = true;
  for (const spot& at : keys)
    usable = reader.read(at) && usable;
  if (const auto attempts = found.retries ? found.retries : found.sdk_retries)
    into.what.attempts = *attempts + 1;
  return usable;
}

} // namespace synapse::config::litellm
