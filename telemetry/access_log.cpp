#include "telemetry/access_log.hpp"

#include "telemetry/text_escape.hpp"
#include "telemetry/timestamp.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <ctime>

namespace synapse::telemetry {

namespace {

constexpr std::size_t max_id = 128, max_client = 64, max_method = 32, max_path = 256,
                      max_route = 128, max_backend = 128, max_detail = 64, max_stream = 32;
/// No line is longer: all texts escaped, with quotes and "...", and all else.
constexpr std::size_t max_line = (max_id + max_client + max_method + max_path + max_route +
                                  max_backend + max_detail + max_stream) *
                                     max_escape_growth +
                                 8 * 5 + 500;

template <std::size_t Size>
char* put(char* out, const char (&text)[Size]) {
  std::memcpy(out, text, Size - 1);
  return out + Size - 1;
}

char* put_number(char* out, std::uint64_t value) {
  return std::to_chars(out, out + 20, value).ptr;
}

char* put_micros(char* out, std::int64_t nanoseconds) {
  if (nanoseconds < 0) {
    *out = '-';
    return out + 1;
  }
  return put_number(out, static_cast<std::uint64_t>(nanoseconds) / 1000);
}

/// Characters that a value without quotes may hold.
constexpr auto is_plain = [] {
  std::array<bool, 256> table{};
  for (int c = 0x21; c < 0x7F; ++c)
    table[static_cast<std::size_t>(c)] = c != '"' && c != '\\' && c != '=';
  return table;
}();

/// True when a value without quotes may hold all eight bytes: the table above, eight at a time.
bool eight_plain(std::uint64_t bytes) {
  constexpr std::uint64_t ones = 0x0101010101010101, high = 0x8080808080808080;
  // The high bit of each byte of the results says yes; exact as long as no byte is above 0x7F.
  const auto is = [&](std::uint64_t c) {
    const auto x = bytes ^ (ones * c);
    return (x - ones) & ~x;
  };
  const auto below_21 = bytes - ones * 0x21;
  const auto above_7e = bytes + ones;
  return ((bytes | below_21 | above_7e | is('"') | is('\\') | is('=')) & high) == 0;
}

[[gnu::noinline]] char* put_quoted(char* out, std::string_view text, bool cut) {
  *out++ = '"';
  out = escape(out, text, escape_style::quoted);
  if (cut)
    out = put(out, "...");
  *out++ = '"';
  return out;
}

/// A text from outside.
char* put_text(char* out, std::string_view text, std::size_t limit) {
  if (text.empty()) {
    *out = '-';
    return out + 1;
  }
  if (text.size() > limit)
    return put_quoted(out, utf8_prefix(text, limit), true);
  bool plain = true;
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t bytes;
    std::memcpy(&bytes, text.data() + i, 8);
    plain &= eight_plain(bytes);
    std::memcpy(out + i, &bytes, 8);
  }
  for (; i < text.size(); ++i) {
    plain &= is_plain[static_cast<unsigned char>(text[i])];
    out[i] = text[i];
  }
  if (plain && (text.size() > 1 || text[0] != '-')) [[likely]]
    return out + text.size();
  return put_quoted(out, text, false);
}

std::string_view without_query(std::string_view path) {
  // find_first_of asks memchr about each byte.
  const auto* const end =
      std::find_if(path.begin(), path.end(), [](char c) { return c == '?' || c == '#'; });
  return path.substr(0, static_cast<std::size_t>(end - path.begin()));
}

std::int64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now); // a fifth of the exact clock's price
  return std::int64_t(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

} // namespace

access_log::access_log(access_log_output& output)
    : output_(output), buffer_(std::make_unique<char[]>(flush_bytes + max_line)) {}

access_log::~access_log() {
  for (int tries = 0; tries < 5 && used_ > 0; ++tries) {
    flush();
    if (used_ > 0)
      output_.wait(50);
  }
  output_.drop({buffer_.get(), used_});
}

char* access_log::put_time(char* out, std::int64_t unix_ns) noexcept {
  auto second = unix_ns / 1'000'000'000;
  if (second != stamp_second_) {
    stamp_second_ = second;
    auto* end = write_seconds_stamp(put(stamp_, "ts="), second);
    *end = '.';
  }
  constexpr auto length = 3 + seconds_stamp_bytes + 1;
  static_assert(length <= sizeof stamp_);
  std::memcpy(out, stamp_, length);
  out += length;
  auto millis = static_cast<unsigned>(unix_ns % 1'000'000'000 / 1'000'000);
  *out++ = static_cast<char>('0' + millis / 100);
  *out++ = static_cast<char>('0' + millis / 10 % 10);
  *out++ = static_cast<char>('0' + millis % 10);
  *out++ = 'Z';
  return out;
}

void access_log::write(const access_record& record) noexcept {
  auto* out = buffer_.get() + used_;
  out = put_time(out, record.unix_ns > 0 ? record.unix_ns : now_ns());
  // A client that leaves does no wrong: 499 is not among the errors.
  out = record.status >= 500                           ? put(out, " level=error id=")
        : record.status >= 400 && record.status != 499 ? put(out, " level=warning id=")
                                                       : put(out, " level=info id=");
  out = put_text(out, record.id, max_id);
  out = put_text(put(out, " client="), record.client, max_client);
  out = put_text(put(out, " method="), record.method, max_method);
  out = put_text(put(out, " path="), without_query(record.path), max_path);
  out = put_number(put(out, " status="), record.status);
  out = put_text(put(out, " route="), record.route, max_route);
  out = put_text(put(out, " backend="), record.backend, max_backend);
  out = put_number(put(out, " attempts="), record.attempts);
  out = put_text(put(out, " detail="), record.detail, max_detail);
  out = put_micros(put(out, " dur_us="), record.duration_ns);
  out = put_micros(put(out, " overhead_us="), record.overhead_ns);
  out = put_micros(put(out, " ttfb_us="), record.first_byte_ns);
  out = put_number(put(out, " in="), record.bytes_in);
  out = put_number(put(out, " out="), record.bytes_out);
  out = put_text(put(out, " stream="), record.stream, max_stream);
  *out++ = '\n';
  used_ = static_cast<std::size_t>(out - buffer_.get());
  if (used_ < flush_bytes)
    return;
  flush();
  if (used_ >= flush_bytes) { // nobody reads: make room, rather than wait or grow
    output_.drop({buffer_.get(), used_});
    used_ = read_ = 0;
  }
}

void access_log::flush() noexcept {
  if (used_ == 0)
    return;
  if (reader_ && read_ < used_)
    reader_({buffer_.get() + read_, used_ - read_});
  read_ = used_;
  auto done = output_.write({buffer_.get(), used_});
  used_ -= done;
  read_ -= done;
  if (used_ > 0 && done > 0)
    std::memmove(buffer_.get(), buffer_.get() + done, used_);
}

} // namespace synapse::telemetry
