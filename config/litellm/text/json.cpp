#include "config/litellm/text/json.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>

namespace synapse::config::litellm {

namespace {

/// Only a tree that remembers quotes can tell "1" from 1.
template <class Node>
bool stood_in_quotes(const Node& node) {
  if constexpr (requires { node.quoted; })
    return node.quoted;
  else
    return false;
}

std::string_view digits_of(std::string_view& text) {
  const auto end = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto digits = text.substr(0, end);
  text.remove_prefix(end);
  return digits;
}

class json_writer {
public:
  explicit json_writer(const context& say) : say_(say) {}

  void value(const yaml_node& node) {
    if (out.size() > max_json)
      return;
    switch (node.type) {
    case yaml_node::kind::null:
      out += "null";
      break;
    case yaml_node::kind::scalar:
      scalar(node);
      break;
    case yaml_node::kind::sequence:
      list(node);
      break;
    case yaml_node::kind::map:
      map(node);
      break;
    }
  }

  std::string out;
  bool from_environment = false;

private:
  void scalar(const yaml_node& node) {
    if (const auto name = variable_in(node.text)) {
      out += json_string(say_.variable(*name).value_or(""));
      from_environment = true;
      return;
    }
    std::string_view text = node.text;
    const bool plain = !stood_in_quotes(node);
    if (plain && (text == "True" || text == "TRUE"))
      text = "true";
    if (plain && (text == "False" || text == "FALSE"))
      text = "false";
    if (plain && (text == "true" || text == "false" || is_json_number(text)))
      out += text;
    else
      out += json_string(text);
  }

  void list(const yaml_node& node) {
    out += '[';
    for (std::size_t i = 0; i < node.items.size() && out.size() <= max_json; ++i) {
      out += i == 0 ? "" : ",";
      value(*node.items[i]);
    }
    out += ']';
  }

  void map(const yaml_node& node) {
    out += '{';
    for (std::size_t i = 0; i < node.entries.size() && out.size() <= max_json; ++i) {
      out += (i == 0 ? "" : ",") + json_string(node.entries[i].key) + ':';
      value(*node.entries[i].value);
    }
    out += '}';
  }

  const context& say_;
};

} // namespace

bool is_json_number(std::string_view text) {
  if (text.starts_with('-'))
    text.remove_prefix(1);
  const auto whole = digits_of(text);
  if (whole.empty() || (whole.size() > 1 && whole.front() == '0'))
    return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (digits_of(text).empty())
      return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-'))
      text.remove_prefix(1);
    if (digits_of(text).empty())
      return false;
  }
  return text.empty();
}

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80                    ? 1
                               : lead >= 0xc2 && lead <= 0xdf ? 2
                               : (lead & 0xf0) == 0xe0        ? 3
                               : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                              : 0;
    if (length == 0 || i + length > text.size())
      return false;
    std::uint32_t code = length == 1 ? lead : lead & (0xffU >> (length + 1));
    for (std::size_t j = 1; j < length; ++j) {
      const auto next = static_cast<unsigned char>(text[i + j]);
      if ((next & 0xc0) != 0x80)
        return false;
      code = (code << 6) | (next & 0x3f);
    }
    if ((length == 3 && (code < 0x800 || (code >= 0xd800 && code <= 0xdfff))) ||
        (length == 4 && (code < 0x10000 || code > 0x10ffff)))
      return false;
    i += length;
  }
  return true;
}

std::string json_string(std::string_view text) {
  std::string result{'"'};
  for (const char c : text) {
    char escaped[8];
    if (c == '"' || c == '\\') {
      result.append({'\\', c});
    } else if (static_cast<unsigned char>(c) < 0x20) {
      std::snprintf(escaped, sizeof escaped, "\\u%04x",
                    static_cast<unsigned>(static_cast<unsigned char>(c)));
      result += escaped;
    } else {
      result += c;
    }
  }
  return result + '"';
}

std::optional<json_text> json_of(const spot& at, context& say) {
  json_writer writer{say};
  writer.value(*at.node);
  if (writer.out.size() > max_json)
    say.refuse(at, "is longer than " + std::to_string(max_json) + " bytes");
  else if (!is_utf8(writer.out))
    say.refuse(at, "is not UTF-8 text");
  else if (say.spend(at, writer.out.size()))
    return json_text{std::move(writer.out), writer.from_environment};
  return std::nullopt;
}

} // namespace synapse::config::litellm
