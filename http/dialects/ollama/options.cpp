// How a text is to be made: what OpenAI's requests say about it, and what Ollama calls that.
#include "http/dialects/ollama/draft.hpp"
#include "http/dialects/openai/json_cursor.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

namespace synapse::http::ollama {

namespace {
/// The server keeps these in single precision, and fails when they do not fit: that would look like
/// a fault of its own.
constexpr double largest_option = 1e6;
constexpr std::int64_t largest_count = std::numeric_limits<std::int32_t>::max();

using name_and_member = std::pair<std::string_view, member>;

constexpr std::array number_options{
    name_and_member{"temperature", member::temperature},
    name_and_member{"top_p", member::top_p},
    name_and_member{"min_p", member::min_p},
    name_and_member{"typical_p", member::typical_p},
    name_and_member{"presence_penalty", member::presence_penalty},
    name_and_member{"frequency_penalty", member::frequency_penalty}};

/// Writes `options`, which is left out when it would be empty.
class options_writer {
public:
  explicit options_writer(draft& to) : to_(to) {}

  bool write();

private:
  void put(std::string_view name, std::string_view value);
  bool number(std::string_view name, member which);
  bool integer(std::string_view name, member which, std::int64_t least, std::int64_t most);
  bool length();
  bool stop();

  draft& to_;
  std::string out_;
};

void options_writer::put(std::string_view name, std::string_view value) {
  out_ += out_.empty() ? "{\"" : ",\"";
  out_ += name;
  out_ += "\":";
  out_ += value;
}

bool options_writer::number(std::string_view name, member which) {
  const auto value = to_[which];
  if (value.empty())
    return true;
  const auto number = number_of(value);
  if (!number || std::abs(*number) > largest_option)
    return to_.refuse(which, "has to be a number from -1000000 to 1000000");
  put(name, value);
  return true;
}

bool options_writer::integer(std::string_view name, member which, std::int64_t least,
                             std::int64_t most) {
  const auto value = to_[which];
  if (value.empty())
    return true;
  const auto number = integer_of(value);
  if (!number || *number < least || *number > most)
    return to_.refuse(which, "has to be a whole number from " + std::to_string(least) + " to " +
                                 std::to_string(most));
  put(name, std::to_string(*number));
  return true;
}

/// 0 would be no limit at all there; -1 says so in words of llama.cpp's clients, too.
bool options_writer::length() {
  const auto which = to_.first_of({member::max_completion_tokens, member::max_tokens});
  if (integer_of(to_[which]) == 0)
    return to_.refuse(which, "has to be at least 1");
  return integer("num_predict", which, -1, largest_count);
}

/// An empty text, which every text contains, would end an answer before it begins.
bool options_writer::stop() {
  const auto value = to_[member::stop];
  std::string list;
  bool good = true;
  detail::json_cursor cursor(value);
  const auto take = [&] {
    const auto one = cursor.value().of(value);
    good = good && one.starts_with('"');
    if (good && one != "\"\"")
      (list += list.empty() ? '[' : ',') += one;
  };
  if (value.starts_with('['))
    cursor.elements(take);
  else if (!value.empty())
    take();
  if (!good)
    return to_.refuse(member::stop, "has to be a string, or a list of strings");
  if (!list.empty())
    put("stop", list += ']');
  return true;
}

bool options_writer::write() {
  if (to_.settings().num_ctx > 0)
    put("num_ctx", std::to_string(to_.settings().num_ctx));
  for (const auto& [name, which] : number_options)
    if (!number(name, which))
      return false;
  const auto repeat = to_.first_of({member::repeat_penalty, member::repetition_penalty});
  if (!number("repeat_penalty", repeat) || !length() || !stop() ||
      !integer("top_k", member::top_k, -1, largest_count) ||
      !integer("repeat_last_n", member::repeat_last_n, -1, largest_count) ||
      !integer("seed", member::seed, std::numeric_limits<std::int64_t>::min(),
               std::numeric_limits<std::int64_t>::max()))
    return false;
  if (!out_.empty())
    to_.add("options") += out_ += '}';
  return true;
}

struct effort {
  std::string_view asked;
  std::string_view native;
};
constexpr std::array efforts{effort{"none", "false"},    effort{"minimal", "\"low\""},
                             effort{"low", "\"low\""},   effort{"medium", "\"medium\""},
                             effort{"high", "\"high\""}, effort{"xhigh", "\"max\""},
                             effort{"max", "\"max\""}};

/// @param value true, false, or a word for how much. @returns what `think` is to be; empty: unknown
std::string_view think_for(std::string_view value) {
  if (value == "true" || value == "false")
    return value;
  const auto* found = std::find_if(efforts.begin(), efforts.end(), [&](const effort& one) {
    return detail::says(value, one.asked);
  });
  return found == efforts.end() ? std::string_view{} : found->native;
}

bool put_think(draft& to, std::string field, std::string_view value) {
  const auto native = think_for(value);
  if (native.empty())
    return to.refuse(std::move(field), "has to be none, minimal, low, medium, high, xhigh or max");
  to.add("think") += native;
  return true;
}

/// What vLLM's and llama.cpp's clients say to a model's template.
bool think_by_template(draft& to) {
  const auto said = to[member::chat_template_kwargs];
  const auto value = value_in(said, "enable_thinking");
  std::size_t members = 0;
  detail::json_cursor cursor(said);
  if (cursor.peek() == '{')
    cursor.members([&](byte_range, std::uint32_t) {
      cursor.value();
      ++members;
    });
  if (is_said(said) && (members != 1 || value.empty()))
    to.lose(to_string(member::chat_template_kwargs));
  return value.empty() || put_think(to, "chat_template_kwargs.enable_thinking", value);
}
} // namespace

bool add_options(draft& to) {
  return options_writer{to}.write();
}

bool add_think(draft& to) {
  for (const auto which : {member::think, member::reasoning_effort})
    if (!to[which].empty())
      return put_think(to, std::string{to_string(which)}, to[which]);
  const auto reasoning = to[member::reasoning];
  if (!reasoning.empty() && !reasoning.starts_with('{'))
    return to.refuse(member::reasoning, "has to be an object");
  for (const auto* name : {"effort", "enabled"})
    if (const auto value = value_in(reasoning, name); !value.empty())
      return put_think(to, std::string{"reasoning."} + name, value);
  return think_by_template(to);
}

bool add_format(draft& to) {
  const auto wanted = to[member::response_format];
  if (wanted.empty())
    return true;
  if (!wanted.starts_with('{'))
    return to.refuse(member::response_format, "has to be an object");
  const auto type = value_in(wanted, "type");
  if (detail::says(type, "text"))
    return true;
  if (detail::says(type, "json_object")) {
    to.add("format") += "\"json\"";
    return true;
  }
  if (!detail::says(type, "json_schema"))
    return to.refuse("response_format.type", "has to be text, json_object or json_schema");
  const auto schema = value_in(value_in(wanted, "json_schema"), "schema");
  if (!schema.starts_with('{'))
    return to.refuse("response_format.json_schema.schema", "has to be an object");
  to.add("format") += schema;
  return true;
}

} // namespace synapse::http::ollama
