#include "http/dialects/ollama/answer_parts.hpp"

#include "http/core/json/json_body.hpp"
#include "http/core/json/utf8.hpp"
#include "http/core/local_reply.hpp"
#include "http/dialects/ollama/draft.hpp"
#include "http/dialects/openai/json_cursor.hpp"

#include <algorithm>

namespace synapse::http::ollama {

namespace {
constexpr std::size_t longest_error = 4096;
/// Errors within errors: a server's of its engine's.
constexpr int deepest_error = 3;

/// Takes a member that is a string, null, or missing. @returns false: it is something else
bool take_text(std::string_view value, std::string_view& to) noexcept {
  to = value.size() > 2 && value.front() == '"' ? value : std::string_view{};
  return value == "null" || value.front() == '"';
}

std::int64_t count_in(std::string_view value) noexcept {
  const auto count = integer_of(value);
  return count && *count >= 0 ? *count : -1;
}

/// The member `message` of a chat's line. @returns false when it is none.
bool read_message(std::string_view message, answer_parts& to) {
  if (!message.starts_with('{'))
    return message == "null";
  to.any = true;
  bool good = true;
  detail::json_cursor cursor(message);
  cursor.members([&](byte_range name, std::uint32_t) {
    const auto value = cursor.value().of(message);
    const auto key = name.of(message);
    if (detail::says(key, "content"))
      good = good && take_text(value, to.content);
    else if (detail::says(key, "thinking"))
      good = good && take_text(value, to.thinking);
    else if (detail::says(key, "tool_calls")) {
      good = good && (value.starts_with('[') || value == "null");
      to.tool_calls = is_said(value) ? value : std::string_view{};
    }
  });
  return good;
}

/// A member of a line. @returns false when it is not what it is called.
bool read_member(std::string_view key, std::string_view value, answer_kind kind, answer_parts& to) {
  if (detail::says(key, "done")) {
    to.done = value == "true";
  } else if (detail::says(key, "message")) {
    return kind != answer_kind::chat || read_message(value, to);
  } else if (detail::says(key, "error")) {
    to.error = is_said(value);
  } else if (detail::says(key, "done_reason")) {
    to.load_only = detail::says(value, "load") || detail::says(value, "unload");
    return take_text(value, to.done_reason);
  } else if (detail::says(key, "prompt_eval_count")) {
    to.prompt_tokens = count_in(value);
  } else if (detail::says(key, "eval_count")) {
    to.completion_tokens = count_in(value);
  } else if (kind == answer_kind::completion && detail::says(key, "response")) {
    to.any = value.front() == '"';
    return take_text(value, to.content);
  } else if (kind == answer_kind::completion && detail::says(key, "thinking")) {
    return take_text(value, to.thinking);
  }
  return true;
}

/// Cut where no character is.
std::string shortened(std::string_view text) {
  const auto from = text.find_first_not_of(" \t\r\n");
  text.remove_prefix(std::min(from, text.size()));
  while (!text.empty() && std::string_view{" \t\r\n"}.find(text.back()) != std::string_view::npos)
    text.remove_suffix(1);
  if (text.size() > longest_error) {
    text = text.substr(0, longest_error);
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0) == 0x80)
      text.remove_suffix(1);
    if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xc0)
      text.remove_suffix(1);
  }
  return std::string{text};
}

std::string unquoted(std::string_view value) {
  std::string text;
  detail::append_unescaped(text, value);
  return text;
}

reported_error error_in(std::string_view body, int depth);

/// An error's text, which may have another one in it: JSON at its end, behind words or not.
reported_error error_of(const std::string& text, int depth) {
  const auto brace = text.find('{');
  if (depth > 0 && brace != std::string::npos) {
    const auto inside = std::string_view{text}.substr(brace);
    if (is_json_object(inside) &&
        (is_said(value_in(inside, "error")) || value_in(inside, "message").starts_with('"')))
      return error_in(inside, depth - 1);
  }
  reported_error result;
  result.text = shortened(text);
  return result;
}

/// @param body a JSON object
reported_error error_in(std::string_view body, int depth) {
  const auto error = value_in(body, "error");
  if (error.starts_with('"'))
    return error_of(unquoted(error), depth);
  const auto object = error.starts_with('{') ? error : body;
  const auto message = value_in(object, "message");
  reported_error result;
  if (message.starts_with('"'))
    result = error_of(unquoted(message), depth);
  else
    result.text = shortened(error.empty() ? body : error);
  if (const auto type = value_in(object, "type"); result.type.empty() && type.starts_with('"'))
    result.type = shortened(unquoted(type));
  const auto code = integer_of(value_in(object, "code"));
  if (result.status == 0 && code && *code >= 400 && *code <= 599)
    result.status = static_cast<unsigned>(*code);
  return result;
}

/// What makes an answer's ids those of its calls as well.
std::string_view tail_of(std::string_view id) noexcept {
  const auto dash = id.find('-');
  return dash == std::string_view::npos ? id : id.substr(dash + 1);
}

/// Appends arguments as the text that OpenAI's clients read.
void append_arguments(std::string& out, std::string_view arguments) {
  if (arguments.starts_with('"'))
    out += arguments;
  else
    append_json_string(out, arguments.empty() ? std::string_view{"{}"} : arguments);
}
} // namespace

reported_error read_error(std::string_view body) {
  if (is_json_object(body))
    return error_in(body, deepest_error);
  reported_error result;
  result.text = shortened(body);
  return result;
}

std::optional<told_error> told_of(const std::optional<reported_error>& error) {
  if (!error)
    return {};
  return make_told_error(error->text, error->type, error->status);
}

std::string error_text(std::string_view body) {
  return read_error(body).text;
}

std::optional<answer_parts> read_parts(std::string_view text, answer_kind kind) {
  if (!is_json_object(text))
    return {};
  answer_parts parts;
  bool good = true;
  detail::json_cursor cursor(text);
  cursor.members([&](byte_range name, std::uint32_t) {
    const auto value = cursor.value().of(text);
    good = !value.empty() && read_member(name.of(text), value, kind, parts) && good;
  });
  if (parts.error)
    return parts;
  if (!good || (!parts.any && !parts.done))
    return {};
  return parts;
}

std::string_view finish_reason(const answer_parts& last, bool called) noexcept {
  if (called)
    return "tool_calls";
  return last.done_reason == R"("length")" ? "length" : "stop";
}

std::optional<std::size_t> append_calls(std::string& out, std::string_view tool_calls,
                                        const answer_names& names, std::size_t first,
                                        bool indexed) {
  std::size_t count = 0;
  const bool good = each_of(tool_calls, [&](std::string_view call) {
    const auto function = value_in(call, "function");
    const auto name = value_in(function, "name");
    if (!name.starts_with('"') || !is_said(name))
      return false;
    out += count > 0 ? ",{" : "{";
    if (indexed)
      (out += "\"index\":") += std::to_string(first + count) + ',';
    out += "\"id\":";
    if (const auto id = value_in(call, "id"); id.starts_with('"') && is_said(id))
      out += id;
    else
      append_json_string(out, "call_" + std::string{tail_of(names.id)} + '_' +
                                  std::to_string(first + count));
    ((out += R"(,"type":"function","function":{"name":)") += name) += R"(,"arguments":)";
    append_arguments(out, value_in(function, "arguments"));
    out += "}}";
    ++count;
    return true;
  });
  if (!good)
    return {};
  return count;
}

void append_usage(std::string& out, std::int64_t prompt, std::int64_t completion) {
  const auto read = static_cast<std::uint64_t>(std::max<std::int64_t>(prompt, 0));
  const auto made = static_cast<std::uint64_t>(std::max<std::int64_t>(completion, 0));
  append_number(out += R"({"prompt_tokens":)", read);
  append_number(out += R"(,"completion_tokens":)", made);
  append_number(out += R"(,"total_tokens":)", read + made);
  out += '}';
}

bool is_truncated(std::int64_t counted, std::int64_t estimated, std::int64_t context) noexcept {
  if (counted <= 0 || estimated <= 0 || context <= 0)
    return false;
  const auto least = estimated - estimated / 4; // what it has for certain
  return least > context && counted < least && counted <= context;
}

} // namespace synapse::http::ollama
