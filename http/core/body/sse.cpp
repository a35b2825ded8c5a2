#include "http/core/body/sse.hpp"

#include "http/core/head/scan.hpp"

namespace synapse::http {

namespace {
constexpr std::size_t kept_scratch = 64 * 1024;
} // namespace

void sse_scanner::clear_event() noexcept {
  scanned_ = line_begin_ = lead_ = 0;
  data_ = type_ = stray_ = {};
  data_lines_ = 0;
  has_type_ = has_stray_ = has_field_ = false;
}

void sse_scanner::reset() noexcept {
  clear_event();
  first_line_ = true;
  after_cr_ = false;
}

void sse_scanner::add_data(const char* p, range value) {
  if (++data_lines_ == 1) {
    data_ = value;
    return;
  }
  if (data_lines_ == 2)
    joined_.assign(p + data_.offset, data_.size);
  joined_ += '\n';
  joined_.append(p + value.offset, value.size);
}

/// Takes in the line [begin, end) of the event at `p`; it is not empty.
void sse_scanner::line(const char* p, std::size_t begin, std::size_t end) {
  const std::string_view text(p + begin, end - begin);
  if (text.front() == ':')
    return; // a comment
  has_field_ = true;
  const std::size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  range value{end, 0};
  if (colon != std::string_view::npos) {
    value.offset = begin + colon + 1;
    if (value.offset < end && p[value.offset] == ' ')
      ++value.offset;
    value.size = end - value.offset;
  }
  if (name == "data") {
    add_data(p, value);
  } else if (name == "event") {
    type_ = value;
    has_type_ = true;
  } else if (name != "id" && name != "retry" && !has_stray_) {
    stray_ = {begin, end - begin};
    has_stray_ = true;
  }
}

void sse_scanner::fill(const char* p, std::size_t size, sse_event& event) const noexcept {
  event.size = size;
  event.data =
      data_lines_ > 1 ? std::string_view(joined_) : std::string_view(p + data_.offset, data_.size);
  event.type = has_type_ ? std::string_view(p + type_.offset, type_.size) : std::string_view{};
  event.stray = has_stray_ ? std::string_view(p + stray_.offset, stray_.size) : std::string_view{};
  event.has_data = data_lines_ > 0;
  event.comment_only = !has_field_;
}

sse_status sse_scanner::next(const char* p, std::size_t n, sse_event& event) {
  if (scanned_ == 0 && joined_.capacity() > kept_scratch)
    std::string{}.swap(joined_); // nobody looks at the event before any more
  if (after_cr_ && scanned_ < n) {
    after_cr_ = false;
    if (p[scanned_] == '\n') {
      if (scanned_ == 0)
        lead_ = 1;
      line_begin_ = ++scanned_;
    }
  }
  while (scanned_ < n) {
    const char* stop = detail::find_line_end(p + scanned_, p + n);
    const auto end = static_cast<std::size_t>(stop - p);
    if (end == n) {
      scanned_ = n;
      break;
    }
    std::size_t begin = line_begin_;
    if (first_line_) {
      first_line_ = false;
      if (end - begin >= 3 && std::string_view(p + begin, 3) == "\xEF\xBB\xBF")
        begin += 3;
    }
    scanned_ = end + 1;
    if (*stop == '\r') {
      if (scanned_ == n)
        after_cr_ = true;
      else if (p[scanned_] == '\n')
        ++scanned_;
    }
    line_begin_ = scanned_;
    // A LF behind the last CR counts for nothing: it may as well come with the next event.
    if (end + 1 - lead_ > max_event_bytes_)
      return sse_status::too_large;
    if (begin != end) {
      line(p, begin, end);
      continue;
    }
    fill(p, scanned_, event);
    clear_event();
    return sse_status::event;
  }
  return size() > max_event_bytes_ ? sse_status::too_large : sse_status::need_more;
}

sse_status sse_scanner::finish(const char* p, std::size_t n, sse_event& event) {
  if (size() > max_event_bytes_)
    return sse_status::too_large;
  std::size_t begin = line_begin_;
  if (first_line_ && n - begin >= 3 && std::string_view(p + begin, 3) == "\xEF\xBB\xBF")
    begin += 3;
  const bool any = begin < n || line_begin_ > lead_;
  if (begin < n)
    line(p, begin, n);
  if (any)
    fill(p, n, event);
  reset();
  return any ? sse_status::event : sse_status::need_more;
}

void append_data_event(std::string& out, std::string_view json) {
  out.append("data: ").append(json).append("\n\n");
}

void append_named_event(std::string& out, std::string_view type, std::string_view json) {
  out.append("event: ").append(type).append("\n");
  append_data_event(out, json);
}

void append_comment(std::string& out, std::string_view text) {
  out.append(": ");
  for (const char c : text)
    out += c == '\n' || c == '\r' ? ' ' : c;
  out.append("\n\n");
}

} // namespace synapse::http
