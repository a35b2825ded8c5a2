#include "http/core/usage_tail.hpp"

#include <charconv>
#include <cstring>

namespace synapse::http {

namespace {
std::string_view without_space(std::string_view text) noexcept {
  const auto at = text.find_first_not_of(" \t\r\n");
  return at == std::string_view::npos ? std::string_view{} : text.substr(at);
}

/// Where the last one is. Searched from the front: memmem looks at many bytes at once.
std::string_view from_last(std::string_view text, std::string_view what) noexcept {
  std::string_view found;
  while (!text.empty()) { // memmem wants no null pointer, not even for nothing
    const void* at = ::memmem(text.data(), text.size(), what.data(), what.size());
    if (at == nullptr)
      break;
    const auto offset = static_cast<std::size_t>(static_cast<const char*>(at) - text.data());
    found = text.substr(offset);
    text = text.substr(offset + what.size());
  }
  return found;
}

/// The text behind the last `"key":` and blanks, if `begin` stands there or is 0.
std::string_view behind_last(std::string_view text, std::string_view key, char begin) noexcept {
  while (true) {
    const auto found = from_last(text, key);
    if (found.empty())
      return {};
    if (auto rest = without_space(found.substr(key.size())); rest.starts_with(':')) {
      rest = without_space(rest.substr(1));
      if (begin == '\0' || rest.starts_with(begin))
        return rest;
    }
    text = text.substr(0, text.size() - found.size());
  }
}

std::int64_t number_of(std::string_view object, std::string_view key) noexcept {
  const auto text = behind_last(object, key, '\0');
  std::int64_t value = -1;
  const auto [stop, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  return problem == std::errc{} && value >= 0 ? value : -1;
}
} // namespace

void usage_tail::feed(std::string_view bytes) noexcept {
  if (bytes.size() >= kept) {
    std::memcpy(bytes_.data(), bytes.data() + bytes.size() - kept, kept);
    size_ = kept;
    return;
  }
  if (bytes.empty())
    return;
  if (size_ + bytes.size() > kept) {
    const auto stays = kept - bytes.size();
    std::memmove(bytes_.data(), bytes_.data() + size_ - stays, stays);
    size_ = stays;
  }
  std::memcpy(bytes_.data() + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
}

/// The members of the usage, up to the end of what is kept: details in it have names of their own.
std::string_view usage_tail::usage() const noexcept {
  return behind_last({bytes_.data(), size_}, "\"usage\"", '{');
}

std::int64_t usage_tail::prompt_tokens() const noexcept {
  return number_of(usage(), "\"prompt_tokens\"");
}

std::int64_t usage_tail::completion_tokens() const noexcept {
  return number_of(usage(), "\"completion_tokens\"");
}

} // namespace synapse::http
