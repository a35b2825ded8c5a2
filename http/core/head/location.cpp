#include "http/core/head/location.hpp"

#include "http/core/head/field.hpp"

#include <algorithm>

namespace synapse::http {

namespace {

struct host_and_port {
  std::string_view host;
  std::string_view port; ///< may be empty
};

host_and_port split_authority(std::string_view text) noexcept {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || text.find(']', colon) != std::string_view::npos)
    return {text, {}};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

/// Frameworks build such URLs of the Host field and of the scheme that X-Forwarded-Proto says, so
/// the scheme counts only for its usual port.
bool same_authority(std::string_view found, std::string_view usual_port,
                    std::string_view backend) noexcept {
  const auto one = split_authority(found);
  const auto other = split_authority(backend);
  const bool same_port = one.port == other.port || (other.port.empty() && one.port == usual_port);
  return same_port && iequals(one.host, other.host);
}

bool take_prefix(std::string_view& text, std::string_view prefix) noexcept {
  if (text.size() < prefix.size() || !iequals(text.substr(0, prefix.size()), prefix))
    return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool is_below(std::string_view path, std::string_view base) noexcept {
  return path.starts_with(base) &&
         (path.size() == base.size() || path.find_first_of("/?#", base.size()) == base.size());
}

} // namespace

bool append_own_location(std::string& out, std::string_view reference, std::string_view authority,
                         std::string_view base_path) {
  auto rest = reference;
  const bool is_https = take_prefix(rest, "https:");
  const bool has_scheme = is_https || take_prefix(rest, "http:");
  if (take_prefix(rest, "//")) {
    const auto end = std::min(rest.find_first_of("/\\?#"), rest.size());
    if (!same_authority(rest.substr(0, end), is_https ? "443" : "80", authority))
      return false;
    rest.remove_prefix(end);
    if (is_below(rest, base_path))
      rest.remove_prefix(base_path.size());
  } else if (!has_scheme && !base_path.empty() && is_below(rest, base_path)) {
    rest.remove_prefix(base_path.size());
  } else {
    return false;
  }
  // Two slashes would name a host (RFC 3986 section 4.2); browsers take a backslash for one, too.
  while (!rest.empty() && (rest.front() == '/' || rest.front() == '\\'))
    rest.remove_prefix(1);
  out.append("/").append(rest);
  return true;
}

} // namespace synapse::http
