// What the head of a request says about where it may go.
#include "config/values/values.hpp"
#include "http/api/deployments/deployment_targets.hpp"
#include "routing/pick/affinity.hpp"

#include <algorithm>

namespace synapse::api {

namespace {
constexpr std::size_t most_tags = 16;
/// Of a deadline that a client asks for.
constexpr config::milliseconds longest_deadline{std::chrono::hours{24}};

std::string_view value_of(const http::request_head& head, std::string_view name) {
  const auto* field = head.fields.find(name);
  return field == nullptr ? std::string_view{} : field->value;
}

void split_tags(std::string_view text, std::vector<std::string_view>& into) {
  while (!text.empty() && into.size() < most_tags) {
    const auto end = std::min(text.find(','), text.size());
    auto one = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    while (one.starts_with(' '))
      one.remove_prefix(1);
    while (one.ends_with(' '))
      one.remove_suffix(1);
    if (!one.empty())
      into.push_back(one);
  }
}
} // namespace

void read_wish(server::exchange& exchange, deployment_wish& into) {
  const auto& head = exchange.head();
  split_tags(value_of(head, "x-synapse-tags"), into.tags);
  into.routing.tags = into.tags;
  into.routing.pinned = value_of(head, "x-synapse-deployment");
  auto limit = exchange.settings().routing.deadline;
  if (const auto asked = value_of(head, "x-synapse-timeout"); !asked.empty())
    if (const auto parsed = config::parse_duration(asked); parsed && parsed->count() > 0)
      limit = std::min(*parsed, longest_deadline);
  if (limit.count() > 0)
    into.routing.deadline = exchange.record().started + std::chrono::nanoseconds{limit}.count();
  routing::affinity_source from;
  from.session = value_of(head, "x-synapse-session");
  if (from.session.empty())
    from.session = value_of(head, "x-session-id");
  into.routing.affinity = routing::affinity_key(from);
}

} // namespace synapse::api
