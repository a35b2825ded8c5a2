#include "http/core/answer_form.hpp"

#include "http/core/json_cursor.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace synapse::http {

namespace {
bool is_blank(char c) noexcept {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// What stands before the first byte that says anything. @returns false when even that is not all
/// there.
bool skip_lead(std::string_view& text) noexcept {
  const auto known = std::min(text.size(), byte_order_mark.size());
  if (known > 0 && text.substr(0, known) == byte_order_mark.substr(0, known)) {
    if (known < byte_order_mark.size())
      return false;
    text.remove_prefix(known);
  }
  while (!text.empty() && is_blank(text.front()))
    text.remove_prefix(1);
  return !text.empty();
}
} // namespace

answer_form form_of(std::string_view begin) noexcept {
  if (!skip_lead(begin))
    return answer_form::unknown;
  if (begin.front() == '{' || begin.front() == '[')
    return answer_form::json;
  if (begin.front() == ':')
    return answer_form::events;
  constexpr std::array<std::string_view, 4> fields{"data:", "event:", "id:", "retry:"};
  auto form = answer_form::other;
  for (const auto name : fields) {
    if (begin.starts_with(name))
      return answer_form::events;
    if (name.starts_with(begin))
      form = answer_form::unknown;
  }
  return form;
}

void json_follower::feed(std::string_view bytes) noexcept {
  const char* p = bytes.data();
  const char* const end = p + bytes.size();
  while (p != end) {
    if (in_string_) {
      p = string_part(p, end);
    } else if (depth_ == 0) {
      outside(*p++);
    } else if (depth_ == 1 && object_) {
      top(*p++);
    } else {
      p = detail::find_structure(p, end);
      if (p == end)
        return;
      const char c = *p++;
      if (c == '"')
        in_string_ = true;
      else if (c == '{' || c == '[')
        opens();
      else
        closes();
    }
  }
}

void json_follower::outside(char c) noexcept {
  if (is_blank(c))
    return;
  // Of a byte order mark, too, which may come in pieces.
  if (state_ == state::before && byte_order_mark.find(c) != std::string_view::npos)
    return;
  if (state_ != state::before || (c != '{' && c != '[')) {
    state_ = state::broken;
    return;
  }
  state_ = state::within;
  object_ = c == '{';
  role_ = role::name;
  opens();
}

/// A byte of the outermost object, outside of strings and nested values.
void json_follower::top(char c) noexcept {
  const bool begins_value = after_colon_ && !is_blank(c);
  switch (c) {
  case '"':
    in_string_ = true;
    role_ = after_colon_ ? role::value : role::name;
    text_size_ = 0;
    break;
  case ':':
    after_colon_ = true;
    return;
  case '{':
  case '[':
    error_ = error_ || (begins_value && member_ == member::error);
    opens();
    break;
  case '}':
  case ']':
    closes();
    break;
  default:
    // A number or `true` is an error as well; `null` and `false` are none.
    if (begins_value && member_ == member::error && c != 'n' && c != 'f')
      error_ = true;
  }
  if (begins_value)
    after_colon_ = false;
}

const char* json_follower::string_part(const char* p, const char* end) noexcept {
  const bool kept = depth_ == 1 && object_;
  const auto keep = [&](const char* from, const char* to) {
    if (!kept)
      return;
    const auto room = sizeof text_ - text_size_;
    const auto size = std::min(room, static_cast<std::size_t>(to - from));
    std::memcpy(text_ + text_size_, from, size);
    text_size_ = static_cast<unsigned char>(text_size_ + size);
  };
  if (escaped_) {
    escaped_ = false;
    keep(p, p + 1);
    ++p;
  }
  const char* const stop = detail::find_quote_or_escape(p, end);
  keep(p, stop);
  if (stop == end)
    return end;
  if (*stop == '\\') {
    escaped_ = true;
    keep(stop, stop + 1);
  } else {
    in_string_ = false;
    if (kept)
      string_ends();
  }
  return stop + 1;
}

void json_follower::string_ends() noexcept {
  const std::string_view text{text_, text_size_};
  if (role_ == role::value) {
    error_ = error_ || (member_ == member::error && !text.empty()) ||
             (member_ == member::object && text == "error");
    return;
  }
  member_ = text == "error" ? member::error : text == "object" ? member::object : member::other;
  answer_ = answer_ || text == "choices" || text == "data";
}

void json_follower::closes() noexcept {
  if (--depth_ == 0)
    state_ = state::behind;
}

} // namespace synapse::http
