/// @file
/// Internal: what requests and answers in JSON are written with, from values as they are spelled
/// elsewhere.
#pragma once

#include "http/dialects/openai/json_values.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace synapse::http::detail {

/// What a string says. @param quoted as JSON
std::string unquoted(std::string_view quoted);
/// Appends a value without the line breaks between its parts: those within strings are escaped
/// anyway.
void append_in_one_line(std::string& out, std::string_view value);
/// Appends a value of the member, or null where there is none. @param value empty: none
inline void append_or_null(std::string& out, std::string_view value) {
  append_in_one_line(out, value.empty() ? std::string_view{"null"} : value);
}

/// As `find_members`. @param other takes name (quoted) and value of each member that is not wanted
template <std::size_t N, class Other>
void find_members(std::string_view object, const std::array<named_value, N>& wanted,
                  Other&& other) {
  json_cursor cursor(object);
  if (cursor.peek() != '{')
    return;
  cursor.members([&](byte_range quoted, std::uint32_t) {
    const auto value = cursor.value().of(object);
    for (const auto& one : wanted)
      if (says(quoted.of(object), one.name)) {
        *one.to = value == "null" ? std::string_view{} : value;
        return;
      }
    other(quoted.of(object), value);
  });
}

/// Writes an object.
class object_writer {
public:
  /// Begins a member; its value is to be appended.
  std::string& add(std::string_view name) {
    out_ += out_.empty() ? '{' : ',';
    out_ += '"';
    out_ += name;
    return out_ += "\":";
  }
  /// The whole text. Once.
  std::string finish() {
    out_ += out_.empty() ? "{}" : "}";
    return std::move(out_);
  }
  void reserve(std::size_t bytes) { out_.reserve(bytes); }

private:
  std::string out_;
};

} // namespace synapse::http::detail
