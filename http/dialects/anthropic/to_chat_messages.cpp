#include "http/dialects/anthropic/to_chat_messages.hpp"

#include "http/core/local_reply.hpp"

namespace synapse::http::anthropic {

using detail::named_value;
using detail::says;

/// Members as the client spelled them; empty: none, or null.
struct chat_message_writer::block {
  explicit block(std::string_view text) {
    detail::find_members(
        text, std::array{named_value{"type", &type}, named_value{"text", &said},
                         named_value{"source", &source}, named_value{"id", &id},
                         named_value{"name", &name}, named_value{"input", &input},
                         named_value{"tool_use_id", &call_id}, named_value{"content", &content},
                         named_value{"is_error", &is_error}, named_value{"citations", &citations},
                         named_value{"cache_control", &cache_control}});
  }
  std::string_view type, said, source, id, name, input, call_id, content, is_error, citations;
  std::string_view cache_control;
};

namespace {
constexpr std::string_view line_end = "\\n"; // as JSON spells it

/// Appends a text, spelled as JSON without quotes, to those before it.
void append_behind(std::string& text, std::string_view gap, std::string_view more) {
  if (!text.empty() && !more.empty())
    text += gap;
  text += more;
}

void append_text_part(std::string& parts, std::string_view inner_text) {
  ((parts += parts.empty() ? "" : ",") += R"({"type":"text","text":")") += inner_text;
  parts += "\"}";
}
} // namespace

bool chat_message_writer::refuse(const std::string& member, std::string message) {
  return to_.refuse(detail::indexed("messages", index_) + member, std::move(message));
}

void chat_message_writer::begin_message(std::string_view role) {
  *out_ += any_ ? ",{\"role\":\"" : "{\"role\":\"";
  (*out_ += role) += "\",\"content\":";
  any_ = true;
}

bool chat_message_writer::write() {
  const auto messages = to_["messages"];
  if (!messages.starts_with('[') || !detail::is_said(messages))
    return to_.refuse("messages", "has to be a list of at least one message");
  out_ = &(to_.add("messages") += '[');
  if (!write_system())
    return false;
  const bool good = detail::each_of(messages, [&](auto one) {
    const bool written = write_message(one);
    ++index_;
    return written;
  });
  *out_ += ']';
  return good;
}

/// A text, or blocks of text with a blank line between them.
bool chat_message_writer::write_system() {
  const auto system = to_["system"];
  std::string text;
  std::size_t index = 0;
  if (system.starts_with('[')) {
    if (!detail::each_of(system, [&](auto one) {
          const block from{one};
          const auto place = detail::indexed("system", index++);
          if (!says(from.type, "text"))
            return to_.refuse(place + ".type", "has to be text");
          if (!from.said.starts_with('"'))
            return to_.refuse(place + ".text", "has to be a string");
          note_citations(from);
          append_behind(text, "\\n\\n", detail::inner(from.said));
          return true;
        }))
      return false;
  } else if (system.starts_with('"')) {
    text = detail::inner(system);
  } else if (!system.empty()) {
    return to_.refuse("system", "has to be a string, or a list of text blocks");
  }
  if (text.empty())
    return true;
  begin_message("system");
  ((*out_ += '"') += text) += "\"}";
  return true;
}

bool chat_message_writer::write_message(std::string_view message) {
  std::string_view role, content;
  detail::find_members(message,
                       std::array{named_value{"role", &role}, named_value{"content", &content}});
  if (!message.starts_with('{'))
    return refuse("", "has to be an object");
  const bool user = says(role, "user");
  if (!user && !says(role, "assistant"))
    return refuse(".role", "has to be user or assistant: a system prompt goes into system");
  if (content.starts_with('"')) {
    begin_message(user ? "user" : "assistant");
    (*out_ += content) += '}';
    return true;
  }
  if (!content.starts_with('[') || !detail::is_said(content))
    return refuse(".content", "has to be a string, or a list of at least one block");
  return user ? write_user(content) : write_assistant(content);
}

void chat_message_writer::note_citations(const block& from) {
  if (detail::is_said(from.citations))
    to_.lose("citations");
  if (detail::is_said(from.cache_control))
    to_.lose("cache_control");
}

bool chat_message_writer::write_user(std::string_view blocks) {
  rest_ = {};
  std::size_t index = 0;
  bool any = false;
  if (!detail::each_of(blocks, [&](auto one) {
        any = any || !says(detail::value_in(one, "type"), "tool_result");
        return add_block(one, index++, rest_);
      }))
    return false;
  if (!any && !rest_.images)
    return true;
  begin_message("user");
  if (rest_.images)
    ((*out_ += '[') += rest_.parts) += "]}";
  else
    ((*out_ += '"') += rest_.text) += "\"}";
  return true;
}

/// A block of a user's message.
bool chat_message_writer::add_block(std::string_view text, std::size_t index, content& to) {
  const block from{text};
  const auto place = ".content" + detail::indexed("", index);
  note_citations(from);
  if (says(from.type, "text"))
    return add_text(from, place, to, line_end);
  if (says(from.type, "image"))
    return add_image(from, place, to);
  if (says(from.type, "tool_result"))
    return add_result(from, place);
  return refuse(place + ".type",
                "has to be text, image or tool_result: this backend takes nothing else");
}

bool chat_message_writer::add_text(const block& from, const std::string& place, content& to,
                                   std::string_view gap) {
  if (!from.said.starts_with('"'))
    return refuse(place + ".text", "has to be a string");
  const auto said = detail::inner(from.said);
  append_behind(to.text, gap, said);
  append_text_part(to.parts, said);
  return true;
}

bool chat_message_writer::add_image(const block& from, const std::string& place, content& to) {
  std::string_view type, url, media_type, data;
  detail::find_members(from.source, std::array{named_value{"type", &type}, named_value{"url", &url},
                                               named_value{"media_type", &media_type},
                                               named_value{"data", &data}});
  const bool linked = says(type, "url");
  if (!linked && !says(type, "base64"))
    return refuse(place + ".source.type", "has to be base64 or url: this backend has no files");
  if (linked) {
    if (!url.starts_with('"') || !detail::is_web_url(plain_text(url, scratch_)))
      return refuse(place + ".source.url", "has to be a URL of https or http");
  } else {
    if (!media_type.starts_with('"') || !is_image_type(plain_text(media_type, scratch_)))
      return refuse(place + ".source.media_type", "has to be that of an image, such as image/png");
    if (!data.starts_with('"') || !detail::is_base64(plain_text(data, scratch_)))
      return refuse(place + ".source.data", "has to be an image in base64");
  }
  to.images = true;
  auto& parts = to.parts;
  (parts += parts.empty() ? "" : ",") += R"({"type":"image_url","image_url":{"url":")";
  if (linked)
    parts += detail::inner(url);
  else
    (((parts += "data:") += detail::inner(media_type)) += ";base64,") += detail::inner(data);
  parts += "\"}}";
  return true;
}

/// Becomes a message of the role `tool`. Those have texts alone: images go to the user's message
/// that follows, each behind a line that says whose they are.
bool chat_message_writer::add_result(const block& from, const std::string& place) {
  if (!detail::is_text(from.call_id))
    return refuse(place + ".tool_use_id", "has to be a string that is not empty");
  if (called_.find(plain_text(from.call_id, scratch_)) == called_.end())
    return refuse(place + ".tool_use_id", "names no tool_use of a message before");
  if (!from.is_error.empty() && from.is_error != "true" && from.is_error != "false")
    return refuse(place + ".is_error", "has to be true or false");
  content result;
  bool shown = false;
  if (from.content.starts_with('"'))
    result.text = detail::inner(from.content);
  else if (from.content.starts_with('[')) {
    std::size_t index = 0;
    if (!detail::each_of(from.content, [&](auto one) {
          return add_result_block(one, place + ".content" + detail::indexed("", index++), result,
                                  shown, detail::inner(from.call_id));
        }))
      return false;
  } else if (!from.content.empty())
    return refuse(place + ".content", "has to be a string, or a list of blocks");
  if (shown && result.text.empty())
    result.text = "See the image below.";
  begin_message("tool");
  *out_ += from.is_error == "true" ? "\"Error: " : "\"";
  ((*out_ += result.text) += "\",\"tool_call_id\":") += from.call_id;
  *out_ += '}';
  return true;
}

bool chat_message_writer::add_result_block(std::string_view text, const std::string& place,
                                           content& result, bool& shown, std::string_view id) {
  const block from{text};
  note_citations(from);
  if (says(from.type, "text"))
    return add_text(from, place, result, line_end);
  if (!says(from.type, "image"))
    return refuse(place + ".type", "has to be text or image: this backend takes nothing else");
  if (!shown)
    append_text_part(rest_.parts, "Image in the result of " + std::string{id} + ':');
  shown = true;
  return add_image(from, place, rest_);
}

bool chat_message_writer::write_assistant(std::string_view blocks) {
  content said;
  std::string calls;
  std::size_t index = 0;
  if (!detail::each_of(blocks,
                       [&](auto one) { return add_assistant_block(one, index++, said, calls); }))
    return false;
  begin_message("assistant");
  if (said.text.empty() && !calls.empty())
    *out_ += "null";
  else
    ((*out_ += '"') += said.text) += '"';
  if (!calls.empty())
    ((*out_ += ",\"tool_calls\":[") += calls) += ']';
  *out_ += '}';
  return true;
}

bool chat_message_writer::add_assistant_block(std::string_view text, std::size_t index,
                                              content& said, std::string& calls) {
  const block from{text};
  const auto place = ".content" + detail::indexed("", index);
  note_citations(from);
  if (says(from.type, "text"))
    return add_text(from, place, said, line_end);
  if (says(from.type, "tool_use"))
    return add_call(from, place, calls);
  if (!says(from.type, "thinking") && !says(from.type, "redacted_thinking"))
    return refuse(place + ".type", "has to be text, tool_use, thinking or redacted_thinking: this "
                                   "backend has no tools of its own");
  // What was thought in earlier turns is not what models are shown again.
  to_.lose("thinking");
  return true;
}

/// The input's text is the arguments, as the client spelled it.
bool chat_message_writer::add_call(const block& from, const std::string& place,
                                   std::string& calls) {
  if (!detail::is_text(from.id))
    return refuse(place + ".id", "has to be a string that is not empty");
  if (!detail::is_text(from.name))
    return refuse(place + ".name", "has to be a string that is not empty");
  if (!from.input.starts_with('{'))
    return refuse(place + ".input", "has to be an object");
  called_.emplace(plain_text(from.id, scratch_));
  calls += calls.empty() ? "{\"id\":" : ",{\"id\":";
  ((calls += from.id) += R"(,"type":"function","function":{"name":)") += from.name;
  append_json_string(calls += ",\"arguments\":", from.input);
  calls += "}}";
  return true;
}

} // namespace synapse::http::anthropic
