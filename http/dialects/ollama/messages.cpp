#include "http/dialects/ollama/messages.hpp"

#include "http/core/json/json_body.hpp"

#include <array>
#include <utility>

namespace synapse::http::ollama {

/// Members as the client spelled them; empty: none, or null.
struct message_writer::message {
  std::string_view role, content, name, calls, call_id, thinking, reasoning, refusal;
};

namespace {
using detail::find_members;
using detail::image_in;
using detail::indexed;
using detail::inner;
using detail::is_base64;
using detail::named_value;

/// Empty when there is no such role.
std::string_view native_role(std::string_view role) {
  for (const std::string_view one : {"system", "user", "assistant", "tool"})
    if (detail::says(role, one))
      return one;
  return detail::says(role, "developer") ? "system" : "";
}
} // namespace

bool message_writer::refuse(std::string_view member, std::string message) {
  auto place = indexed("messages", index_);
  if (!member.empty())
    (place += '.') += member;
  return to_.refuse(std::move(place), std::move(message));
}

/// Begins a further member of the message under way, which has one.
std::string& message_writer::add(std::string_view name) {
  return ((*out_ += ",\"") += name) += "\":";
}

bool message_writer::write() {
  const auto messages = to_[member::messages];
  out_ = &(to_.add("messages") += '[');
  const bool good = each_of(messages, [&](auto one) {
    const bool written = write(one);
    ++index_;
    return written;
  });
  *out_ += ']';
  // A chat of nothing would load the model, and be answered as if it were one.
  if (index_ == 0)
    return to_.refuse(member::messages, "has to be a list of at least one message");
  return good;
}

bool message_writer::write(std::string_view text) {
  if (!text.starts_with('{'))
    return refuse({}, "has to be an object");
  message from;
  find_members(text,
               std::array{named_value{"role", &from.role}, named_value{"content", &from.content},
                          named_value{"name", &from.name}, named_value{"tool_calls", &from.calls},
                          named_value{"tool_call_id", &from.call_id},
                          named_value{"reasoning_content", &from.thinking},
                          named_value{"reasoning", &from.reasoning},
                          named_value{"refusal", &from.refusal}});
  if (index_ > 0)
    *out_ += ',';
  const auto role = native_role(from.role);
  if (role.empty())
    return refuse("role", "has to be system, developer, user, assistant or tool");
  ((*out_ += "{\"role\":\"") += role) += '"';
  const bool assistant = role == "assistant";
  if (!add_content(from, assistant))
    return false;
  if (from.thinking.empty())
    from.thinking = from.reasoning;
  if (assistant && from.thinking.starts_with('"'))
    add("thinking") += from.thinking;
  if (assistant && !add_calls(from.calls))
    return false;
  if (role == "tool") {
    if (!add_caller(from))
      return false;
  } else if (is_said(from.name)) {
    to_.lose("name");
  }
  *out_ += '}';
  return true;
}

/// @param may_lack of an assistant that has only called functions.
bool message_writer::add_content(const message& from, bool may_lack) {
  const auto content = from.content.empty() && may_lack ? from.refusal : from.content;
  if (content.starts_with('['))
    return add_parts(content);
  if (!content.starts_with('"') && (!content.empty() || !may_lack))
    return refuse("content", "has to be a string, or a list of parts");
  add("content") += content.empty() ? std::string_view{"\"\""} : content;
  return true;
}

bool message_writer::add_parts(std::string_view parts) {
  text_.clear();
  images_.clear();
  std::size_t index = 0;
  if (!each_of(parts, [&](auto part) { return add_part(part, index++); }))
    return false;
  add("content") += '"';
  (*out_ += text_) += '"';
  if (!images_.empty())
    ((add("images") += '[') += images_) += ']';
  return true;
}

bool message_writer::add_part(std::string_view part, std::size_t index) {
  std::string_view type, text, image, refusal;
  find_members(part,
               std::array{named_value{"type", &type}, named_value{"text", &text},
                          named_value{"image_url", &image}, named_value{"refusal", &refusal}});
  const auto place = indexed("content", index);
  if (detail::says(type, "image_url"))
    return add_image(image, place + ".image_url");
  const bool refuses = detail::says(type, "refusal");
  if (!refuses && !detail::says(type, "text"))
    return refuse(place + ".type", "has to be text or image_url: this backend takes nothing else");
  if (refuses)
    text = refusal;
  if (!text.starts_with('"'))
    return refuse(place + (refuses ? ".refusal" : ".text"), "has to be a string");
  if (index > 0 && !text_.empty())
    text_ += "\\n";
  text_ += inner(text);
  return true;
}

/// @param image an object with the URL, or (of some clients) the URL alone.
bool message_writer::add_image(std::string_view image, const std::string& place) {
  const auto quoted = image.starts_with('{') ? value_in(image, "url") : image;
  const auto field = image.starts_with('{') ? place + ".url" : place;
  if (!quoted.starts_with('"'))
    return refuse(field, "has to be a string");
  auto url = inner(quoted);
  if (url.find('\\') != std::string_view::npos) { // many write \/ for every slash
    scratch_.clear();
    detail::append_unescaped(scratch_, quoted);
    url = scratch_;
  }
  if (detail::is_web_url(url))
    return refuse(field, "cannot be fetched by this backend: the image has to be in the request, "
                         "as a data: URL");
  const auto data = image_in(url).data;
  if (!is_base64(data))
    return refuse(field, "has to be an image as a data: URL in base64");
  if (!images_.empty())
    images_ += ',';
  ((images_ += '"') += data) += '"';
  return true;
}

bool message_writer::add_calls(std::string_view calls) {
  if (calls.empty())
    return true;
  if (!calls.starts_with('['))
    return refuse("tool_calls", "has to be a list");
  if (!is_said(calls))
    return true;
  std::size_t index = 0;
  add("tool_calls") += '[';
  const bool good = each_of(calls, [&](auto call) { return add_call(call, index++); });
  *out_ += ']';
  return good;
}

bool message_writer::add_call(std::string_view call, std::size_t index) {
  std::string_view id, function, name, arguments;
  find_members(call, std::array{named_value{"id", &id}, named_value{"function", &function}});
  find_members(function,
               std::array{named_value{"name", &name}, named_value{"arguments", &arguments}});
  const auto place = indexed("tool_calls", index);
  if (!function.starts_with('{'))
    return refuse(place + ".function", "has to be an object");
  if (!name.starts_with('"') || !is_said(name))
    return refuse(place + ".function.name", "has to be a string that is not empty");
  *out_ += index > 0 ? ",{" : "{";
  if (id.starts_with('"')) {
    ((*out_ += "\"id\":") += id) += ',';
    scratch_.clear();
    detail::append_unescaped(scratch_, id);
    called_.insert_or_assign(scratch_, name);
  } else if (!id.empty()) {
    return refuse(place + ".id", "has to be a string");
  }
  *out_ += "\"function\":{\"index\":";
  ((*out_ += std::to_string(index)) += ",\"name\":") += name;
  *out_ += ",\"arguments\":";
  if (!add_arguments(arguments, place + ".function.arguments"))
    return false;
  *out_ += "}}";
  return true;
}

/// OpenAI has them as a text of JSON, the server as what that text says.
bool message_writer::add_arguments(std::string_view arguments, const std::string& place) {
  if (arguments.starts_with('{')) {
    *out_ += arguments;
    return true;
  }
  scratch_.clear();
  detail::append_unescaped(scratch_, arguments);
  if (!arguments.empty() && !arguments.starts_with('"'))
    return refuse(place, "has to be a string");
  if (scratch_.find_first_not_of(" \t\r\n") == std::string::npos) {
    *out_ += "{}";
    return true;
  }
  if (!inspect_json(scratch_).ok())
    return refuse(place, "has to be a JSON object as a string");
  *out_ += scratch_;
  return true;
}

/// Which function a tool's message is the result of.
bool message_writer::add_caller(const message& from) {
  std::string_view name = from.name.starts_with('"') && is_said(from.name) ? from.name : "";
  if (from.call_id.starts_with('"')) {
    scratch_.clear();
    detail::append_unescaped(scratch_, from.call_id);
    if (const auto found = called_.find(scratch_); found != called_.end())
      name = found->second;
    add("tool_call_id") += from.call_id;
  } else if (!from.call_id.empty() || name.empty()) {
    return refuse("tool_call_id", "has to be a string");
  }
  if (!name.empty())
    add("tool_name") += name;
  return true;
}

} // namespace synapse::http::ollama
