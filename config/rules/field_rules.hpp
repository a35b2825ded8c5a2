/// @file
/// What rules of settings share: where they put what is wrong, the ranges of the tables, and the
/// looks of names. Pure functions; any thread.
#pragma once

#include "config/schema.hpp"
#include "config/text/config_error.hpp"

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace synapse::config {

/// Gathers problems under key paths: enough of them for any reader, whatever the settings.
class report {
public:
  void add(std::string key, std::string message, std::string suggestion = {}) {
    if (errors_ < max_errors)
      problems_.push_back({"", 0, std::move(key), std::move(message), std::move(suggestion)});
    ++errors_;
  }
  void warn(std::string key, std::string message) {
    if (warnings_ < max_warnings)
      problems_.push_back({"", 0, std::move(key), std::move(message), {}, severity::warning});
    ++warnings_;
  }
  /// The nearest of `known`; empty once there are many problems, because it is slow.
  std::string near(std::string_view name, std::span<const std::string_view> known) const {
    return errors_ < max_suggestions ? nearest(name, known) : std::string{};
  }
  std::vector<problem> take() { return std::move(problems_); }

private:
  static constexpr std::size_t max_errors = 1000;
  static constexpr std::size_t max_warnings = 32;
  static constexpr std::size_t max_suggestions = 50;

  std::vector<problem> problems_;
  std::size_t errors_ = 0;
  std::size_t warnings_ = 0;
};

constexpr std::size_t max_text = 4096;

/// `value` under `key` has to lie in `range`; of texts the length is checked, and that they have no
/// control characters.
void check_value(report& out, const std::string& key, const std::string& value,
                 const value_range& range);
void check_value(report& out, const std::string& key, milliseconds value, const value_range& range);
void check_value(report& out, const std::string& key, const std::vector<milliseconds>& values,
                 const value_range& range);
void check_value(report& out, const std::string& key, const std::vector<std::string>& values,
                 const value_range& range);
template <class Number>
requires std::is_arithmetic_v<Number>
void check_value(report& out, const std::string& key, Number value, const value_range& range) {
  if constexpr (!std::is_same_v<Number, bool>)
    if (!in_range(static_cast<double>(value), range))
      out.add(key, range_message(range, false));
}

/// The fields of the table; `prefix` is "" or ends in a dot.
template <class Section>
void check_fields(report& out, const std::string& prefix, const Section& section) {
  for (const field<Section>& one : fields_of<Section>()) {
    const std::string key = prefix + std::string{one.name};
    std::visit([&](auto member) { check_value(out, key, section.*member, one.range); }, one.member);
  }
}

constexpr std::size_t max_backend_name = 64;

/// Whether `name` may be that of a backend or of a graphics card.
bool is_name(std::string_view name);

/// Says so under `key` if it may not; `whose` as in "a backend".
void check_name(report& out, const std::string& key, const std::string& name,
                std::string_view whose);

/// Whether `name` may be that of a header field (RFC 9110 section 5.6.2).
bool is_token(std::string_view name);

/// Whether the field decides how a message is read or where it goes: nobody's to set.
bool is_framing_field(std::string_view name);

/// Names of everything in `all`, to look for a near one.
template <class Map>
std::vector<std::string_view> names_in(const Map& all) {
  std::vector<std::string_view> names;
  for (const auto& [name, ignored] : all)
    names.push_back(name);
  return names;
}

} // namespace synapse::config
