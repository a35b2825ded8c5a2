#include "bench/sse_scan.hpp"

#include <charconv>

namespace synapse::bench {

void event_scanner::feed(std::string_view bytes, const sink& on_event) {
  while (!bytes.empty()) {
    const auto stop = bytes.find('\n');
    if (stop == std::string_view::npos) {
      line_.append(bytes);
      return;
    }
    if (line_.empty()) {
      take_line(bytes.substr(0, stop), on_event);
    } else {
      line_.append(bytes.substr(0, stop));
      take_line(line_, on_event);
      line_.clear();
    }
    bytes.remove_prefix(stop + 1);
  }
}

void event_scanner::take_line(std::string_view line, const sink& on_event) {
  if (!line.empty() && line.back() == '\r')
    line.remove_suffix(1);
  if (line.empty()) {
    if (has_data_)
      on_event(data_);
    data_.clear();
    has_data_ = false;
    return;
  }
  if (!line.starts_with("data:"))
    return;
  line.remove_prefix(5);
  if (!line.empty() && line.front() == ' ')
    line.remove_prefix(1);
  if (has_data_)
    data_ += '\n';
  data_.append(line);
  has_data_ = true;
}

std::optional<std::uint64_t> event_timestamp(std::string_view data) {
  for (auto at = data.find('@'); at != std::string_view::npos; at = data.find('@', at + 1)) {
    const char* begin = data.data() + at + 1;
    const char* end = data.data() + data.size();
    std::uint64_t value = 0;
    const auto [stop, error] = std::from_chars(begin, end, value);
    if (error == std::errc{} && stop != end && *stop == ';')
      return value;
  }
  return std::nullopt;
}

bool is_done_marker(std::string_view data) {
  return data == "[DONE]";
}

} // namespace synapse::bench
