#include "http/dialects/openai/known_fields.hpp"

#include "http/dialects/openai/json_cursor.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace synapse::http::openai {

using namespace std::string_view_literals;

namespace {
// Sorted; what is deprecated is known all the same.
constexpr std::array chat_fields{"audio"sv,
                                 "frequency_penalty"sv,
                                 "function_call"sv,
                                 "functions"sv,
                                 "logit_bias"sv,
                                 "logprobs"sv,
                                 "max_completion_tokens"sv,
                                 "max_tokens"sv,
                                 "messages"sv,
                                 "metadata"sv,
                                 "modalities"sv,
                                 "model"sv,
                                 "moderation"sv,
                                 "n"sv,
                                 "parallel_tool_calls"sv,
                                 "prediction"sv,
                                 "presence_penalty"sv,
                                 "prompt_cache_key"sv,
                                 "prompt_cache_options"sv,
                                 "prompt_cache_retention"sv,
                                 "reasoning_effort"sv,
                                 "response_format"sv,
                                 "safety_identifier"sv,
                                 "seed"sv,
                                 "service_tier"sv,
                                 "stop"sv,
                                 "store"sv,
                                 "stream"sv,
                                 "stream_options"sv,
                                 "temperature"sv,
                                 "tool_choice"sv,
                                 "tools"sv,
                                 "top_logprobs"sv,
                                 "top_p"sv,
                                 "user"sv,
                                 "verbosity"sv,
                                 "web_search_options"sv};
constexpr std::array completion_fields{"best_of"sv,
                                       "echo"sv,
                                       "frequency_penalty"sv,
                                       "logit_bias"sv,
                                       "logprobs"sv,
                                       "max_tokens"sv,
                                       "model"sv,
                                       "n"sv,
                                       "presence_penalty"sv,
                                       "prompt"sv,
                                       "seed"sv,
                                       "stop"sv,
                                       "stream"sv,
                                       "stream_options"sv,
                                       "suffix"sv,
                                       "temperature"sv,
                                       "top_p"sv,
                                       "user"sv};
constexpr std::array embedding_fields{"dimensions"sv, "encoding_format"sv, "input"sv, "model"sv,
                                      "user"sv};
static_assert(std::is_sorted(chat_fields.begin(), chat_fields.end()));
static_assert(std::is_sorted(completion_fields.begin(), completion_fields.end()));
static_assert(std::is_sorted(embedding_fields.begin(), embedding_fields.end()));

std::span<const std::string_view> fields_of(endpoint of) noexcept {
  switch (of) {
  case endpoint::completions:
    return completion_fields;
  case endpoint::embeddings:
    return embedding_fields;
  default:
    return chat_fields;
  }
}

/// @param quoted a member's name, with its quotes, however it is spelled
bool is_foreign(endpoint of, std::string_view quoted) {
  if (quoted.size() < 2)
    return false;
  const auto name = quoted.substr(1, quoted.size() - 2);
  if (name.find('\\') == std::string_view::npos)
    return !is_known_field(of, name);
  std::string plain;
  detail::append_unescaped(plain, quoted);
  return !is_known_field(of, plain);
}
} // namespace

bool is_known_field(endpoint of, std::string_view name) noexcept {
  const auto known = fields_of(of);
  return std::binary_search(known.begin(), known.end(), name);
}

bool has_foreign_fields(endpoint of, std::string_view body) {
  bool found = false;
  detail::json_cursor cursor(body);
  if (cursor.peek() == '{')
    cursor.members([&](byte_range name, std::uint32_t) {
      found = found || is_foreign(of, name.of(body));
      cursor.value();
    });
  return found;
}

std::string without_foreign_fields(endpoint of, std::string_view body) {
  std::string result;
  result.reserve(body.size());
  std::size_t done = 0; // up to here the body is in the result, or left out
  bool any_kept = false;
  bool cut =
      false; // members before the first that stays were left out, with the commas behind them
  detail::json_cursor cursor(body);
  if (cursor.peek() == '{')
    cursor.members([&](byte_range name, std::uint32_t separator) {
      const auto value = cursor.value();
      const bool foreign = is_foreign(of, name.of(body));
      if (!any_kept && cut)
        done = name.begin;
      if (foreign) {
        const auto from = any_kept ? separator : name.begin;
        if (from > done)
          result.append(body.substr(done, from - done));
        done = value.end;
        cut = true;
      }
      any_kept = any_kept || !foreign;
    });
  result.append(body.substr(done));
  return result;
}

} // namespace synapse::http::openai
