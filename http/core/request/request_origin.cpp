#include "http/core/request/request_origin.hpp"

#include "http/core/head/head_parts.hpp"
#include "http/core/request/host_name.hpp"

namespace synapse::http {

namespace {
/// Whether `authority` is what a page of `scheme://origin` has in its address.
bool same_authority(std::string_view origin, std::string_view authority, bool https) noexcept {
  if (!same_host(host_of(origin), host_of(authority)))
    return false;
  const std::string_view standard = https ? "443" : "80";
  const auto port = [&](std::string_view of) {
    const auto text = port_of(of);
    return text.empty() ? standard : text;
  };
  return port(origin) == port(authority);
}

/// A proxy may have put its own before or behind what it got: no page can write the field without
/// being asked before (a preflight), so any of them will do.
bool is_forwarded_host(const request_head& head, std::string_view origin, bool https) noexcept {
  for (const field& one : head.fields) {
    if (one.id != known_field::x_forwarded_host)
      continue;
    for (auto list = one.value; !list.empty();) {
      const auto comma = list.find(',');
      if (same_authority(origin, detail::trim(list.substr(0, comma)), https))
        return true;
      list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
    }
  }
  return false;
}

bool is_own_origin(const request_head& head, std::string_view origin, arrival how) noexcept {
  const auto colon = origin.find("://");
  if (colon == std::string_view::npos) // "null", too
    return false;
  const bool https = iequals(origin.substr(0, colon), "https");
  if (!https && !iequals(origin.substr(0, colon), "http"))
    return false;
  const bool asked_by_https =
      how.tls ||
      (how.trusted && iequals(head.fields.value_of(known_field::x_forwarded_proto), "https"));
  if (asked_by_https && !https)
    return false;
  origin.remove_prefix(colon + 3);
  if (!head.host.empty() && same_authority(origin, head.host, https))
    return true;
  return how.trusted && is_forwarded_host(head, origin, https);
}
} // namespace

initiator initiator_of(const request_head& head, arrival how) noexcept {
  if (!is_from_browser(head))
    return initiator::unknown;
  const auto id = head.fields.has(known_field::sec_fetch_site) ? known_field::sec_fetch_site
                                                               : known_field::origin;
  for (const field& one : head.fields) {
    if (one.id != id)
      continue;
    const bool own = id == known_field::origin ? is_own_origin(head, one.value, how)
                                               : one.value == "same-origin" || one.value == "none";
    if (!own) // one of several that is not decides
      return initiator::foreign;
  }
  return initiator::own;
}

bool is_navigation(const request_head& head) noexcept {
  const auto* mode = head.fields.find("Sec-Fetch-Mode");
  const auto* use = head.fields.find("Sec-Fetch-Dest");
  return mode != nullptr && mode->value == "navigate" && use != nullptr && use->value == "document";
}

} // namespace synapse::http
