#include "http/dialects/form_fields.hpp"

#include "http/core/head/field.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

namespace synapse::http {
namespace {

constexpr std::array<std::string_view, 6> true_texts{"true", "1", "yes", "on", "t", "y"};
constexpr std::array<std::string_view, 6> false_texts{"false", "0", "no", "off", "f", "n"};

bool one_of(std::string_view value, std::span<const std::string_view> texts) {
  return std::any_of(texts.begin(), texts.end(),
                     [&](std::string_view one) { return iequals(value, one); });
}

} // namespace

bool is_true(std::string_view value) noexcept {
  return one_of(value, true_texts);
}

bool is_false(std::string_view value) noexcept {
  return one_of(value, false_texts);
}

std::optional<long> whole_number(std::string_view value) noexcept {
  long number = 0;
  const auto read = std::from_chars(value.data(), value.data() + value.size(), number);
  if (value.empty() || value.size() > 9 || read.ec != std::errc{} ||
      read.ptr != value.data() + value.size())
    return {};
  return number;
}

} // namespace synapse::http
