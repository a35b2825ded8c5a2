#include "http/dialects/anthropic/from_chat_messages.hpp"

#include "http/core/json/json_body.hpp"

namespace synapse::http::anthropic {

using detail::named_value;
using detail::says;

/// Members as the client spelled them; empty: none, or null.
struct native_message_writer::message {
  std::string_view role, content, name, calls, call_id, reasoning, thinking, refusal, function;
};

namespace {
void append_block(std::string& blocks, std::string_view block) {
  (blocks += blocks.empty() ? "" : ",") += block;
}

/// @param quoted a string. Empty ones are refused there.
void append_text_block(std::string& blocks, std::string_view quoted) {
  if (!detail::is_text(quoted))
    return;
  append_block(blocks, R"({"type":"text","text":)");
  (blocks += quoted) += '}';
}
} // namespace

bool native_message_writer::refuse(std::string_view member, std::string message) {
  auto place = detail::indexed("messages", index_);
  if (!member.empty())
    (place += '.') += member;
  return to_.refuse(std::move(place), std::move(message));
}

bool native_message_writer::write() {
  const auto messages = to_["messages"];
  if (!messages.starts_with('[') || !detail::is_said(messages))
    return to_.refuse("messages", "has to be a list of at least one message");
  if (!detail::each_of(messages, [&](auto one) {
        const bool written = write_message(one);
        ++index_;
        return written;
      }))
    return false;
  flush();
  if (out_.empty())
    return to_.refuse("messages", "has to have a message of the role user that is not empty");
  if (!system_.empty())
    ((to_.add("system") += '"') += system_) += '"';
  ((to_.add("messages") += '[') += out_) += ']';
  return true;
}

/// Ends the message that is collected, unless it is of that role.
void native_message_writer::turn_to(std::string_view role) {
  if (role_ != role)
    flush();
  role_ = role;
}

void native_message_writer::flush() {
  constexpr std::string_view text_lead = R"({"type":"text","text":)";
  if (!results_.empty() && !blocks_.empty())
    results_ += ',';
  results_ += blocks_;
  if (!results_.empty()) {
    (((out_ += out_.empty() ? "" : ",") += R"({"role":")") += role_) += R"(","content":)";
    // One text alone is one there, too.
    const std::string_view all = results_;
    const auto behind = all.starts_with(text_lead)
                            ? detail::json_cursor(all, text_lead.size()).string()
                            : byte_range{};
    if (behind.end + std::size_t{1} == all.size() && !behind.empty())
      out_ += behind.of(all);
    else
      ((out_ += '[') += all) += ']';
    out_ += '}';
  }
  results_.clear();
  blocks_.clear();
}

bool native_message_writer::write_message(std::string_view text) {
  if (!text.starts_with('{'))
    return refuse({}, "has to be an object");
  message from;
  detail::find_members(
      text,
      std::array{named_value{"role", &from.role}, named_value{"content", &from.content},
                 named_value{"name", &from.name}, named_value{"tool_calls", &from.calls},
                 named_value{"tool_call_id", &from.call_id},
                 named_value{"reasoning_content", &from.reasoning},
                 named_value{"reasoning", &from.thinking}, named_value{"refusal", &from.refusal},
                 named_value{"function_call", &from.function}});
  if (says(from.role, "tool"))
    return write_result(from);
  if (detail::is_said(from.name))
    to_.lose("name");
  if (says(from.role, "system") || says(from.role, "developer"))
    return write_system(from);
  if (says(from.role, "user"))
    return write_user(from);
  if (says(from.role, "assistant"))
    return write_assistant(from);
  return refuse("role", "has to be system, developer, user, assistant or tool");
}

/// All of them are one there, in front of the chat, with a blank line between.
bool native_message_writer::write_system(const message& from) {
  std::string blocks;
  if (!add_content(from.content, blocks, false))
    return false;
  const std::string list = '[' + blocks + ']';
  detail::each_of(list, [&](auto block) {
    (system_ += system_.empty() ? "" : "\\n\\n") += detail::inner(detail::value_in(block, "text"));
    return true;
  });
  return true;
}

bool native_message_writer::write_user(const message& from) {
  turn_to("user");
  return add_content(from.content, blocks_, true);
}

bool native_message_writer::write_assistant(const message& from) {
  turn_to("assistant");
  if (detail::is_said(from.function))
    return refuse("function_call", "is no longer known: use tool_calls");
  // Without a signature of theirs it is refused there.
  if (detail::is_said(from.reasoning) || detail::is_said(from.thinking))
    to_.lose("reasoning_content");
  const auto content = from.content.empty() ? from.refusal : from.content;
  if (!content.empty() && !add_content(content, blocks_, false))
    return false;
  return add_calls(from.calls);
}

bool native_message_writer::write_result(const message& from) {
  turn_to("user");
  if (!detail::is_text(from.call_id))
    return refuse("tool_call_id", "has to be a string that is not empty");
  if (called_.find(plain_text(from.call_id, scratch_)) == called_.end())
    return refuse("tool_call_id", "names no call of a message before");
  std::string blocks;
  if (!add_content(from.content, blocks, true))
    return false;
  append_block(results_, R"({"type":"tool_result","tool_use_id":)");
  results_ += from.call_id;
  if (from.content.starts_with('"') && !blocks.empty())
    (results_ += ",\"content\":") += from.content;
  else if (!blocks.empty())
    ((results_ += ",\"content\":[") += blocks) += ']';
  results_ += '}';
  return true;
}

bool native_message_writer::add_content(std::string_view content, std::string& blocks,
                                        bool images) {
  if (content.starts_with('[')) {
    std::size_t index = 0;
    return detail::each_of(content,
                           [&](auto part) { return add_part(part, index++, blocks, images); });
  }
  if (!content.starts_with('"'))
    return refuse("content", "has to be a string, or a list of parts");
  append_text_block(blocks, content);
  return true;
}

bool native_message_writer::add_part(std::string_view part, std::size_t index, std::string& blocks,
                                     bool images) {
  std::string_view type, text, image, refusal;
  detail::find_members(part, std::array{named_value{"type", &type}, named_value{"text", &text},
                                        named_value{"image_url", &image},
                                        named_value{"refusal", &refusal}});
  const auto place = detail::indexed("content", index);
  if (images && says(type, "image_url"))
    return add_image(image, place + ".image_url", blocks);
  const bool refuses = says(type, "refusal");
  if (!refuses && !says(type, "text"))
    return refuse(place + ".type", images
                                       ? "has to be text or image_url: nothing else is taken"
                                       : "has to be text: a message of this role has nothing else");
  const auto said = refuses ? refusal : text;
  if (!said.starts_with('"'))
    return refuse(place + (refuses ? ".refusal" : ".text"), "has to be a string");
  append_text_block(blocks, said);
  return true;
}

/// @param image an object with the URL, or (of some clients) the URL alone.
bool native_message_writer::add_image(std::string_view image, const std::string& place,
                                      std::string& blocks) {
  const auto quoted = image.starts_with('{') ? detail::value_in(image, "url") : image;
  const auto field = image.starts_with('{') ? place + ".url" : place;
  if (!quoted.starts_with('"'))
    return refuse(field, "has to be a string");
  const auto url = plain_text(quoted, scratch_);
  if (detail::is_web_url(url)) {
    append_block(blocks, R"({"type":"image","source":{"type":"url","url":)");
    (blocks += quoted) += "}}";
    return true;
  }
  const auto [type, data] = detail::image_in(url);
  if (!is_image_type(type) || !detail::is_base64(data))
    return refuse(field, "has to be a URL of https, or an image as a data: URL in base64");
  append_block(blocks, R"({"type":"image","source":{"type":"base64","media_type":")");
  (((blocks += type) += R"(","data":")") += data) += "\"}}";
  return true;
}

bool native_message_writer::add_calls(std::string_view calls) {
  if (calls.empty())
    return true;
  if (!calls.starts_with('['))
    return refuse("tool_calls", "has to be a list");
  std::size_t index = 0;
  return detail::each_of(calls, [&](auto call) { return add_call(call, index++); });
}

/// OpenAI has the arguments as a text of JSON, Anthropic what that text says.
bool native_message_writer::add_call(std::string_view call, std::size_t index) {
  std::string_view id, function, name, arguments;
  detail::find_members(call,
                       std::array{named_value{"id", &id}, named_value{"function", &function}});
  detail::find_members(
      function, std::array{named_value{"name", &name}, named_value{"arguments", &arguments}});
  const auto place = detail::indexed("tool_calls", index);
  if (!detail::is_text(id))
    return refuse(place + ".id", "has to be a string that is not empty");
  if (!function.starts_with('{'))
    return refuse(place + ".function", "has to be an object");
  if (!detail::is_text(name))
    return refuse(place + ".function.name", "has to be a string that is not empty");
  if (!arguments.empty() && !arguments.starts_with('"'))
    return refuse(place + ".function.arguments", "has to be a string");
  called_.emplace(plain_text(id, scratch_));
  const auto input = plain_text(arguments, scratch_);
  const bool nothing = input.find_first_not_of(" \t\r\n") == std::string_view::npos;
  if (!nothing && !is_json_object(input))
    return refuse(place + ".function.arguments", "has to be a JSON object as a string");
  append_block(blocks_, R"({"type":"tool_use","id":)");
  ((blocks_ += id) += ",\"name\":") += name;
  (blocks_ += ",\"input\":") += nothing ? std::string_view{"{}"} : input;
  blocks_ += '}';
  return true;
}

} // namespace synapse::http::anthropic
