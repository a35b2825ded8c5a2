#include "config/rules/field_rules.hpp"

#include "config/values/values.hpp"

#include <array>

namespace synapse::config {

namespace {
constexpr std::size_t max_waits = 16;

/// In small letters.
constexpr std::array<std::string_view, 10> framing_fields{
    "connection", "content-encoding",  "content-length", "content-type", "host", "keep-alive",
    "te",         "transfer-encoding", "trailer",        "upgrade"};

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
} // namespace

void check_value(report& out, const std::string& key, const std::string& value,
                 const value_range&) {
  if (value.size() > max_text)
    out.add(key, "is longer than " + std::to_string(max_text) + " bytes");
  else if (!is_printable(value))
    out.add(key, "must not have control characters");
}

void check_value(report& out, const std::string& key, milliseconds value,
                 const value_range& range) {
  if (!in_range(static_cast<double>(value.count()), range))
    out.add(key, range_message(range, true));
}

void check_value(report& out, const std::string& key, const std::vector<milliseconds>& values,
                 const value_range& range) {
  if (values.size() > max_waits)
    out.add(key, "must not have more than " + std::to_string(max_waits) + " entries");
  for (std::size_t i = 0; i < std::min(values.size(), max_waits); ++i)
    check_value(out, key + "[" + std::to_string(i) + "]", values[i], range);
}

void check_value(report& out, const std::string& key, const std::vector<std::string>& values,
                 const value_range& range) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::string item = key + "[" + std::to_string(i) + "]";
    // Blanks alone stand for nothing, neither as a word nor as a name.
    if (values[i].find_first_not_of(" \t") == std::string::npos)
      out.add(item, "must not be empty");
    else
      check_value(out, item, values[i], range);
  }
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= max_backend_name && is_letter_or_digit(name.front()) &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.';
         });
}

void check_name(report& out, const std::string& key, const std::string& name,
                std::string_view whose) {
  if (!is_name(name))
    out.add(key, std::string{whose} + "'s name is 1 to " + std::to_string(max_backend_name) +
                     " letters, digits, \"-\", \"_\" and \".\", the first of them a letter or "
                     "digit");
}

bool is_token(std::string_view name) {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return !name.empty() && name.size() <= 256 && std::all_of(name.begin(), name.end(), [&](char c) {
    return is_letter_or_digit(c) || others.find(c) != std::string_view::npos;
  });
}

bool is_framing_field(std::string_view name) {
  std::string lower{name};
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  return std::find(framing_fields.begin(), framing_fields.end(), lower) != framing_fields.end();
}

} // namespace synapse::config
