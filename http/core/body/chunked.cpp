#include "http/core/body/chunked.hpp"

#include "http/core/head/scan.hpp"

#include <algorithm>
#include <charconv>

namespace synapse::http {
namespace {

int size_digit(unsigned char c) noexcept {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

constexpr std::uint64_t max_chunk = (std::uint64_t{1} << 63) - 1;

} // namespace

void chunk_decoder::fail(chunk_error e) noexcept {
  state_ = state::failed;
  error_ = e;
}

void chunk_decoder::on_size_byte(unsigned char c) noexcept {
  if (const int v = size_digit(c); v >= 0) {
    if (++digits_ > 16)
      return fail(chunk_error::bad_size);
    remaining_ = remaining_ << 4 | static_cast<unsigned>(v);
    return;
  }
  if (digits_ == 0 || remaining_ > max_chunk)
    return fail(chunk_error::bad_size);
  if (c == '\r')
    state_ = state::size_lf;
  else if (c == ';' || c == ' ' || c == '\t')
    on_extension_byte(c);
  else
    fail(c == '\n' ? chunk_error::bad_line_ending : chunk_error::bad_size);
}

void chunk_decoder::on_extension_byte(unsigned char c) noexcept {
  if (c == '\r' && state_ == state::extension) {
    state_ = state::size_lf;
    return;
  }
  if (++extension_bytes_ > limits_.max_extension_bytes)
    return fail(chunk_error::extension_too_long);
  if (c == '\n')
    return fail(chunk_error::bad_line_ending);
  if (detail::is_control(c))
    return fail(chunk_error::bad_extension);
  if (state_ == state::extension)
    return;
  // White space may stand before the ';' of an extension and nowhere else.
  if (c == ';')
    state_ = state::extension;
  else if (c == ' ' || c == '\t')
    state_ = state::space;
  else
    fail(chunk_error::bad_extension);
}

void chunk_decoder::on_trailer_byte(unsigned char c) noexcept {
  if (++trailer_bytes_ > limits_.max_trailer_bytes)
    return fail(chunk_error::trailer_too_long);
  if (c == '\n')
    return fail(chunk_error::bad_line_ending);
  switch (state_) {
  case state::trailer_start:
    state_ = state::trailer_name;
    if (!detail::is_token_char(c))
      fail(chunk_error::bad_trailer);
    break;
  case state::trailer_name:
    if (c == ':')
      state_ = state::trailer_value;
    else if (!detail::is_token_char(c))
      fail(chunk_error::bad_trailer);
    break;
  default: // trailer_value
    if (c == '\r')
      state_ = state::trailer_lf;
    else if (detail::is_control(c))
      fail(chunk_error::bad_trailer);
    break;
  }
}

void chunk_decoder::on_byte(unsigned char c) noexcept {
  const auto expect = [&](unsigned char wanted, state then) {
    if (c == wanted)
      state_ = then;
    else
      fail(chunk_error::bad_line_ending);
  };
  switch (state_) {
  case state::size:
    return on_size_byte(c);
  case state::space:
  case state::extension:
    return on_extension_byte(c);
  case state::size_lf:
    digits_ = 0;
    return expect('\n', remaining_ == 0 ? state::trailer_start : state::data);
  case state::data_cr:
    return expect('\r', state::data_lf);
  case state::data_lf:
    return expect('\n', state::size);
  case state::trailer_start:
    ++tail_bytes_;
    if (c == '\r') {
      state_ = state::final_lf;
      return;
    }
    return on_trailer_byte(c);
  case state::trailer_name:
  case state::trailer_value:
    ++tail_bytes_;
    return on_trailer_byte(c);
  case state::trailer_lf:
    ++tail_bytes_;
    return expect('\n', state::trailer_start);
  case state::final_lf:
    ++tail_bytes_;
    return expect('\n', state::done);
  case state::data:
  case state::done:
  case state::failed:
    return; // not reached: next() sees to these
  }
}

chunk_decoder::step chunk_decoder::next(const char* p, std::size_t n) noexcept {
  std::size_t i = 0;
  while (i < n && state_ != state::data && !done() && !failed())
    on_byte(static_cast<unsigned char>(p[i++]));
  if (i == n || state_ != state::data)
    return {i, {}};
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, n - i));
  remaining_ -= size;
  payload_bytes_ += size;
  if (remaining_ == 0)
    state_ = state::data_cr;
  return {i + size, {p + i, size}};
}

std::size_t chunk_decoder::feed(const char* p, std::size_t n,
                                std::vector<std::string_view>* payload) {
  std::size_t used = 0;
  while (used < n && !done() && !failed()) {
    const step s = next(p + used, n - used);
    used += s.consumed;
    if (payload != nullptr && !s.payload.empty())
      payload->push_back(s.payload);
  }
  return used;
}

std::string_view message_of(chunk_error e) noexcept {
  switch (e) {
  case chunk_error::none:
    return "";
  case chunk_error::bad_size:
    return "a chunk size is malformed";
  case chunk_error::bad_extension:
    return "a chunk extension is malformed";
  case chunk_error::extension_too_long:
    return "the chunk extensions are too long";
  case chunk_error::bad_line_ending:
    return "a line of the chunked body does not end in CRLF";
  case chunk_error::bad_trailer:
    return "a trailer field is malformed";
  case chunk_error::trailer_too_long:
    return "the trailer section is too long";
  }
  return "";
}

std::string_view chunk_head(std::uint64_t n, char (&buf)[20]) noexcept {
  char* end = std::to_chars(buf, buf + 16, n, 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  return {buf, static_cast<std::size_t>(end - buf)};
}

} // namespace synapse::http
