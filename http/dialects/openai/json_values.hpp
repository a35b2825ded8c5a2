/// @file
/// Internal: what JSON values say, by their texts. Of a text that is no JSON nothing useful comes,
/// but nothing outside of it is read.
#pragma once

#include "http/dialects/openai/json_cursor.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace synapse::http::detail {

/// @returns the number that a JSON value is, or nothing when it is none.
std::optional<double> number_of(std::string_view value) noexcept;
/// The same for whole numbers, however they are spelled (`256`, `256.0`, `2.56e2`).
std::optional<std::int64_t> integer_of(std::string_view value) noexcept;
/// Whether a JSON value asks for something: neither false nor an empty text, list or object.
bool is_said(std::string_view value) noexcept;
/// Whether it is a string that is not empty.
inline bool is_text(std::string_view value) noexcept {
  return value.size() > 2 && value.front() == '"';
}
/// A string without its quotes, still escaped.
inline std::string_view inner(std::string_view quoted) noexcept {
  return quoted.size() < 2 ? std::string_view{} : quoted.substr(1, quoted.size() - 2);
}
/// @returns the value of an object's member, the last of that name; empty: none, null, or no
/// object.
std::string_view value_in(std::string_view object, std::string_view name);
/// A path of a field: `name[index]`.
std::string indexed(std::string_view name, std::size_t index);

/// Calls `use(element)` for each element of a list until it says false. @returns what it said last
template <class Use>
bool each_of(std::string_view list, Use&& use) {
  bool good = true;
  json_cursor cursor(list);
  if (cursor.peek() == '[')
    cursor.elements([&] {
      const auto one = cursor.value().of(list);
      good = good && use(one);
    });
  return good;
}

struct named_value {
  std::string_view name;
  std::string_view* to;
};

/// Finds members of an object: the last one of each name counts, and null is none.
template <std::size_t N>
void find_members(std::string_view object, const std::array<named_value, N>& wanted) {
  json_cursor cursor(object);
  if (cursor.peek() != '{')
    return;
  cursor.members([&](byte_range name, std::uint32_t) {
    const auto value = cursor.value().of(object);
    for (const auto& one : wanted)
      if (says(name.of(object), one.name))
        *one.to = value == "null" ? std::string_view{} : value;
  });
}

/// Whether a text is whole base64, in the ordinary alphabet with its padding.
bool is_base64(std::string_view text) noexcept;

/// What a URL such as data:image/png;base64,iVBO… is made of.
struct data_url {
  std::string_view type; ///< such as `image/png`; empty: not told
  std::string_view data; ///< empty: it is no such URL
};
/// Of an image, in base64; whether it really is base64 is for `is_base64` to say.
data_url image_in(std::string_view url) noexcept;
/// Whether a URL is one that has to be fetched: of http or https.
bool is_web_url(std::string_view url) noexcept;

} // namespace synapse::http::detail
