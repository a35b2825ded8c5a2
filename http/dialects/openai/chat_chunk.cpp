#include "http/dialects/openai/chat_chunk.hpp"

#include "http/core/json/json_body.hpp"
#include "http/dialects/openai/json_values.hpp"

#include <algorithm>

namespace synapse::http::openai {

namespace {
using detail::json_cursor;
using detail::says;

/// Takes a member that is a string, null, or missing. @returns false: it is something else
bool take_string(std::string_view value, std::string_view& to) noexcept {
  to = detail::is_text(value) ? value : std::string_view{};
  return value == "null" || value.starts_with('"');
}

std::int64_t count_in(std::string_view value) noexcept {
  const auto count = detail::integer_of(value);
  return count && *count >= 0 ? *count : -1;
}

/// One element of `tool_calls`. @param position in its list, for servers that name no index
bool read_call(std::string_view call, std::size_t position, chat_chunk& to) {
  std::string_view index, id, function, name, arguments;
  detail::find_members(call, std::array{detail::named_value{"index", &index},
                                        detail::named_value{"id", &id},
                                        detail::named_value{"function", &function}});
  detail::find_members(function, std::array{detail::named_value{"name", &name},
                                            detail::named_value{"arguments", &arguments}});
  call_part part;
  const auto number =
      index.empty() ? std::optional<std::int64_t>{position} : detail::integer_of(index);
  if (!function.starts_with('{') || !number || *number < 0)
    return false;
  part.index = static_cast<std::size_t>(*number);
  const auto take = [](std::string_view value, std::string_view& into) {
    return value.empty() || take_string(value, into);
  };
  if (!take(id, part.id) || !take(name, part.name) || !take(arguments, part.arguments))
    return false;
  to.calls.push_back(part);
  return true;
}

bool read_calls(std::string_view calls, chat_chunk& to) {
  if (!calls.starts_with('['))
    return calls == "null";
  std::size_t position = 0;
  return detail::each_of(calls,
                         [&](std::string_view call) { return read_call(call, position++, to); });
}

/// `delta` or `message`. @returns false when it is none
bool read_delta(std::string_view delta, chat_chunk& to) {
  if (!delta.starts_with('{'))
    return delta == "null";
  bool good = true;
  std::string_view other_reasoning;
  json_cursor cursor(delta);
  cursor.members([&](byte_range quoted, std::uint32_t) {
    const auto value = cursor.value().of(delta);
    const auto name = quoted.of(delta);
    if (says(name, "content"))
      good = take_string(value, to.content) && good;
    else if (says(name, "reasoning_content"))
      good = take_string(value, to.reasoning) && good;
    else if (says(name, "reasoning"))
      take_string(value, other_reasoning); // some have an object there
    else if (says(name, "tool_calls"))
      good = read_calls(value, to) && good;
    else if (says(name, "refusal"))
      good = take_string(value, to.refusal) && good;
    else if (says(name, "role"))
      take_string(value, to.role);
  });
  if (to.reasoning.empty())
    to.reasoning = other_reasoning;
  return good;
}

bool read_choice(std::string_view choice, chat_chunk& to) {
  std::string_view index, delta, message, text, finish_reason, stop, other_stop;
  detail::find_members(choice, std::array{detail::named_value{"index", &index},
                                          detail::named_value{"delta", &delta},
                                          detail::named_value{"message", &message},
                                          detail::named_value{"text", &text},
                                          detail::named_value{"finish_reason", &finish_reason},
                                          detail::named_value{"stop_reason", &stop},
                                          detail::named_value{"matched_stop", &other_stop}});
  if (!choice.starts_with('{'))
    return false;
  if (!index.empty() && detail::integer_of(index) != 0)
    return true;
  to.has_choice = true;
  if (!take_string(stop, to.matched_stop) || to.matched_stop.empty())
    take_string(other_stop, to.matched_stop); // numbers of tokens are none
  if (!finish_reason.empty() && !take_string(finish_reason, to.finish_reason))
    return false;
  if (!text.empty() && !take_string(text, to.content))
    return false;
  const auto said = delta.empty() ? message : delta;
  return said.empty() || read_delta(said, to);
}

bool read_choices(std::string_view choices, chat_chunk& to) {
  if (!choices.starts_with('['))
    return choices == "null";
  return detail::each_of(choices, [&](std::string_view choice) { return read_choice(choice, to); });
}

void read_usage(std::string_view usage, chat_chunk& to) {
  std::string_view prompt, completion, of_prompt, of_completion;
  detail::find_members(
      usage, std::array{detail::named_value{"prompt_tokens", &prompt},
                        detail::named_value{"completion_tokens", &completion},
                        detail::named_value{"prompt_tokens_details", &of_prompt},
                        detail::named_value{"completion_tokens_details", &of_completion}});
  to.prompt_tokens = count_in(prompt);
  to.completion_tokens = count_in(completion);
  to.cached_tokens = count_in(detail::value_in(of_prompt, "cached_tokens"));
  to.reasoning_tokens = count_in(detail::value_in(of_completion, "reasoning_tokens"));
}

/// What llama.cpp has in its cache does not count as read there, but does in a usage.
void read_timings(std::string_view timings, chat_chunk& to) {
  std::string_view read, cached, made;
  detail::find_members(timings, std::array{detail::named_value{"prompt_n", &read},
                                           detail::named_value{"cache_n", &cached},
                                           detail::named_value{"predicted_n", &made}});
  if (const auto count = count_in(read); count >= 0) {
    to.cached_tokens = count_in(cached);
    to.prompt_tokens = count + std::max<std::int64_t>(to.cached_tokens, 0);
  }
  to.completion_tokens = count_in(made);
}
} // namespace

std::optional<chat_chunk> read_chat_chunk(std::string_view json) {
  if (!is_json_object(json))
    return {};
  chat_chunk chunk;
  bool good = true;
  std::string_view usage, timings;
  json_cursor cursor(json);
  cursor.members([&](byte_range quoted, std::uint32_t) {
    const auto value = cursor.value().of(json);
    const auto name = quoted.of(json);
    if (says(name, "choices"))
      good = read_choices(value, chunk) && good;
    else if (says(name, "usage"))
      usage = value;
    else if (says(name, "timings"))
      timings = value;
    else if (says(name, "id"))
      take_string(value, chunk.id);
    else if (says(name, "model"))
      take_string(value, chunk.model);
    else if (says(name, "created"))
      chunk.created = std::max<std::int64_t>(count_in(value), 0);
  });
  if (!good)
    return {};
  if (usage.starts_with('{'))
    read_usage(usage, chunk);
  else if (timings.starts_with('{'))
    read_timings(timings, chunk);
  return chunk;
}

} // namespace synapse::http::openai
