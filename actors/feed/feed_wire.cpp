#include "actors/feed/feed_wire.hpp"

#include "telemetry/log_sink.hpp"
#include "telemetry/text_escape.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

namespace synapse::actors {

namespace {

using json = nlohmann::json;

constexpr std::size_t origin_digits = 16;
constexpr std::string_view replacement = "\xef\xbf\xbd"; // U+FFFD

std::string origin_text(std::uint64_t origin) {
  std::string text(origin_digits, '0');
  std::array<char, origin_digits> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), origin, 16).ptr;
  const auto count = static_cast<std::size_t>(end - digits.begin());
  text.replace(origin_digits - count, count, digits.data(), count);
  return text;
}

std::optional<std::uint64_t> read_origin(const std::string& text) {
  std::uint64_t origin = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, origin, 16);
  if (text.size() != origin_digits || read.ec != std::errc{} || read.ptr != end)
    return {};
  return origin;
}

/// `text` with U+FFFD for each byte that belongs to no character.
std::string valid_utf8(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = telemetry::utf8_length(text);
    result += length > 0 ? text.substr(0, length) : replacement;
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return result;
}

bool is_valid_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = telemetry::utf8_length(text);
    if (length == 0)
      return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string encode(const feed_event& event, std::string_view message) {
  nlohmann::ordered_json object;
  object["v"] = feed_wire_version;
  object["instance"] = event.instance;
  object["origin"] = origin_text(event.origin);
  object["number"] = event.number;
  object["time_us"] = event.time_us;
  const auto highest = static_cast<std::uint8_t>(telemetry::log_level::critical);
  const auto level = static_cast<telemetry::log_level>(std::min(event.level, highest));
  object["level"] = telemetry::to_string(level);
  object["source"] = event.source;
  object["message"] = message;
  return object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

const json* field(const json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

/// Each says whether the field is there and of the right kind.
bool read_text(const json& object, const char* name, std::string& into) {
  const json* value = field(object, name);
  if (!value || !value->is_string())
    return false;
  into = value->get_ref<const std::string&>();
  return true;
}

bool read_event(const json& object, feed_event& event) {
  const json* number = field(object, "number");
  const json* time = field(object, "time_us");
  std::string level;
  if (!number || !number->is_number_unsigned() || !time || !time->is_number_integer() ||
      !read_text(object, "instance", event.instance) || !read_text(object, "level", level) ||
      !read_text(object, "source", event.source) || !read_text(object, "message", event.message))
    return false;
  const auto known = telemetry::parse_log_level(level);
  if (!known || telemetry::to_string(*known) != level)
    return false;
  event.level = static_cast<std::uint8_t>(*known);
  event.number = number->get<std::uint64_t>();
  if (time->is_number_unsigned() &&
      time->get<std::uint64_t>() > std::uint64_t{std::numeric_limits<std::int64_t>::max()})
    return false;
  event.time_us = time->get<std::int64_t>();
  return event.number > 0;
}

decoded_feed_event failed(feed_wire_fault fault, std::uint64_t origin = 0) {
  decoded_feed_event result;
  result.fault = fault;
  result.event.origin = origin;
  return result;
}

} // namespace

std::string encode_feed_event(const feed_event& event) {
  std::string_view message = event.message;
  while (true) {
    std::string text = encode(event, message);
    if (text.size() <= largest_feed_message)
      return text;
    if (message.empty())
      return {};
    // A byte takes six at most, so this ends soon; a cut line is better than none.
    message = telemetry::utf8_prefix(message, std::min(message.size() / 2, largest_feed_message));
  }
}

decoded_feed_event decode_feed_event(std::string_view message) {
  if (message.size() > largest_feed_message)
    return failed(feed_wire_fault::oversize);
  const json object = is_valid_utf8(message) ? json::parse(message, nullptr, false)
                                             : json::parse(valid_utf8(message), nullptr, false);
  if (!object.is_object())
    return failed(feed_wire_fault::garbage);
  std::string text;
  std::optional<std::uint64_t> origin;
  if (read_text(object, "origin", text))
    origin = read_origin(text);
  const json* version = field(object, "v");
  if (!version || !version->is_number_integer())
    return failed(feed_wire_fault::garbage, origin.value_or(0));
  decoded_feed_event result;
  result.version = version->get<std::int64_t>();
  result.event.origin = origin.value_or(0);
  if (result.version != feed_wire_version)
    result.fault = feed_wire_fault::other_version;
  else if (!origin || !read_event(object, result.event))
    return failed(feed_wire_fault::garbage, origin.value_or(0));
  return result;
}

} // namespace synapse::actors
