// The input of a response as the messages of a chat.
#include "http/dialects/openai/responses/draft.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace synapse::http::openai::responses {

namespace {
using detail::is_said;
using detail::is_text;
using wanted = detail::named_value;

/// The role of a message, as it is spelled here; empty when there is none such.
std::string_view role_of(std::string_view quoted) {
  for (const std::string_view one : {"user", "assistant", "system", "developer"})
    if (detail::says(quoted, one))
      return one;
  return {};
}

/// Writes the messages, one behind the other. Calls become part of the assistant's message before
/// them, as they were when it was made.
class writer {
public:
  writer(draft& to, std::string& out, const known& earlier)
      : to_(to), out_(out), earlier_(earlier) {}

  void add_earlier(std::string_view messages);
  bool add_text(std::string_view input);
  bool add_items(std::string_view items);

private:
  std::string place(std::string_view member) const;
  bool refuse(std::string_view member, std::string message);
  bool add(std::string_view item);
  bool add_item(std::string_view type, std::string_view item);
  bool add_message(std::string_view item);
  bool add_call(std::string_view item);
  bool add_result(std::string_view item);
  bool add_reference(std::string_view item);
  void begin_message();
  void end_message();

  draft& to_;
  std::string& out_;
  const known& earlier_;
  std::size_t index_ = 0;         ///< of the item
  bool assistant_ = false;        ///< a message of the assistant is written, but for its end
  bool calls_ = false;            ///< so is the beginning of its calls
  bool referred_ = false;         ///< the item is one that another refers to
  std::vector<std::string> open_; ///< ids of calls without a result
};

/// Where in the request it is.
std::string writer::place(std::string_view member) const {
  auto text = detail::indexed("input", index_);
  if (!member.empty())
    (text += '.') += member;
  return text;
}

bool writer::refuse(std::string_view member, std::string message) {
  return to_.refuse(place(member), std::move(message));
}

void writer::end_message() {
  out_ += calls_ ? "]}" : assistant_ ? "}" : "";
  assistant_ = calls_ = false;
}

void writer::begin_message() {
  end_message();
  if (!out_.empty())
    out_ += ',';
}

/// Messages of before, as they are; their calls may have their results here.
void writer::add_earlier(std::string_view messages) {
  detail::each_of(messages, [&](std::string_view message) {
    begin_message();
    out_ += message;
    detail::each_of(detail::value_in(message, "tool_calls"), [&](std::string_view call) {
      open_.push_back(detail::unquoted(detail::value_in(call, "id")));
      return true;
    });
    std::erase(open_, detail::unquoted(detail::value_in(message, "tool_call_id")));
    return true;
  });
}

bool writer::add_text(std::string_view input) {
  begin_message();
  ((out_ += R"({"role":"user","content":)") += input) += '}';
  return true;
}

bool writer::add_items(std::string_view items) {
  const bool good = detail::each_of(items, [&](std::string_view item) {
    const bool written = add(item);
    ++index_;
    return written;
  });
  end_message();
  return good;
}

bool writer::add(std::string_view item) {
  if (!item.starts_with('{'))
    return refuse({}, "has to be an object");
  auto type = detail::value_in(item, "type");
  if (type.empty() && !detail::value_in(item, "role").empty())
    type = "\"message\"";
  if (!type.starts_with('"'))
    return refuse("type", "has to be a string");
  return add_item(type, item);
}

bool writer::add_item(std::string_view type, std::string_view item) {
  if (detail::says(type, "message"))
    return add_message(item);
  if (detail::says(type, "function_call"))
    return add_call(item);
  if (detail::says(type, "function_call_output"))
    return add_result(item);
  if (detail::says(type, "item_reference"))
    return add_reference(item);
  if (detail::says(type, "reasoning")) // what a model thought is for itself, and not for the next
    return true;
  return refuse("type", "has to be message, function_call, function_call_output, reasoning or "
                        "item_reference: the backend has nothing like " +
                            detail::unquoted(type));
}

bool writer::add_message(std::string_view item) {
  std::string_view role, content;
  detail::find_members(item, std::array{wanted{"role", &role}, wanted{"content", &content}});
  const auto name = role_of(role);
  if (name.empty())
    return refuse("role", "has to be user, assistant, system or developer");
  begin_message();
  ((out_ += R"({"role":")") += name) += R"(","content":)";
  if (!append_content(to_, out_, content, name == "assistant", place("content")))
    return false;
  assistant_ = name == "assistant"; // its calls may follow
  if (!assistant_)
    out_ += '}';
  return true;
}

bool writer::add_call(std::string_view item) {
  std::string_view id, name, arguments;
  detail::find_members(item, std::array{wanted{"call_id", &id}, wanted{"name", &name},
                                        wanted{"arguments", &arguments}});
  if (!is_text(id))
    return refuse("call_id", "has to be a string that is not empty");
  if (!is_text(name))
    return refuse("name", "has to be a string that is not empty");
  if (!arguments.starts_with('"'))
    return refuse("arguments", "has to be a JSON object as a string");
  if (!assistant_) {
    begin_message();
    out_ += R"({"role":"assistant","content":null)";
    assistant_ = true;
  }
  out_ += calls_ ? R"(,{"id":)" : R"(,"tool_calls":[{"id":)";
  calls_ = true;
  ((out_ += id) += R"(,"type":"function","function":{"name":)") += name;
  ((out_ += R"(,"arguments":)") += arguments) += "}}";
  open_.push_back(detail::unquoted(id));
  return true;
}

bool writer::add_result(std::string_view item) {
  std::string_view id, output;
  detail::find_members(item, std::array{wanted{"call_id", &id}, wanted{"output", &output}});
  if (!is_text(id))
    return refuse("call_id", "has to be a string that is not empty");
  const auto call = std::find(open_.begin(), open_.end(), detail::unquoted(id));
  if (call == open_.end())
    return refuse("call_id", "has to be that of an earlier function_call that has no output yet");
  open_.erase(call);
  begin_message();
  ((out_ += R"({"role":"tool","tool_call_id":)") += id) += R"(,"content":)";
  if (!append_content(to_, out_, output, false, place("output")))
    return false;
  out_ += '}';
  return true;
}

bool writer::add_reference(std::string_view item) {
  const auto id = detail::value_in(item, "id");
  if (!is_text(id))
    return refuse("id", "has to be a string that is not empty");
  const auto found =
      earlier_.item && !referred_ ? earlier_.item(detail::unquoted(id)) : std::string_view{};
  if (found.empty())
    return refuse("id", "names an item that is not stored here");
  referred_ = true; // one does not refer to another
  const bool good = add(found);
  referred_ = false;
  return good;
}
} // namespace

bool append_messages(draft& to, std::string& out, std::string_view input, const known& earlier) {
  out.reserve(input.size() + 256 + (earlier.earlier ? earlier.earlier->size() : 0));
  writer each{to, out, earlier};
  if (earlier.earlier)
    each.add_earlier(*earlier.earlier);
  if (input.starts_with('"'))
    return each.add_text(input);
  if (!input.starts_with('['))
    return to.refuse("input", "has to be a string or a list of items");
  if (!is_said(input))
    return to.refuse("input", "has to have at least one item");
  return each.add_items(input) &&
         (!out.empty() || to.refuse("input", "has to have at least one message"));
}

} // namespace synapse::http::openai::responses
