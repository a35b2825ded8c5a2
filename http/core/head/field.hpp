/// @file
/// One header field and the fixed-capacity list of them that a parsed head carries.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string_view>
#include <type_traits>

namespace synapse::http {

/// The fields the gateway looks at; everything else is `other`.
enum class known_field : std::uint8_t {
  other,
  accept,
  accept_encoding,
  access_control_allow_credentials,
  access_control_allow_headers,
  access_control_allow_methods,
  access_control_allow_origin,
  access_control_allow_private_network,
  access_control_expose_headers,
  access_control_max_age,
  api_key,
  authorization,
  cache_control,
  connection,
  content_encoding,
  content_length,
  content_location,
  content_type,
  cookie,
  date,
  expect,
  forwarded,
  host,
  keep_alive,
  last_event_id,
  location,
  ocp_apim_subscription_key,
  origin,
  proxy_authenticate,
  proxy_authorization,
  proxy_connection,
  retry_after,
  sec_fetch_site,
  server,
  set_cookie,
  te,
  traceparent,
  tracestate,
  trailer,
  transfer_encoding,
  upgrade,
  user_agent,
  via,
  www_authenticate,
  x_accel_buffering,
  x_access_token,
  x_amz_security_token,
  x_api_key,
  x_auth_token,
  x_forwarded_for,
  x_forwarded_host,
  x_forwarded_proto,
  x_goog_api_key,
  x_request_id,
  xi_api_key,
  count_ ///< number of enumerators, not a field
};
static_assert(static_cast<unsigned>(known_field::count_) <= 64, "field_list keeps a 64-bit set");

/// The enumerator of a field name, compared without regard to case. The name must be a token.
known_field identify_field(std::string_view name) noexcept;

/// A field as it stands in the receive buffer; views, nothing is copied.
struct field {
  std::string_view name;
  std::string_view value; ///< without surrounding spaces and tabs
  known_field id = known_field::other;
  bool hop_by_hop = false; ///< connection-specific by its name or named in Connection
};

/// Up to `capacity` fields in place. Building an empty list touches no field storage, so a head
/// on the stack costs nothing until it is parsed into.
class field_list {
public:
  static constexpr std::size_t capacity = 100;

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  const field& operator[](std::size_t i) const noexcept { return data()[i]; }
  field& operator[](std::size_t i) noexcept { return data()[i]; }
  const field* begin() const noexcept { return data(); }
  const field* end() const noexcept { return data() + size_; }
  field* begin() noexcept { return data(); }
  field* end() noexcept { return data() + size_; }

  /// True if a field of this kind is there. `other` is not tracked: always false.
  bool has(known_field id) const noexcept { return (present_ & bit(id)) != 0; }
  /// True if a field of one of the kinds is there; `set` has the bit of each enumerator.
  bool has_any(std::uint64_t set) const noexcept { return (present_ & set) != 0; }
  /// The first field of this kind, or null.
  const field* find(known_field id) const noexcept {
    if (!has(id))
      return nullptr;
    for (const field& f : *this)
      if (f.id == id)
        return &f;
    return nullptr;
  }
  /// The first field of this name (any case), or null. For names without an enumerator.
  const field* find(std::string_view name) const noexcept;
  /// The value of the first field of this kind; empty when absent.
  std::string_view value_of(known_field id) const noexcept {
    const field* f = find(id);
    return f ? f->value : std::string_view{};
  }

  /// Appends; the caller has checked `size() < capacity`.
  field& push_back(std::string_view name, std::string_view value, known_field id,
                   bool hop_by_hop) noexcept {
    auto* f = new (storage_ + sizeof(field) * size_) field{name, value, id, hop_by_hop};
    ++size_;
    present_ |= bit(id);
    return *f;
  }
  void clear() noexcept {
    size_ = 0;
    present_ = 0;
  }

private:
  static_assert(std::is_trivially_destructible_v<field> && std::is_trivially_copyable_v<field>);
  static constexpr std::uint64_t bit(known_field id) noexcept {
    return id == known_field::other ? 0 : std::uint64_t{1} << static_cast<unsigned>(id);
  }
  const field* data() const noexcept {
    return std::launder(reinterpret_cast<const field*>(storage_));
  }
  field* data() noexcept { return std::launder(reinterpret_cast<field*>(storage_)); }

  std::size_t size_ = 0;
  std::uint64_t present_ = 0;
  alignas(field) std::byte storage_[capacity * sizeof(field)];
};

/// ASCII comparison without regard to case; no locale.
bool iequals(std::string_view a, std::string_view b) noexcept;

} // namespace synapse::http
