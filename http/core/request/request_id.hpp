/// @file
/// Request ids: a valid inbound one is kept, otherwise a new one is made.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace synapse::http {

/// 1 to 128 characters of [A-Za-z0-9._:/+=@-]: safe in a header, a log line and a URL's query.
bool valid_request_id(std::string_view id) noexcept;

/// An id held in place (129 bytes): made and copied per request without allocating.
class request_id {
public:
  static constexpr std::size_t max_size = 128;

  /// Empty.
  request_id() noexcept = default;
  /// `req-` and 24 hexadecimal digits of a per-thread generator seeded by the kernel. Unique for
  /// practical purposes, but no secret.
  static request_id make() noexcept;
  /// `inbound` if it is valid, else a new one.
  static request_id keep_or_make(std::string_view inbound) noexcept;

  std::string_view view() const noexcept { return {text_.data(), size_}; }
  operator std::string_view() const noexcept { return view(); }
  bool empty() const noexcept { return size_ == 0; }

private:
  std::array<char, max_size> text_;
  std::uint8_t size_ = 0;
};

} // namespace synapse::http
