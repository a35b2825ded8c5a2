#include "config/print/yaml_writer.hpp"

#include <array>
#include <charconv>
#include <cstdio>

namespace synapse::config {

namespace {
/// Plain, these would be no text.
constexpr std::array<std::string_view, 3> null_texts{"null", "Null", "NULL"};
} // namespace

std::string yaml_text(std::string_view text) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '/';
  };
  const bool begins_plain =
      !text.empty() && ((text.front() >= 'a' && text.front() <= 'z') ||
                        (text.front() >= 'A' && text.front() <= 'Z') || text.front() == '/');
  if (begins_plain && std::all_of(text.begin(), text.end(), is_plain) &&
      std::find(null_texts.begin(), null_texts.end(), text) == null_texts.end())
    return std::string{text};
  std::string result{'"'};
  for (const char c : text) {
    char escaped[8];
    if (c == '"' || c == '\\')
      result.append({'\\', c});
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      std::snprintf(escaped, sizeof escaped, "\\x%02x", static_cast<unsigned char>(c));
      result += escaped;
    } else
      result += c;
  }
  return result + '"';
}

std::string yaml_number(double value) {
  // The least positive double has 1,074 binary digits behind the point.
  std::array<char, 1100> text;
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  return {text.data(), end.ptr};
}

} // namespace synapse::config
