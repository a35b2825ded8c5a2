#include "providers/gauges.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace synapse::providers {

namespace {
constexpr double most_requests = 1'000'000;

/// What follows a sample's name and labels; nothing: the line is of another name.
std::optional<std::string_view> value_in(std::string_view line, std::string_view name) {
  if (!line.starts_with(name))
    return {};
  line.remove_prefix(name.size());
  if (line.starts_with('{')) {
    // Values of labels are in quotes, and may have braces in them.
    bool quoted = false;
    std::size_t at = 1;
    for (; at < line.size() && (quoted || line[at] != '}'); ++at) {
      if (quoted && line[at] == '\\')
        ++at;
      else if (line[at] == '"')
        quoted = !quoted;
    }
    if (at >= line.size())
      return {};
    line.remove_prefix(at + 1);
  }
  if (!line.starts_with(' ') && !line.starts_with('\t'))
    return {};
  const auto from = line.find_first_not_of(" \t");
  return from == std::string_view::npos ? std::nullopt : std::optional{line.substr(from)};
}

std::optional<double> number_at_start(std::string_view text) {
  double value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  return read.ec == std::errc{} && std::isfinite(value) ? std::optional{value} : std::nullopt;
}

std::uint32_t count_of(double value) {
  return static_cast<std::uint32_t>(std::clamp(value, 0.0, most_requests));
}
} // namespace

std::optional<double> sum_of_gauge(std::string_view page, std::string_view name) {
  std::optional<double> sum;
  page = page.substr(0, max_answer_bytes);
  while (!page.empty()) {
    const auto end = page.find('\n');
    const auto line = page.substr(0, end);
    page.remove_prefix(end == std::string_view::npos ? page.size() : end + 1);
    if (const auto value = value_in(line, name))
      if (const auto number = number_at_start(*value))
        sum = sum.value_or(0) + *number;
  }
  return sum;
}

queue_reading read_queue(std::string_view page, std::string_view waiting,
                         std::string_view running) {
  queue_reading result;
  if (const auto found = sum_of_gauge(page, waiting)) {
    result.known = true;
    result.waiting = count_of(*found);
  }
  if (const auto found = sum_of_gauge(page, running))
    result.running = count_of(*found);
  return result;
}

} // namespace synapse::providers
