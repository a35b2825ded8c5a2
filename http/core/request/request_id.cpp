#include "http/core/request/request_id.hpp"

#include <chrono>
#include <cstring>
#include <sys/random.h>

namespace synapse::http {
namespace {

constexpr bool is_id_char(unsigned char c) noexcept {
  if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
    return true;
  switch (c) {
  case '.':
  case '_':
  case ':':
  case '/':
  case '+':
  case '=':
  case '@':
  case '-':
    return true;
  default:
    return false;
  }
}

/// Two counters with independent random starts, each put through a 64-bit mixing function: the
/// first does not repeat within 2^64 ids of a thread, the second tells apart threads that collide
/// in it.
class generator {
public:
  generator() noexcept {
    std::uint64_t seed[2];
    if (getrandom(seed, sizeof seed, 0) != static_cast<ssize_t>(sizeof seed)) {
      // Only a kernel without entropy support gets here; clock and address still tell threads
      // apart.
      const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
      seed[0] = static_cast<std::uint64_t>(now);
      seed[1] = reinterpret_cast<std::uintptr_t>(this);
    }
    first_ = seed[0];
    second_ = seed[1];
  }
  std::uint64_t next_first() noexcept { return mix(first_ += 0x9e3779b97f4a7c15u); }
  std::uint64_t next_second() noexcept { return mix(second_ += 0xd1b54a32d192ed03u); }

private:
  static std::uint64_t mix(std::uint64_t z) noexcept {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  std::uint64_t first_, second_;
};

void put_hex(char* out, std::uint64_t value, unsigned digits) noexcept {
  constexpr char alphabet[] = "0123456789abcdef";
  for (unsigned i = 0; i < digits; ++i)
    out[i] = alphabet[value >> (4 * (digits - 1 - i)) & 15];
}

} // namespace

bool valid_request_id(std::string_view id) noexcept {
  if (id.empty() || id.size() > request_id::max_size)
    return false;
  for (const char c : id)
    if (!is_id_char(static_cast<unsigned char>(c)))
      return false;
  return true;
}

request_id request_id::make() noexcept {
  thread_local generator numbers;
  request_id out;
  std::memcpy(out.text_.data(), "req-", 4);
  put_hex(out.text_.data() + 4, numbers.next_first(), 16);
  put_hex(out.text_.data() + 20, numbers.next_second(), 8);
  out.size_ = 28;
  return out;
}

request_id request_id::keep_or_make(std::string_view inbound) noexcept {
  if (!valid_request_id(inbound))
    return make();
  request_id out;
  std::memcpy(out.text_.data(), inbound.data(), inbound.size());
  out.size_ = static_cast<std::uint8_t>(inbound.size());
  return out;
}

} // namespace synapse::http
