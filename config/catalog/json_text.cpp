#include "config/catalog/json_text.hpp"

#include <algorithm>
#include <cstdio>

namespace synapse::config {

namespace {

constexpr std::size_t max_json_depth = 32;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string_view take_digits(std::string_view& rest) {
  const auto end = std::find_if_not(rest.begin(), rest.end(), is_digit);
  const auto digits = rest.substr(0, static_cast<std::size_t>(end - rest.begin()));
  rest.remove_prefix(digits.size());
  return digits;
}

/// `+.5` → `0.5`, `7.` → `7`; "" for what is no decimal number. Leading zeros make it a text, such
/// as a telephone number.
std::string json_number(std::string_view text) {
  std::string result;
  if (text.starts_with('-'))
    result = "-";
  if (text.starts_with('-') || text.starts_with('+'))
    text.remove_prefix(1);
  const auto whole = take_digits(text);
  if (whole.size() > 1 && whole.front() == '0')
    return {};
  result += whole.empty() ? "0" : whole;
  std::string_view fraction;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    fraction = take_digits(text);
    if (!fraction.empty())
      result.append(".").append(fraction);
  }
  if (whole.empty() && fraction.empty())
    return {};
  if (text.starts_with('e') || text.starts_with('E')) {
    result += 'e';
    text.remove_prefix(1);
    if (text.starts_with('-') || text.starts_with('+')) {
      result += text.front();
      text.remove_prefix(1);
    }
    const auto exponent = take_digits(text);
    if (exponent.empty())
      return {};
    result += exponent;
  }
  return text.empty() ? result : std::string{};
}

std::string in_small_letters(std::string_view text) {
  std::string lower{text};
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  return lower;
}

/// Writes one tree; afterwards `wrong` says why it could not be finished.
class json_writer {
public:
  explicit json_writer(std::size_t most) : most_(most) {}

  bool value(const yaml_node& node, std::size_t depth) {
    if (depth > max_json_depth)
      return fail("is nested too deeply");
    switch (node.type) {
    case yaml_node::kind::null:
      return put("null");
    case yaml_node::kind::scalar:
      return scalar(node);
    case yaml_node::kind::sequence:
      return list(node, depth);
    case yaml_node::kind::map:
      return map(node, depth);
    }
    return false;
  }

  std::string out;
  std::string wrong;

private:
  bool fail(std::string why) {
    wrong = std::move(why);
    return false;
  }

  bool put(std::string_view text) {
    if (text.size() > most_ - out.size())
      return fail("is too long");
    out += text;
    return true;
  }

  bool scalar(const yaml_node& node) {
    if (node.quoted)
      return string(node.text);
    // YAML's core schema knows three spellings of each; others are rarer than texts that look so.
    const std::string lower = in_small_letters(node.text);
    if (lower == "true" || lower == "false" || lower == "null" || lower == "~")
      return put(lower == "~" ? "null" : lower);
    if (lower == ".nan" || lower == ".inf" || lower == "-.inf" || lower == "+.inf")
      return fail("must be a number that JSON can say");
    if (const std::string number = json_number(node.text); !number.empty())
      return put(number);
    return string(node.text);
  }

  bool string(std::string_view text) {
    std::string quoted{'"'};
    if (text.size() > most_)
      return fail("is too long");
    for (const char c : text) {
      char escaped[8];
      if (c == '"' || c == '\\')
        quoted.append({'\\', c});
      else if (static_cast<unsigned char>(c) < 0x20) {
        std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned char>(c));
        quoted += escaped;
      } else
        quoted += c;
    }
    return put(quoted += '"');
  }

  bool list(const yaml_node& node, std::size_t depth) {
    if (!put("["))
      return false;
    for (const auto& item : node.items)
      if ((&item != &node.items.front() && !put(", ")) || !value(*item, depth + 1))
        return false;
    return put("]");
  }

  bool map(const yaml_node& node, std::size_t depth) {
    if (!put("{"))
      return false;
    for (const yaml_entry& entry : node.entries)
      if ((&entry != &node.entries.front() && !put(", ")) || !string(entry.key) || !put(": ") ||
          !value(*entry.value, depth + 1))
        return false;
    return put("}");
  }

  std::size_t most_;
};

} // namespace

parsed<std::string> json_text(const yaml_node& node, std::size_t max_bytes) {
  json_writer writer{max_bytes};
  if (!writer.value(node, 0))
    return parsed<std::string>::failure(std::move(writer.wrong));
  return std::move(writer.out);
}

} // namespace synapse::config
