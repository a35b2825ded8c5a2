#include "actors/feed/feed_text.hpp"

#include "telemetry/log_redactor.hpp"
#include "telemetry/log_sink.hpp"
#include "telemetry/text_escape.hpp"
#include "telemetry/timestamp.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

namespace synapse::feed {

namespace {
/// The redactor looks at so much of a line: its work grows with it.
constexpr std::size_t bytes_per_char = 4;
/// Year 2262: as far as nanoseconds since 1970 go.
constexpr std::int64_t max_time_us = 9'223'372'036'000'000;

std::string clean_name(std::string_view name) {
  std::string result;
  telemetry::append_escaped_line(result, telemetry::utf8_prefix(name, max_name_bytes));
  result.resize(telemetry::utf8_prefix(result, max_name_bytes).size());
  return result;
}

template <class Number>
bool read_number(std::string_view& text, Number& into, int base, char end) {
  const auto [stop, problem] = std::from_chars(text.data(), text.data() + text.size(), into, base);
  if (problem != std::errc{})
    return false;
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
  if (end == '\0')
    return text.empty();
  if (!text.starts_with(end))
    return false;
  text.remove_prefix(1);
  return true;
}
} // namespace

void cut_line(std::string& text, std::size_t max_chars) {
  if (text.size() <= max_chars)
    return;
  std::size_t end = 0;
  for (std::size_t chars = 0; chars < max_chars && end < text.size(); ++chars)
    end += std::max<std::size_t>(1, telemetry::utf8_length(std::string_view{text}.substr(end)));
  if (end >= text.size())
    return;
  const auto left_out = text.size() - end;
  text.resize(end);
  text.append(" [cut, ").append(std::to_string(left_out)).append(" bytes more]");
}

void sanitize(actors::feed_event& event, const telemetry::log_redactor& redactor,
              std::size_t max_chars) {
  event.level = std::min(event.level, static_cast<std::uint8_t>(telemetry::log_level::critical));
  event.time_us = std::clamp<std::int64_t>(event.time_us, 0, max_time_us);
  event.instance = clean_name(event.instance);
  event.source = clean_name(event.source);
  const auto seen = telemetry::utf8_prefix(event.message, max_chars * bytes_per_char);
  const auto unseen = event.message.size() - seen.size();
  std::string line;
  telemetry::append_escaped_line(line, redactor.redact(seen));
  cut_line(line, max_chars);
  if (unseen > 0)
    line.append(" [cut, ").append(std::to_string(unseen)).append(" bytes more]");
  event.message = std::move(line);
}

std::string event_id(std::uint64_t ring, std::uint64_t position, std::int64_t time_us) {
  std::array<char, 64> text;
  auto* end = std::to_chars(text.data(), text.data() + 16, ring, 16).ptr;
  *end++ = '-';
  end = std::to_chars(end, end + 20, position).ptr;
  *end++ = '-';
  end = std::to_chars(end, end + 20, time_us / 1000).ptr;
  return {text.data(), end};
}

std::optional<resume_point> parse_event_id(std::string_view text) {
  resume_point result;
  std::int64_t time_ms = 0;
  if (!read_number(text, result.ring, 16, '-') || !read_number(text, result.position, 10, '-') ||
      !read_number(text, time_ms, 10, '\0') || time_ms < 0 || time_ms > 253'402'300'799'999)
    return {};
  result.time_us = time_ms * 1000;
  return result;
}

std::string render_event(const actors::feed_event& event, std::string_view id) {
  std::string stamp;
  telemetry::append_timestamp(
      stamp, std::chrono::system_clock::time_point{std::chrono::microseconds{event.time_us}});
  const nlohmann::ordered_json data{
      {"ts", std::move(stamp)},
      {"source", event.source},
      {"level", telemetry::to_string(static_cast<telemetry::log_level>(event.level))},
      {"message", event.message},
      {"instance", event.instance}};
  std::string text{"id: "};
  text.append(id).append("\nevent: log\ndata: ");
  text.append(data.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  text.append("\n\n");
  return text;
}

} // namespace synapse::feed
