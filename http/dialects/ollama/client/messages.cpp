// The messages of a chat, from Ollama's form to OpenAI's.
#include "http/core/head/field.hpp"
#include "http/core/local_reply.hpp"
#include "http/dialects/base64.hpp"
#include "http/dialects/ollama/client/draft.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace synapse::http::ollama::client {

namespace {
using detail::is_said;
using detail::is_text;
using wanted = detail::named_value;

/// Members as the client spelled them; empty: none, or null.
struct message {
  std::string_view role, content, thinking, images, calls, tool_name, name, call_id;
};

/// A call that waits for its result.
struct open_call {
  std::string id; ///< a JSON string
  std::string name;
};

struct signature {
  std::string_view begin; ///< of the base64 of a file
  std::string_view type;
};
constexpr std::array signatures{
    signature{"iVBORw0KGgo", "image/png"}, signature{"/9j/", "image/jpeg"},
    signature{"R0lGOD", "image/gif"},      signature{"UklGR", "image/webp"},
    signature{"Qk", "image/bmp"},          signature{"SUkq", "image/tiff"},
    signature{"TU0AK", "image/tiff"}};

/// The type of an image, which a URL with it in has to name.
std::string_view type_of(std::string_view base64) noexcept {
  const auto* found = std::find_if(signatures.begin(), signatures.end(),
                                   [&](const auto& one) { return base64.starts_with(one.begin); });
  return found == signatures.end() ? "image/png" : found->type;
}

/// Writes one list of messages.
class writer {
public:
  writer(draft& to, std::string& out) : to_(to), out_(out) {}

  bool write(std::string_view text);
  /// @param images a list; empty: none
  bool add_content(std::string_view content, std::string_view images, const std::string& place);
  std::size_t count() const noexcept { return index_; }

private:
  bool refuse(std::string_view member, std::string message);
  bool add_image(std::string_view image, const std::string& place);
  bool add_calls(std::string_view calls);
  bool add_call(std::string_view call, std::size_t index);
  bool add_caller(const message& from);

  draft& to_;
  std::string& out_;
  std::size_t index_ = 0; ///< of the message under way
  std::size_t calls_ = 0; ///< so far
  std::vector<open_call> open_;
  std::string scratch_;
};

bool writer::refuse(std::string_view member, std::string message) {
  auto place = detail::indexed("messages", index_);
  if (!member.empty())
    (place += '.') += member;
  return to_.refuse(std::move(place), std::move(message));
}

/// Roles are understood in any case, as the server does. Empty when there is no such role.
std::string_view role_of(std::string_view quoted) {
  const auto said = detail::unquoted(quoted);
  for (const std::string_view one : {"system", "user", "assistant", "tool", "developer"})
    if (iequals(said, one))
      return one;
  return {};
}

bool writer::write(std::string_view text) {
  if (!text.starts_with('{'))
    return refuse({}, "has to be an object");
  message from;
  detail::find_members(
      text, std::array{wanted{"role", &from.role}, wanted{"content", &from.content},
                       wanted{"thinking", &from.thinking}, wanted{"images", &from.images},
                       wanted{"tool_calls", &from.calls}, wanted{"tool_name", &from.tool_name},
                       wanted{"name", &from.name}, wanted{"tool_call_id", &from.call_id}});
  const auto role = from.role.starts_with('"') ? role_of(from.role) : std::string_view{};
  if (role.empty())
    return refuse("role", "has to be system, user, assistant or tool");
  if (!from.thinking.empty() && !from.thinking.starts_with('"'))
    return refuse("thinking", "has to be a string");
  if (index_ > 0)
    out_ += ',';
  ((out_ += R"({"role":")") += role) += R"(","content":)";
  // An assistant that has only called functions has said nothing.
  const bool silent = role == "assistant" && is_said(from.calls) && !is_text(from.content);
  if (silent && (from.content.empty() || from.content.starts_with('"')) && !is_said(from.images))
    out_ += "null";
  else if (!add_content(from.content, from.images, detail::indexed("messages", index_) + '.'))
    return false;
  if (role == "assistant" && is_text(from.thinking))
    (out_ += R"(,"reasoning_content":)") += from.thinking;
  if (role == "assistant" && !add_calls(from.calls))
    return false;
  if (role == "tool" && !add_caller(from))
    return false;
  out_ += '}';
  ++index_;
  return true;
}

bool writer::add_content(std::string_view content, std::string_view images,
                         const std::string& place) {
  if (!content.empty() && !content.starts_with('"'))
    return to_.refuse(place + "content", "has to be a string");
  if (!images.empty() && !images.starts_with('['))
    return to_.refuse(place + "images", "has to be a list");
  if (!is_said(images)) {
    out_ += content.empty() ? std::string_view{"\"\""} : content;
    return true;
  }
  out_ += '[';
  if (is_text(content))
    ((out_ += R"({"type":"text","text":)") += content) += "},";
  std::size_t index = 0;
  const bool good = detail::each_of(images, [&](std::string_view image) {
    if (index > 0)
      out_ += ',';
    return add_image(image, place + detail::indexed("images", index++));
  });
  out_ += ']';
  return good;
}

bool writer::add_image(std::string_view image, const std::string& place) {
  if (!image.starts_with('"'))
    return to_.refuse(place, "has to be a string");
  auto data = detail::inner(image);
  if (data.find('\\') != std::string_view::npos) { // many write \/ for every slash, some have lines
    scratch_.clear();
    detail::append_unescaped(scratch_, image);
    std::erase_if(scratch_, [](char c) { return c == '\r' || c == '\n'; });
    data = scratch_;
  }
  if (!detail::is_base64(data))
    return to_.refuse(place, "has to be an image in base64");
  ((out_ += R"({"type":"image_url","image_url":{"url":"data:)") += type_of(data)) += ";base64,";
  (out_ += data) += R"("}})";
  return true;
}

bool writer::add_calls(std::string_view calls) {
  if (!calls.empty() && !calls.starts_with('['))
    return refuse("tool_calls", "has to be a list");
  if (!is_said(calls))
    return true;
  std::size_t index = 0;
  out_ += R"(,"tool_calls":[)";
  const bool good = detail::each_of(calls, [&](auto call) { return add_call(call, index++); });
  out_ += ']';
  return good;
}

bool writer::add_call(std::string_view call, std::size_t index) {
  std::string_view id, function, name, arguments;
  detail::find_members(call, std::array{wanted{"id", &id}, wanted{"function", &function}});
  detail::find_members(function,
                       std::array{wanted{"name", &name}, wanted{"arguments", &arguments}});
  const auto place = detail::indexed("tool_calls", index);
  if (!function.starts_with('{'))
    return refuse(place + ".function", "has to be an object");
  if (!is_text(name))
    return refuse(place + ".function.name", "has to be a string that is not empty");
  if (!id.empty() && !id.starts_with('"'))
    return refuse(place + ".id", "has to be a string");
  if (!arguments.empty() && !arguments.starts_with('{'))
    return refuse(place + ".function.arguments", "has to be an object");
  open_call waits;
  if (is_text(id))
    waits.id = id;
  else // results may come without, too
    waits.id = "\"call_" + std::to_string(calls_) + '"';
  waits.name = detail::unquoted(name);
  ++calls_;
  ((out_ += index > 0 ? R"(,{"id":)" : R"({"id":)") += waits.id);
  (out_ += R"(,"type":"function","function":{"name":)") += name;
  append_json_string(out_ += R"(,"arguments":)",
                     arguments.empty() ? std::string_view{"{}"} : arguments);
  out_ += "}}";
  open_.push_back(std::move(waits));
  return true;
}

/// Finds the call that a message is the result of: by its id, else the first one that still waits
/// and has the function's name, if that is told.
bool writer::add_caller(const message& from) {
  const auto told = from.tool_name.empty() ? from.name : from.tool_name;
  if ((!told.empty() && !told.starts_with('"')) ||
      (!from.call_id.empty() && !from.call_id.starts_with('"')))
    return refuse(from.call_id.empty() ? "tool_name" : "tool_call_id", "has to be a string");
  const bool by_id = is_text(from.call_id);
  const auto wanted_text = detail::unquoted(by_id ? from.call_id : told);
  const auto found = std::find_if(open_.begin(), open_.end(), [&](const open_call& one) {
    if (by_id)
      return detail::unquoted(one.id) == wanted_text;
    return wanted_text.empty() || one.name == wanted_text;
  });
  if (found == open_.end())
    return refuse(by_id ? "tool_call_id" : "tool_name",
                  "has to be that of an earlier message's call that has no result yet");
  (out_ += R"(,"tool_call_id":)") += found->id;
  open_.erase(found);
  return true;
}

bool is_tool(draft& to, std::string_view tool, std::size_t index) {
  const auto place = detail::indexed("tools", index);
  std::string_view type, function;
  detail::find_members(tool, std::array{wanted{"type", &type}, wanted{"function", &function}});
  if (is_said(type) && !detail::says(type, "function"))
    return to.refuse(place + ".type", "has to be function: the backend has no tools of its own");
  if (!function.starts_with('{'))
    return to.refuse(place + ".function", "has to be an object");
  if (!is_text(detail::value_in(function, "name")))
    return to.refuse(place + ".function.name", "has to be a string that is not empty");
  return true;
}
} // namespace

bool add_messages(draft& to, std::string_view messages) {
  if (!messages.starts_with('['))
    return to.refuse("messages", "has to be a list");
  auto& out = to.add("messages") += '[';
  writer each{to, out};
  const bool good = detail::each_of(messages, [&](auto one) { return each.write(one); });
  out += ']';
  return good;
}

bool add_prompt(draft& to, const asked& from) {
  auto& out = to.add("messages") += '[';
  if (is_text(from.system))
    ((out += R"({"role":"system","content":)") += from.system) += "},";
  out += R"({"role":"user","content":)";
  if (!writer{to, out}.add_content(from.prompt, from.images, {}))
    return false;
  out += "}]";
  return true;
}

bool add_tools(draft& to, std::string_view tools) {
  if (!tools.empty() && !tools.starts_with('['))
    return to.refuse("tools", "has to be a list");
  if (!is_said(tools))
    return true;
  auto& out = to.add("tools") += '[';
  std::size_t index = 0;
  const bool good = detail::each_of(tools, [&](std::string_view tool) {
    if (!is_tool(to, tool, index))
      return false;
    out += index++ > 0 ? "," : "";
    if (is_said(detail::value_in(tool, "type")))
      out += tool;
    else
      ((out += R"({"type":"function","function":)") += detail::value_in(tool, "function")) += '}';
    return true;
  });
  out += ']';
  return good;
}

} // namespace synapse::http::ollama::client
