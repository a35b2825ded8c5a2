#include "telemetry/timestamp.hpp"

namespace synapse::telemetry {

namespace {

char* put_digits(char* out, std::int64_t value, int digits) {
  for (int i = digits - 1; i >= 0; --i, value /= 10)
    out[i] = static_cast<char>('0' + value % 10);
  return out + digits;
}

} // namespace

char* write_seconds_stamp(char* out, std::int64_t unix_seconds) noexcept {
  using namespace std::chrono;
  sys_seconds time{seconds{unix_seconds}};
  auto midnight = floor<days>(time);
  year_month_day date{midnight};
  hh_mm_ss clock{time - midnight};
  out = put_digits(out, static_cast<int>(date.year()), 4);
  *out++ = '-';
  out = put_digits(out, static_cast<unsigned>(date.month()), 2);
  *out++ = '-';
  out = put_digits(out, static_cast<unsigned>(date.day()), 2);
  *out++ = 'T';
  out = put_digits(out, clock.hours().count(), 2);
  *out++ = ':';
  out = put_digits(out, clock.minutes().count(), 2);
  *out++ = ':';
  return put_digits(out, clock.seconds().count(), 2);
}

void append_timestamp(std::string& out, std::chrono::system_clock::time_point time) {
  using namespace std::chrono;
  auto whole = floor<seconds>(time);
  char text[seconds_stamp_bytes + 5];
  auto* end = write_seconds_stamp(text, whole.time_since_epoch().count());
  *end++ = '.';
  end = put_digits(end, duration_cast<milliseconds>(time - whole).count(), 3);
  *end++ = 'Z';
  out.append(text, end);
}

} // namespace synapse::telemetry
