// What a chat request leaves out, and by which names it may have said it.
#include "http/dialects/openai/chat_edit.hpp"
#include "http/dialects/openai/chat_system.hpp"
#include "http/dialects/openai/json_cursor.hpp"

#include <algorithm>

namespace synapse::http {

namespace {

/// A setting of the profile, and one way for a request to say it.
struct synonym {
  chat_key setting;
  chat_key member;
  std::string_view inside; ///< a member of the member's object; empty: the value itself
};

/// Names of llama.cpp, OpenAI, OpenRouter, vLLM, SGLang, TGI, Ollama, Anthropic and Qwen, as their
/// clients send them.
constexpr synonym synonyms[] = {
    {chat_key::temperature, chat_key::temperature, ""},
    {chat_key::top_p, chat_key::top_p, ""},
    {chat_key::top_k, chat_key::top_k, ""},
    {chat_key::min_p, chat_key::min_p, ""},
    {chat_key::repeat_penalty, chat_key::repeat_penalty, ""},
    {chat_key::repeat_penalty, chat_key::repetition_penalty, ""},
    {chat_key::max_tokens, chat_key::max_tokens, ""},
    {chat_key::max_tokens, chat_key::max_completion_tokens, ""},
    {chat_key::max_tokens, chat_key::n_predict, ""},
    {chat_key::max_tokens, chat_key::max_new_tokens, ""},
    {chat_key::reasoning_effort, chat_key::reasoning_effort, ""},
    {chat_key::reasoning_effort, chat_key::reasoning, "effort"},
    {chat_key::reasoning_effort, chat_key::reasoning, "enabled"},
    {chat_key::reasoning_effort, chat_key::reasoning, "max_tokens"},
    {chat_key::reasoning_effort, chat_key::chat_template_kwargs, "reasoning_effort"},
    {chat_key::reasoning_effort, chat_key::chat_template_kwargs, "enable_thinking"},
    {chat_key::reasoning_effort, chat_key::chat_template_kwargs, "thinking"},
    {chat_key::reasoning_effort, chat_key::chat_template_kwargs, "thinking_budget"},
    {chat_key::reasoning_effort, chat_key::thinking, ""},
    {chat_key::reasoning_effort, chat_key::enable_thinking, ""},
    {chat_key::reasoning_effort, chat_key::think, ""},
    {chat_key::reasoning_effort, chat_key::thinking_budget_tokens, ""},
    {chat_key::reasoning_effort, chat_key::thinking_budget, ""},
    {chat_key::reasoning_effort, chat_key::reasoning_budget, ""},
};

bool is_null(std::string_view value) {
  return value == "null";
}

/// Of repeated members the last one counts.
bool has_inside(std::string_view body, byte_range object, std::string_view name) {
  detail::json_cursor cursor(body.substr(0, object.end), object.begin);
  if (cursor.peek() != '{')
    return cursor.peek() == '"'; // `"reasoning": "high"` says it all by itself
  bool given = false;
  cursor.members([&](byte_range key, std::uint32_t) {
    const auto value = cursor.value().of(body);
    if (detail::says(key.of(body), name))
      given = !is_null(value);
  });
  return given;
}

bool is_given(std::string_view body, const chat_view& view, chat_key setting) {
  return std::any_of(std::begin(synonyms), std::end(synonyms), [&](const synonym& one) {
    if (one.setting != setting)
      return false;
    const auto* member = view.find(one.member);
    if (member == nullptr)
      return false;
    return one.inside.empty() ? !is_null(member->value.of(body))
                              : has_inside(body, member->value, one.inside);
  });
}

bool same_label(std::string_view text) {
  return text.size() >= detail::reasoning_label.size() &&
         std::equal(detail::reasoning_label.begin(), detail::reasoning_label.end(), text.begin(),
                    [](char label, char c) {
                      return (label | 0x20) == (c | 0x20) && (label == ':') == (c == ':');
                    });
}

} // namespace

namespace detail {

const chat_message* find_system_message(std::string_view body, const chat_view& view) {
  for (const auto& message : view.messages)
    if (says(message.role.of(body), "system") || says(message.role.of(body), "developer"))
      return &message;
  return nullptr;
}

bool has_reasoning_line(std::string_view text) {
  for (;;) {
    const auto begin = text.find_first_not_of(" \t\r");
    if (begin != std::string_view::npos && same_label(text.substr(begin)))
      return true;
    const auto end = text.find('\n');
    if (end == std::string_view::npos)
      return false;
    text.remove_prefix(end + 1);
  }
}

bool has_reasoning_line(std::string_view body, const chat_view& view) {
  bool found = false;
  std::string text;
  for (const auto& message : view.messages)
    if (says(message.role.of(body), "system") || says(message.role.of(body), "developer"))
      for_each_text(body, message.content, [&](std::string_view quoted) {
        text.clear();
        append_unescaped(text, quoted);
        found = found || has_reasoning_line(text);
      });
  return found;
}

} // namespace detail

void fill_chat(std::string_view body, const chat_view& view, const chat_profile& profile,
               chat_edits& edits) {
  const auto fill = [&](chat_key key, const std::optional<std::string>& value) {
    if (value && !is_given(body, view, key))
      edits.fields.push_back({key, *value});
  };
  fill(chat_key::temperature, profile.temperature);
  fill(chat_key::top_p, profile.top_p);
  fill(chat_key::top_k, profile.top_k);
  fill(chat_key::min_p, profile.min_p);
  fill(chat_key::repeat_penalty, profile.repeat_penalty);
  fill(chat_key::max_tokens, profile.max_tokens);
  if (!view.has_messages)
    return;
  if (profile.system_prompt && detail::find_system_message(body, view) == nullptr)
    edits.system_prompt = *profile.system_prompt;
  // A request that says it in its own way has not left it out.
  if (profile.reasoning_effort && !is_given(body, view, chat_key::reasoning_effort) &&
      !detail::has_reasoning_line(body, view))
    edits.reasoning_effort = *profile.reasoning_effort;
}

} // namespace synapse::http
