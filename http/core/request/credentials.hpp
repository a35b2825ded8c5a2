/// @file
/// Which credentials of a request go to a backend: those of the client, if the configuration says
/// so, and never those that are meant for the gateway itself. Nothing is allocated; any thread.
#pragma once

#include "http/core/head/head_parser.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace synapse::http {

/// The set of config::credential_field_names, a bit per known_field. Valid once main() has begun.
extern const std::uint64_t credential_fields;

/// Credentials between the gateway and its own clients. Views; empty ones stand for nothing.
struct own_credentials {
  std::string_view cookie; ///< name of the cookie that holds a session of its dashboard
  std::string_view token;  ///< its dashboard's token
  /// Value of the credential field by which the gateway itself has let this request in.
  std::string_view accepted;

  bool may_be_in(const request_head& head) const noexcept {
    return !token.empty() || !accepted.empty() ||
           (!cookie.empty() && head.fields.has(known_field::cookie));
  }
};

/// Whether a credential field holds something that is the gateway's own, alone, behind a scheme
/// (`Bearer x`) or among cookies. Secrets are compared in constant time. This decides what is held
/// back, whatever else a backend may get.
bool holds_own(const own_credentials& own, const field& credential) noexcept;

/// Appends the values of a Cookie field without the gateway's own cookies (RFC 6265 section 4.2.1);
/// nothing when no other is left.
void append_other_cookies(std::string& out, std::string_view value, const own_credentials& own);

/// Whether a value of the query (application/x-www-form-urlencoded) is the dashboard's token.
bool query_holds_own(const own_credentials& own, std::string_view query) noexcept;
/// Appends the query without those.
void append_other_parameters(std::string& out, std::string_view query, const own_credentials& own);

/// Whether a Set-Cookie field (RFC 6265 section 5.2) sets the cookie of this name.
bool sets_cookie(std::string_view set_cookie, std::string_view name) noexcept;

/// Replaces the secrets of the request's credential fields, and `further` ones, by `[REDACTED]`
/// wherever they stand in `text`: what a backend says may repeat what it was sent. Short words,
/// which would hit text that means something else, are left.
void mask_credentials(std::string& text, const request_head& head,
                      std::span<const std::string_view> further);

} // namespace synapse::http
