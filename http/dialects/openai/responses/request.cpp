#include "http/dialects/openai/responses/request.hpp"

#include "http/dialects/openai/responses/draft.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace synapse::http::openai::responses {

using detail::is_said;

namespace {
/// The name that stands for all that nobody here knows: a client's own text is no good for a head.
constexpr std::string_view unknown_name = "unknown_fields";

/// What a chat has nothing for.
bool is_possible(draft& to, const members& from, const known& earlier) {
  if (!detail::is_text(from.model))
    return to.refuse("model", "has to be a string that is not empty");
  if (!to.is_string("instructions", from.instructions) ||
      !to.is_string("previous_response_id", from.previous_response_id))
    return false;
  if (is_said(from.previous_response_id) && !earlier.earlier)
    return to.refuse("previous_response_id", "names a response that is not stored here");
  if (is_said(from.conversation))
    return to.refuse(
        "conversation",
        "cannot be had from this backend: previous_response_id goes on from a response");
  if (is_said(from.prompt))
    return to.refuse("prompt", "cannot be had from this backend: it stores no prompts");
  return true;
}

void lose_what_is_lost(draft& to, const members& from) {
  if (is_said(from.include))
    to.lose("include");
  if (is_said(from.top_logprobs) && from.top_logprobs != "0")
    to.lose("top_logprobs");
  if (is_said(from.max_tool_calls))
    to.lose("max_tool_calls");
  if (from.others)
    to.lose(unknown_name);
}

bool read_truncation(draft& to, std::string_view value, bool& truncate) {
  truncate = detail::says(value, "auto");
  return value.empty() || truncate || detail::says(value, "disabled") ||
         to.refuse("truncation", "has to be auto or disabled");
}

/// `messages`: instructions, then what was said before, then the input.
bool add_messages(draft& to, const members& from, const known& earlier, std::string& messages) {
  if (!append_messages(to, messages, from.input, earlier))
    return false;
  auto& out = to.add("messages") += '[';
  if (is_said(from.instructions)) {
    ((out += R"({"role":"system","content":)") += from.instructions) += '}';
    out += messages.empty() ? "" : ",";
  }
  (out += messages) += ']';
  return true;
}
} // namespace

members read_members(std::string_view body) {
  using wanted = detail::named_value;
  members read;
  detail::find_members(body,
                       std::array{wanted{"model", &read.model},
                                  wanted{"input", &read.input},
                                  wanted{"instructions", &read.instructions},
                                  wanted{"previous_response_id", &read.previous_response_id},
                                  wanted{"conversation", &read.conversation},
                                  wanted{"prompt", &read.prompt},
                                  wanted{"tools", &read.tools},
                                  wanted{"tool_choice", &read.tool_choice},
                                  wanted{"parallel_tool_calls", &read.parallel_tool_calls},
                                  wanted{"max_tool_calls", &read.max_tool_calls},
                                  wanted{"text", &read.text},
                                  wanted{"reasoning", &read.reasoning},
                                  wanted{"max_output_tokens", &read.max_output_tokens},
                                  wanted{"temperature", &read.temperature},
                                  wanted{"top_p", &read.top_p},
                                  wanted{"top_logprobs", &read.top_logprobs},
                                  wanted{"metadata", &read.metadata},
                                  wanted{"include", &read.include},
                                  wanted{"stream", &read.stream},
                                  wanted{"store", &read.store},
                                  wanted{"background", &read.background},
                                  wanted{"truncation", &read.truncation},
                                  wanted{"service_tier", &read.service_tier},
                                  wanted{"user", &read.user},
                                  wanted{"safety_identifier", &read.safety_identifier},
                                  wanted{"prompt_cache_key", &read.prompt_cache_key}},
                       [&](std::string_view name, std::string_view value) {
                         read.others =
                             read.others || (is_said(value) && !detail::says(name, "synapse") &&
                                             !detail::says(name, "stream_options") &&
                                             !detail::says(name, "prompt_cache_retention"));
                       });
  return read;
}

std::string previous_response_of(std::string_view body) {
  const auto named = detail::value_in(body, "previous_response_id");
  return named.starts_with('"') ? detail::unquoted(named) : std::string{};
}

request request_of(std::string_view body, const known& earlier) {
  const auto from = read_members(body);
  draft to;
  to.reserve(body.size() + 256 + (earlier.earlier ? earlier.earlier->size() : 0));
  chat_call made;
  if (!is_possible(to, from, earlier))
    return to.finish({});
  to.add("model") += from.model;
  if (!add_messages(to, from, earlier, made.request.messages) || !add_tools(to, from) ||
      !add_text(to, from.text) || !add_reasoning(to, from.reasoning) || !add_sampling(to, from) ||
      !to.read("stream", from.stream, made.stream) || !to.read("store", from.store, made.store) ||
      !to.read("background", from.background, made.background) ||
      !read_truncation(to, from.truncation, made.truncate))
    return to.finish({});
  if (made.stream)
    to.add("stream") += R"(true,"stream_options":{"include_usage":true})";
  lose_what_is_lost(to, from);
  made.request.model = from.model;
  made.request.echo = echo_of(from);
  return to.finish(std::move(made));
}

} // namespace synapse::http::openai::responses
