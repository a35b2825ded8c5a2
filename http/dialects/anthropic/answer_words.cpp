#include "http/dialects/anthropic/answer_words.hpp"

#include "http/core/head/head_writer.hpp"
#include "http/dialects/openai/json_values.hpp"

#include <algorithm>

namespace synapse::http::anthropic {

namespace {
std::uint64_t known(std::int64_t count) noexcept {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(count, 0));
}

void take_count(std::string_view value, std::int64_t& to) noexcept {
  const auto count = detail::integer_of(value);
  if (count && *count >= 0)
    to = *count;
}
} // namespace

void token_usage::note(const openai::chat_chunk& chunk) noexcept {
  for (const auto& [from, to] :
       {std::pair{chunk.prompt_tokens, &prompt}, std::pair{chunk.cached_tokens, &cached},
        std::pair{chunk.completion_tokens, &completion}})
    if (from >= 0)
      *to = from;
}

/// Theirs are three parts of a prompt that exclude each other.
void token_usage::note(std::string_view usage) {
  std::string_view input, read, created, output;
  detail::find_members(usage,
                       std::array{detail::named_value{"input_tokens", &input},
                                  detail::named_value{"cache_read_input_tokens", &read},
                                  detail::named_value{"cache_creation_input_tokens", &created},
                                  detail::named_value{"output_tokens", &output}});
  auto plain =
      prompt < 0 ? std::int64_t{-1}
                 : prompt - std::max<std::int64_t>(cached, 0) - std::max<std::int64_t>(written, 0);
  take_count(input, plain);
  take_count(read, cached);
  take_count(created, written);
  take_count(output, completion);
  if (plain >= 0)
    prompt = plain + std::max<std::int64_t>(cached, 0) + std::max<std::int64_t>(written, 0);
}

void append_message_usage(std::string& out, const token_usage& usage) {
  const auto prompt = known(usage.prompt);
  const auto cached = std::min(known(usage.cached), prompt);
  append_number(out += R"({"input_tokens":)", prompt - cached);
  append_number(out += R"(,"cache_creation_input_tokens":0,"cache_read_input_tokens":)", cached);
  append_number(out += R"(,"output_tokens":)", known(usage.completion));
  out += '}';
}

void append_chat_usage(std::string& out, const token_usage& usage) {
  append_number(out += R"({"prompt_tokens":)", known(usage.prompt));
  append_number(out += R"(,"completion_tokens":)", known(usage.completion));
  append_number(out += R"(,"total_tokens":)", known(usage.prompt) + known(usage.completion));
  append_number(out += R"(,"prompt_tokens_details":{"cached_tokens":)", known(usage.cached));
  out += "}}";
}

void append_stop_reason(std::string& out, std::string_view reason, std::string_view matched,
                        bool called) {
  std::string_view word = "null";
  if (detail::says(reason, "length"))
    word = R"("max_tokens")";
  else if (detail::says(reason, "content_filter"))
    word = R"("refusal")";
  else if (detail::says(reason, "tool_calls") || detail::says(reason, "function_call") ||
           (called && detail::says(reason, "stop")))
    word = R"("tool_use")";
  else if (detail::says(reason, "stop"))
    word = matched.empty() ? R"("end_turn")" : R"("stop_sequence")";
  (out += R"("stop_reason":)") += word;
  (out += R"(,"stop_sequence":)") +=
      word == R"("stop_sequence")" ? matched : std::string_view{"null"};
}

std::string_view finish_reason_for(std::string_view stop_reason, bool called) {
  if (detail::says(stop_reason, "max_tokens") ||
      detail::says(stop_reason, "model_context_window_exceeded"))
    return "length";
  if (detail::says(stop_reason, "refusal"))
    return "content_filter";
  return called || detail::says(stop_reason, "tool_use") ? "tool_calls" : "stop";
}

std::string_view tail_of(std::string_view id) noexcept {
  const auto mark = id.find_first_of("-_");
  return mark == std::string_view::npos ? id : id.substr(mark + 1);
}

} // namespace synapse::http::anthropic
