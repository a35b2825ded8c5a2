#include "config/rules/name_index.hpp"

#include <algorithm>

namespace synapse::config {

bool fits(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0;
  // Where to go on when a character does not fit: behind the last star, which then takes one more.
  std::size_t star = std::string_view::npos, taken = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++taken;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

bool fit_together(std::string_view one, std::string_view other) {
  // row[j]: some text fits what is left of `one` from i on and of `other` from j on.
  std::vector<char> below(other.size() + 1), row(other.size() + 1);
  const auto is_star = [](std::string_view text, std::size_t at) {
    return at < text.size() && text[at] == '*';
  };
  for (std::size_t i = one.size() + 1; i-- > 0;) {
    for (std::size_t j = other.size() + 1; j-- > 0;) {
      const bool ends = i == one.size() && j == other.size();
      const bool step_one = i < one.size() && (is_star(one, i) || is_star(other, j)) && below[j];
      const bool step_other =
          j < other.size() && (is_star(one, i) || is_star(other, j)) && row[j + 1];
      const bool same = i < one.size() && j < other.size() && one[i] == other[j] && below[j + 1];
      row[j] = ends || step_one || step_other || same ? 1 : 0;
    }
    std::swap(row, below);
  }
  return below[0] != 0;
}

std::size_t stars_of(std::string_view pattern) {
  return static_cast<std::size_t>(std::count(pattern.begin(), pattern.end(), '*'));
}

std::size_t literals_of(std::string_view pattern) {
  return pattern.size() - stars_of(pattern);
}

name_index::name_index(const std::vector<catalog_model>& catalog) : catalog_(catalog) {
  for (std::size_t i = 0; i < catalog.size(); ++i) {
    names_.try_emplace(catalog[i].name, i);
    for (const std::string& alias : catalog[i].aliases)
      aliases_.try_emplace(alias, i);
    if (catalog[i].is_pattern())
      patterns_.push_back(i);
  }
  std::stable_sort(patterns_.begin(), patterns_.end(), [&](std::size_t a, std::size_t b) {
    return literals_of(catalog[a].name) > literals_of(catalog[b].name);
  });
}

std::optional<std::size_t> name_index::named(std::string_view name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? std::nullopt : std::optional{found->second};
}

std::optional<std::size_t> name_index::aliased(std::string_view alias) const {
  const auto found = aliases_.find(alias);
  return found == aliases_.end() ? std::nullopt : std::optional{found->second};
}

std::optional<std::size_t> name_index::resolve(std::string_view model) const {
  if (const auto name = named(model))
    return name;
  if (const auto alias = aliased(model))
    return alias;
  for (const std::size_t one : patterns_)
    if (fits(catalog_[one].name, model))
      return one;
  return std::nullopt;
}

} // namespace synapse::config
