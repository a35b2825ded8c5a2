#include "http/dialects/openai/json_values.hpp"

#include "http/core/head/field.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace synapse::http::detail {

namespace {
constexpr auto base64_letters = [] {
  std::array<bool, 256> table{};
  for (const char c :
       std::string_view{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"})
    table[static_cast<unsigned char>(c)] = true;
  return table;
}();
} // namespace

std::optional<double> number_of(std::string_view value) noexcept {
  double number = 0;
  const auto* end = value.data() + value.size();
  const auto read = std::from_chars(value.data(), end, number);
  if (read.ec != std::errc{} || read.ptr != end || !std::isfinite(number))
    return {};
  return number;
}

std::optional<std::int64_t> integer_of(std::string_view value) noexcept {
  std::int64_t whole = 0;
  const auto* end = value.data() + value.size();
  const auto read = std::from_chars(value.data(), end, whole);
  if (read.ec == std::errc{} && read.ptr == end)
    return whole;
  constexpr double exact = 9007199254740992.0; // 2^53: above, not every integer is a double
  const auto number = number_of(value);
  if (!number || std::abs(*number) > exact || std::trunc(*number) != *number)
    return {};
  return static_cast<std::int64_t>(*number);
}

bool is_said(std::string_view value) noexcept {
  if (value.empty() || value == "false" || value == "null" || value == "\"\"")
    return false;
  if (value.front() != '{' && value.front() != '[')
    return true;
  const auto within = value.substr(1).find_first_not_of(" \t\r\n");
  return within != std::string_view::npos && within + 2 < value.size();
}

std::string_view value_in(std::string_view object, std::string_view name) {
  std::string_view found;
  find_members(object, std::array{named_value{name, &found}});
  return found;
}

std::string indexed(std::string_view name, std::size_t index) {
  return std::string{name} + '[' + std::to_string(index) + ']';
}

bool is_base64(std::string_view text) noexcept {
  if (text.empty() || text.size() % 4 != 0)
    return false;
  for (int padding = 0; padding < 2 && text.back() == '='; ++padding)
    text.remove_suffix(1);
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return base64_letters[c]; });
}

data_url image_in(std::string_view url) noexcept {
  constexpr std::string_view scheme = "data:";
  constexpr std::string_view mark = ";base64,";
  if (!iequals(url.substr(0, scheme.size()), scheme))
    return {};
  const auto comma = url.find(',');
  if (comma == std::string_view::npos || comma + 1 < scheme.size() + mark.size())
    return {};
  if (!iequals(url.substr(comma + 1 - mark.size(), mark.size()), mark))
    return {};
  const auto type = url.substr(scheme.size(), comma + 1 - mark.size() - scheme.size());
  if (!type.empty() && !iequals(type.substr(0, 6), "image/"))
    return {};
  return {type, url.substr(comma + 1)};
}

bool is_web_url(std::string_view url) noexcept {
  return iequals(url.substr(0, 7), "http://") || iequals(url.substr(0, 8), "https://");
}

} // namespace synapse::http::detail
