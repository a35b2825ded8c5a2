#include "http/core/request/client_address.hpp"

#include "http/core/head/head_parts.hpp"

#include <algorithm>

namespace synapse::http {

namespace {
/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`.
std::optional<config::ip_address> parse_hop(std::string_view text) noexcept {
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos)
      return {};
    return config::parse_address(text.substr(1, end - 1));
  }
  if (std::count(text.begin(), text.end(), ':') == 1)
    text = text.substr(0, text.find(':'));
  return config::parse_address(text);
}
} // namespace

config::ip_address peer_address(std::string_view text) noexcept {
  return config::parse_address(text.substr(0, text.find('%'))).value_or(config::ip_address{});
}

config::ip_address client_address(const request_head& head, const config::ip_address& peer,
                                  std::span<const config::network> trusted) noexcept {
  auto client = peer;
  if (!config::contains(trusted, client) || !head.fields.has(known_field::x_forwarded_for))
    return client;
  for (std::size_t i = head.fields.size(); i-- > 0;) {
    if (head.fields[i].id != known_field::x_forwarded_for)
      continue;
    for (auto list = head.fields[i].value; !list.empty();) {
      const auto comma = list.rfind(',');
      const bool last = comma == std::string_view::npos;
      const auto text = detail::trim(last ? list : list.substr(comma + 1));
      list = last ? std::string_view{} : list.substr(0, comma);
      if (text.empty())
        continue;
      const auto hop = parse_hop(text);
      if (!hop)
        return client;
      client = *hop;
      if (!config::contains(trusted, client))
        return client;
    }
  }
  return client;
}

} // namespace synapse::http
