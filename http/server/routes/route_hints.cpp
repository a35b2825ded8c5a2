#include "http/server/routes/route_hints.hpp"

#include "config/text/near_names.hpp"
#include "http/server/routes/route_table.hpp"

#include <vector>

namespace synapse::server {

std::string no_such_route(const route_table& table, std::string_view path) {
  std::vector<std::string_view> known;
  known.reserve(table.all().size());
  for (const auto& route : table.all())
    if (known.empty() || known.back() != route->path)
      known.push_back(route->path);
  return "there is no such route." + config::did_you_mean(config::nearest_names(path, known, 1));
}

bool is_never_taken(const http::request_head& head) noexcept {
  switch (head.method_id) {
  case http::verb::trace:
  case http::verb::connect:
    return true;
  case http::verb::other:
    return http::iequals(head.method, "TRACE") || http::iequals(head.method, "CONNECT") ||
           http::iequals(head.method, "TRACK");
  default:
    return false;
  }
}

} // namespace synapse::server
