#include "config/text/near_names.hpp"

#include "config/text/config_error.hpp"

#include <algorithm>
#include <cctype>
#include <limits>

namespace synapse::config {

namespace {

// The distance is quadratic, and both sides may come from strangers.
constexpr std::size_t max_compared = 64;
constexpr std::size_t max_candidates = 1024;
constexpr std::size_t max_distances = 256;
/// Shorter beginnings and parts are found everywhere.
constexpr std::size_t min_common = 3;
constexpr std::size_t far_away = std::numeric_limits<std::size_t>::max();

/// Letters and digits in lower case: `Llama-3.1:8B` and `llama3.1-8b` are one name to people.
std::string letters_of(std::string_view name) {
  std::string result;
  for (const char c : name.substr(0, 4 * max_compared)) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || byte >= 0x80)
      result += static_cast<char>(std::tolower(byte));
  }
  result.resize(std::min(result.size(), max_compared));
  return result;
}

std::size_t common_beginning(std::string_view one, std::string_view other) {
  const auto length = std::min(one.size(), other.size());
  std::size_t same = 0;
  while (same < length && one[same] == other[same])
    ++same;
  return same;
}

/// The smaller, the nearer; `far_away` for names that have little in common.
std::size_t distance_of(std::string_view name, std::string_view candidate, std::size_t& distances) {
  const auto& [shorter, longer] =
      std::minmax(name, candidate, [](auto one, auto other) { return one.size() < other.size(); });
  const std::size_t more = longer.size() - shorter.size();
  // Among names as near as each other the one of the most similar length.
  const auto ranked = [more](std::size_t distance) { return distance * max_compared + more; };
  if (shorter.size() >= min_common && longer.find(shorter) != std::string_view::npos)
    return more == 0 ? 0 : ranked(1 + more / 8);
  const std::size_t limit = std::max<std::size_t>(1, name.size() / 3);
  if (more <= limit && distances < max_distances) {
    ++distances;
    if (const auto distance = edit_distance(name, candidate); distance <= limit)
      return ranked(distance);
  }
  const std::size_t same = common_beginning(name, candidate);
  if (same >= min_common && 2 * same >= name.size())
    return ranked(limit + 1 + name.size() - same);
  return far_away;
}

} // namespace

std::vector<std::string> nearest_names(std::string_view name,
                                       std::span<const std::string_view> candidates,
                                       std::size_t most) {
  struct found {
    std::size_t distance;
    std::string_view name;
  };
  const std::string wanted = letters_of(name);
  std::vector<found> near;
  std::size_t distances = 0;
  if (!wanted.empty())
    for (const auto candidate : candidates.first(std::min(candidates.size(), max_candidates))) {
      const auto distance = distance_of(wanted, letters_of(candidate), distances);
      if (distance != far_away)
        near.push_back({distance, candidate});
    }
  std::stable_sort(near.begin(), near.end(), [](const found& one, const found& other) {
    return one.distance < other.distance;
  });
  near.resize(std::min(near.size(), most));
  std::vector<std::string> result;
  for (const auto& one : near)
    result.emplace_back(one.name);
  return result;
}

std::string did_you_mean(std::span<const std::string> names) {
  std::string result;
  for (std::size_t i = 0; i < names.size(); ++i) {
    result += i == 0 ? " Did you mean " : i + 1 == names.size() ? " or " : ", ";
    result += '"' + names[i] + '"';
  }
  return result.empty() ? result : result + "?";
}

} // namespace synapse::config
