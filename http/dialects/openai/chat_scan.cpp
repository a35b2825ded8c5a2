#include "http/dialects/openai/chat_edit.hpp"
#include "http/dialects/openai/json_cursor.hpp"

namespace synapse::http {

namespace {

using namespace std::string_view_literals;

constexpr std::array names{"model"sv,
                           "messages"sv,
                           "prompt"sv,
                           "synapse"sv,
                           "temperature"sv,
                           "top_p"sv,
                           "top_k"sv,
                           "min_p"sv,
                           "repeat_penalty"sv,
                           "max_tokens"sv,
                           "max_completion_tokens"sv,
                           "n_predict"sv,
                           "max_new_tokens"sv,
                           "repetition_penalty"sv,
                           "reasoning_effort"sv,
                           "reasoning"sv,
                           "chat_template_kwargs"sv,
                           "thinking"sv,
                           "enable_thinking"sv,
                           "think"sv,
                           "thinking_budget_tokens"sv,
                           "thinking_budget"sv,
                           "reasoning_budget"sv,
                           "prompt_cache_key"sv};
static_assert(names.size() == static_cast<std::size_t>(chat_key::count_));

chat_key key_of(std::string_view name) {
  std::size_t i = 0;
  while (i < names.size() && names[i] != name)
    ++i;
  return static_cast<chat_key>(i);
}

/// @param quoted a member's name, with its quotes.
chat_key key_in(std::string_view quoted) {
  if (quoted.size() < 2)
    return chat_key::count_;
  const auto name = quoted.substr(1, quoted.size() - 2);
  if (name.find('\\') == std::string_view::npos)
    return key_of(name);
  std::string plain;
  detail::append_unescaped(plain, quoted);
  return key_of(plain);
}

chat_message scan_message(std::string_view body, detail::json_cursor& cursor) {
  chat_message message;
  message.all.begin = cursor.at();
  cursor.members([&](byte_range name, std::uint32_t) {
    const auto value = cursor.value();
    if (detail::says(name.of(body), "role"))
      message.role = value;
    else if (detail::says(name.of(body), "content"))
      message.content = value;
  });
  message.all.end = cursor.at();
  return message;
}

/// @returns the range of the value.
byte_range scan_messages(std::string_view body, detail::json_cursor& cursor, chat_view& view) {
  view.messages.clear();
  view.message_count = 0;
  view.has_messages = cursor.peek() == '[';
  if (!view.has_messages)
    return cursor.value();
  const auto begin = cursor.at();
  cursor.elements([&] {
    ++view.message_count;
    if (cursor.peek() != '{') {
      cursor.value();
      return;
    }
    const auto message = scan_message(body, cursor);
    if (!message.role.empty() || !message.content.empty())
      view.messages.push_back(message);
  });
  return {begin, cursor.at()};
}

unsigned hex_value(std::string_view four) {
  unsigned value = 0;
  for (const char c : four) {
    const auto digit = c >= '0' && c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    value = value * 16 + (static_cast<unsigned>(digit) & 15U);
  }
  return value;
}

void append_utf8(std::string& out, unsigned c) {
  const auto put = [&](unsigned byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | c >> 6);
    put(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    put(0xe0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  } else {
    put(0xf0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3f));
    put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  }
}

/// Appends what stands behind `\u`. @returns how many bytes of `rest` that took.
std::size_t append_code(std::string& out, std::string_view rest) {
  if (rest.size() < 4)
    return rest.size();
  auto code = hex_value(rest.substr(0, 4));
  if (code < 0xd800 || code > 0xdfff) {
    append_utf8(out, code);
    return 4;
  }
  // Valid JSON has both halves.
  if (rest.size() < 10)
    return rest.size();
  const auto low = hex_value(rest.substr(6, 4));
  append_utf8(out, 0x10000 + ((code & 0x3ff) << 10 | (low & 0x3ff)));
  return 10;
}

char escaped(char c) {
  switch (c) {
  case 'b':
    return '\b';
  case 'f':
    return '\f';
  case 'n':
    return '\n';
  case 'r':
    return '\r';
  case 't':
    return '\t';
  default:
    return c;
  }
}

} // namespace

namespace detail {

void append_unescaped(std::string& out, std::string_view quoted) {
  if (quoted.size() < 2)
    return;
  auto rest = quoted.substr(1, quoted.size() - 2);
  for (;;) {
    const auto at = rest.find('\\');
    out.append(rest.substr(0, at));
    if (at == std::string_view::npos || at + 1 >= rest.size())
      return;
    const char kind = rest[at + 1];
    rest.remove_prefix(at + 2);
    if (kind == 'u')
      rest.remove_prefix(append_code(out, rest));
    else
      out += escaped(kind);
  }
}

bool says(std::string_view value, std::string_view text) {
  if (!value.starts_with('"') || value.size() < text.size() + 2)
    return false;
  if (value.size() == text.size() + 2)
    return value.substr(1, text.size()) == text; // no escape is as short as what it stands for
  // A character takes six bytes at most; longer ones are not worth a look.
  if (value.size() > 6 * text.size() + 2 || value.find('\\') == std::string_view::npos)
    return false;
  std::string plain;
  append_unescaped(plain, value);
  return plain == text;
}

} // namespace detail

std::string_view to_string(chat_key key) noexcept {
  const auto index = static_cast<std::size_t>(key);
  return index < names.size() ? names[index] : std::string_view{};
}

chat_view scan_chat(std::string_view body) {
  chat_view view;
  detail::json_cursor cursor(body);
  view.open = cursor.at();
  if (cursor.peek() != '{')
    return view;
  cursor.members([&](byte_range name, std::uint32_t separator) {
    ++view.member_count;
    const auto key = key_in(name.of(body));
    const auto value =
        key == chat_key::messages ? scan_messages(body, cursor, view) : cursor.value();
    if (key == chat_key::count_)
      return;
    view.members.push_back({key, name, value, separator});
    view.last[static_cast<std::size_t>(key)] = static_cast<std::uint32_t>(view.members.size());
  });
  return view;
}

void append_user_text(std::string_view body, const chat_view& view, std::string& out) {
  const auto append = [&](std::string_view quoted) {
    if (!out.empty())
      out += '\n';
    detail::append_unescaped(out, quoted);
  };
  for (const auto& message : view.messages)
    if (detail::says(message.role.of(body), "user"))
      detail::for_each_text(body, message.content, append);
  const auto* prompt = view.find(chat_key::prompt);
  if (view.has_messages || prompt == nullptr)
    return;
  detail::json_cursor cursor(body.substr(0, prompt->value.end), prompt->value.begin);
  const auto take = [&] {
    const auto value = cursor.value().of(body);
    if (value.starts_with('"'))
      append(value);
  };
  if (cursor.peek() == '[')
    cursor.elements(take);
  else
    take();
}

} // namespace synapse::http
