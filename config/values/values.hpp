/// @file
/// Text forms of single values: durations, sizes, numbers, URLs, names. Pure functions, any thread;
/// none throws anything but std::bad_alloc.
#pragma once

#include "config/settings.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace synapse::config {

/// A value, or the sentence that says why there is none.
template <class T>
struct parsed {
  std::optional<T> value;
  std::string error;

  parsed(T result) : value(std::move(result)) {}
  static parsed failure(std::string why) { return parsed{std::nullopt, std::move(why)}; }
  explicit operator bool() const { return value.has_value(); }
  const T& operator*() const { return *value; }
  const T* operator->() const { return &*value; }

private:
  parsed(std::nullopt_t, std::string why) : error(std::move(why)) {}
};

/// `5s`, `500ms`, `2m`, `1h`; a bare number is seconds and may have a fraction. A positive time
/// below one millisecond is an error, because rounding would turn it into 0, which means "off".
parsed<milliseconds> parse_duration(std::string_view text);

/// `16KiB`, `32MiB`, `1GiB`, or bare bytes.
parsed<std::uint64_t> parse_size(std::string_view text);

/// A whole number in decimal digits.
parsed<std::uint64_t> parse_count(std::string_view text);

/// A finite decimal number.
parsed<double> parse_number(std::string_view text);

/// `true`/`false`, `yes`/`no`, `on`/`off` in any case.
parsed<bool> parse_boolean(std::string_view text);

/// `http://` or `https://` with host, optional port and optional base path. User names, queries and
/// fragments are refused; the message never repeats the URL, which might hold a password.
parsed<backend_url> parse_url(std::string_view text);

struct host_port {
  std::string host; ///< name, IPv4 or IPv6 (without brackets)
  std::uint16_t port = 0;
  /// As it is written, IPv6 in brackets.
  std::string to_string() const;
  bool operator==(const host_port&) const = default;
};

/// `host:port`, an IPv6 address in brackets, the port from 1 to 65535.
parsed<host_port> parse_host_port(std::string_view text);

/// The `type` key; the message lists what is known.
parsed<backend_type> parse_backend_type(std::string_view text);

/// What parse_backend_type() accepts.
std::span<const std::string_view> backend_type_names();

/// Shortest exact form that parse_duration() reads back: `5s`, `1500ms`, `10m`, `0`.
std::string format_duration(milliseconds value);

/// Shortest exact form that parse_size() reads back: `16KiB`, `1000`.
std::string format_size(std::uint64_t bytes);

/// Whether `text` is a host name, an IPv4 or an IPv6 address (without brackets).
bool is_host(std::string_view text);

/// Whether `text` has no control bytes (it may end in a header or a log line).
bool is_printable(std::string_view text);

} // namespace synapse::config
