/// @file
/// What browsers say about where a request comes from. Pure, any thread.
#pragma once

#include "http/core/head/head_parser.hpp"

#include <cstdint>

namespace synapse::http {

/// Who has caused a request.
enum class initiator : std::uint8_t {
  unknown, ///< it does not say: curl, SDKs, servers
  own,     ///< a page that came from here, or a person (address bar, bookmark, extension)
  foreign, ///< a page of another origin, one of the same site (another port) included
};

/// How a request arrived.
struct arrival {
  bool tls = false;     ///< at the gateway itself
  bool trusted = false; ///< from a trusted proxy: X-Forwarded-Host and -Proto count
};

/// Whether a browser has sent it, as far as browsers say so: every one names the origin in what is
/// no GET or HEAD.
inline bool is_from_browser(const request_head& head) noexcept {
  return head.fields.has(known_field::origin) || head.fields.has(known_field::sec_fetch_site);
}

/// Sec-Fetch-Site (W3C Fetch Metadata) decides where it is there: no page can write it, and it is
/// right behind a proxy that gives the gateway another Host. Else Origin (RFC 6454) is compared
/// with the Host that was asked; `https` also fits a gateway without TLS, before which a proxy may
/// end it, `http` never one that was reached by `https`.
initiator initiator_of(const request_head& head, arrival how) noexcept;

/// Whether a person followed a link, as far as browsers say: the whole tab shows the answer.
bool is_navigation(const request_head& head) noexcept;

} // namespace synapse::http
