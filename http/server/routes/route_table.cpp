#include "http/server/routes/route_table.hpp"

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

bool route_table::matches_with_slashes(const pattern& wanted, std::string_view path,
                                       std::vector<path_parameter>& parameters) {
  parameters.clear();
  const auto around = wanted.front.size() + wanted.back.size();
  if (path.size() <= around || !path.starts_with(wanted.front) || !path.ends_with(wanted.back))
    return false;
  const auto value = path.substr(wanted.front.size(), path.size() - around);
  if (value.front() == '/' || value.back() == '/' || value.find("//") != std::string_view::npos)
    return false; // empty segments
  parameters.push_back({wanted.name, value});
  return true;
}

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
    if (known.segments == segments && known.slashes == added->slashes) {
      known.routes.push_back(added);
      return;
    }
  pattern fresh;
  fresh.slashes = added->slashes;
  if (fresh.slashes) {
    const std::string_view path = added->path;
    const auto open = path.find('{');
    const auto close = path.find('}');
    assert(path.find('{', close) == std::string_view::npos);
    fresh.name = path.substr(open + 1, close - open - 1);
    fresh.front = path.substr(0, open);
    fresh.back = path.substr(close + 1);
  }
  fresh.segments = std::move(segments);
  fresh.routes = {added};
  patterns_.push_back(std::move(fresh));
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
    const bool fits = candidate.slashes ? matches_with_slashes(candidate, path, result.parameters)
                                        : matches(candidate.segments, path, result.parameters);
    if (!fits)
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
