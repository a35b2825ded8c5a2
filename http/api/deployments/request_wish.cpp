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
/// Fields that are the gateway's business; views into the head.
struct own_fields {
  std::string_view tags;
  std::string_view deployment;
  std::string_view timeout;
  std::string_view session;
  std::string_view other_session;
};

/// One pass: most requests have none of them.
own_fields read_fields(const http::request_head& head) {
  own_fields result;
  for (const auto& field : head.fields) {
    const auto name = field.name;
    if (name.size() < 12 || (name[0] | 0x20) != 'x' || (name[2] | 0x20) != 's')
      continue;
    const auto is = [&](std::string_view wanted) { return http::iequals(name, wanted); };
    if (is("x-synapse-tags"))
      result.tags = field.value;
    else if (is("x-synapse-deployment"))
      result.deployment = field.value;
    else if (is("x-synapse-timeout"))
      result.timeout = field.value;
    else if (is("x-synapse-session"))
      result.session = field.value;
    else if (is("x-session-id"))
      result.other_session = field.value;
  }
  return result;
}
} // namespace

void read_wish(server::exchange& exchange, deployment_wish& into) {
  const auto fields = read_fields(exchange.head());
  split_tags(fields.tags, into.tags);
  into.routing.tags = into.tags;
  into.routing.pinned = fields.deployment;
  auto limit = exchange.settings().routing.deadline;
  if (!fields.timeout.empty())
    if (const auto parsed = config::parse_duration(fields.timeout); parsed && parsed->count() > 0)
      limit = std::min(*parsed, longest_deadline);
  if (limit.count() > 0)
    into.routing.deadline = exchange.record().started + std::chrono::nanoseconds{limit}.count();
  routing::affinity_source from;
  from.session = fields.session.empty() ? fields.other_session : fields.session;
  if (!from.session.empty())
    into.routing.affinity = routing::affinity_key(from);
}

} // namespace synapse::api
