#include "bench/form_sink.hpp"

#include <algorithm>
#include <cstddef>

namespace synapse::bench {

namespace {

constexpr std::size_t max_text = 8 * 1024; // a part's head, or the fields behind the file
constexpr std::size_t riff_head = 8;       // "RIFF" and how many bytes follow

} // namespace

void form_sink::feed(std::string_view bytes) {
  while (!bytes.empty() && state_ != state::failed) {
    if (state_ == state::front) {
      take_front(bytes);
    } else if (state_ == state::file) {
      const auto taken = std::min<std::uint64_t>(left_, bytes.size());
      left_ -= taken;
      file_bytes_ += taken;
      bytes.remove_prefix(taken);
      if (left_ == 0)
        state_ = state::back;
    } else {
      text_.append(bytes.substr(0, max_text));
      if (text_.size() > max_text)
        state_ = state::failed;
      return;
    }
  }
}

/// Up to the recording's length; leaves in `bytes` what follows that.
void form_sink::take_front(std::string_view& bytes) {
  const std::size_t before = text_.size();
  text_.append(bytes.substr(0, max_text));
  const auto end = text_.find("\r\n\r\n");
  if (end == std::string::npos || text_.size() < end + 4 + riff_head) {
    if (text_.size() >= max_text)
      state_ = state::failed;
    bytes = {};
    return;
  }
  const auto first_line = text_.find("\r\n");
  const std::string_view riff = std::string_view{text_}.substr(end + 4, riff_head);
  if (!text_.starts_with("--") || !riff.starts_with("RIFF")) {
    state_ = state::failed;
    return;
  }
  for (std::size_t i = riff_head; i-- > 4;)
    left_ = left_ << 8 | static_cast<unsigned char>(riff[i]);
  file_bytes_ = riff_head;
  delimiter_ = "\r\n" + text_.substr(0, first_line);
  bytes.remove_prefix(end + 4 + riff_head - before);
  text_.clear();
  state_ = left_ == 0 ? state::back : state::file;
}

bool form_sink::whole() const {
  return state_ == state::back && text_.starts_with(delimiter_) &&
         (text_.ends_with(delimiter_ + "--\r\n") || text_.ends_with(delimiter_ + "--"));
}

} // namespace synapse::bench
