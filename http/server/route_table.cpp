#include "http/server/route_table.hpp"

#include <algorithm>
#include <cassert>

namespace synapse::server {

namespace {

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> segments;
  std::size_t begin = 1;
  while (begin <= path.size()) {
    const auto end = std::min(path.find('/', begin), path.size());
    segments.emplace_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return segments;
}

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

bool matches(const std::vector<std::string>& pattern, std::string_view path,
             std::vector<path_parameter>& parameters) {
  parameters.clear();
  std::size_t begin = 1;
  for (const auto& wanted : pattern) {
    if (begin > path.size())
      return false;
    const auto end = std::min(path.find('/', begin), path.size());
    const auto segment = path.substr(begin, end - begin);
    if (is_parameter(wanted)) {
      if (segment.empty())
        return false;
      parameters.push_back({std::string_view{wanted}.substr(1, wanted.size() - 2), segment});
    } else if (segment != wanted) {
      return false;
    }
    begin = end + 1;
  }
  return begin == path.size() + 1;
}

const route* choose(const std::vector<const route*>& candidates, std::string_view method) {
  for (const auto* candidate : candidates)
    if (candidate->method == method || (method == "HEAD" && candidate->method == "GET"))
      return candidate;
  return nullptr;
}

std::string allowed(const std::vector<const route*>& candidates) {
  std::string list;
  for (const auto* candidate : candidates) {
    if (!list.empty())
      list += ", ";
    list += candidate->method;
    if (candidate->method == "GET")
      list += ", HEAD";
  }
  return list + ", OPTIONS";
}

} // namespace

void route_table::add(route entry) {
  assert(std::none_of(routes_.begin(), routes_.end(), [&](const auto& known) {
    return known->method == entry.method && known->path == entry.path;
  }));
  routes_.push_back(std::make_unique<route>(std::move(entry)));
  const auto* added = routes_.back().get();
  if (added->path.find('{') == std::string::npos) {
    exact_[added->path].push_back(added);
    return;
  }
  auto segments = split(added->path);
  for (auto& known : patterns_)
    if (known.segments == segments) {
      known.routes.push_back(added);
      return;
    }
  patterns_.push_back({std::move(segments), {added}});
}

route_match route_table::match(std::string_view method, std::string_view path) const {
  route_match result;
  if (const auto found = exact_.find(path); found != exact_.end()) {
    result.found = choose(found->second, method);
    if (!result.found)
      result.allow = allowed(found->second);
    return result;
  }
  // Patterns with other names for their parameters may fit too, and have the method.
  std::vector<const route*> others;
  for (const auto& candidate : patterns_) {
    if (!matches(candidate.segments, path, result.parameters))
      continue;
    result.found = choose(candidate.routes, method);
    if (result.found)
      return result;
    others.insert(others.end(), candidate.routes.begin(), candidate.routes.end());
  }
  result.parameters.clear();
  if (!others.empty())
    result.allow = allowed(others);
  return result;
}

} // namespace synapse::server
