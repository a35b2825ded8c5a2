/// @file
/// Internal: members of JSON that a server has made, read without trusting it. Nothing throws, and
/// what has the wrong type is as good as absent.
#pragma once

#include "http/core/json/json_parser.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

namespace synapse::http::detail {

using json_object = simdjson::dom::object;
using json_array = simdjson::dom::array;
using json_element = simdjson::dom::element;

/// Parses an answer that has to be an object. @returns nothing with `problem` set, which goes on
/// after "backend NAME: ". @param parser has to stay as long as the object is looked at
inline std::optional<json_object> parse_object(borrowed_parser& parser, std::string_view body,
                                               std::size_t max_bytes, std::string& problem) {
  if (body.size() > max_bytes) {
    problem = "its answer exceeds " + std::to_string(max_bytes) + " bytes";
    return {};
  }
  json_element root;
  json_object object;
  if (parser.parse(body, false, root) != simdjson::SUCCESS ||
      root.get(object) != simdjson::SUCCESS) {
    problem = "its answer is no JSON object: " + std::string{body.substr(0, 200)};
    return {};
  }
  return object;
}

inline std::optional<std::string_view> text_member(const json_object& from, std::string_view key) {
  std::string_view text;
  return from[key].get(text) == simdjson::SUCCESS ? std::optional{text} : std::nullopt;
}

inline std::optional<json_object> object_member(const json_object& from, std::string_view key) {
  json_object object;
  return from[key].get(object) == simdjson::SUCCESS ? std::optional{object} : std::nullopt;
}

inline std::optional<json_array> array_member(const json_object& from, std::string_view key) {
  json_array array;
  return from[key].get(array) == simdjson::SUCCESS ? std::optional{array} : std::nullopt;
}

/// Within the bounds. @returns `otherwise` when there is no number.
inline double number_member(const json_object& from, std::string_view key, double low, double high,
                            double otherwise) {
  double number = 0;
  return from[key].get(number) == simdjson::SUCCESS ? std::clamp(number, low, high) : otherwise;
}

/// The beginning of a text, without half a character at its end.
inline std::string_view shortened(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes)
    return text;
  auto end = max_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
    --end;
  return text.substr(0, end);
}

} // namespace synapse::http::detail
