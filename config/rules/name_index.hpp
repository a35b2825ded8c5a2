/// @file
/// Which name of a catalog a request's `model` means.
#pragma once

#include "config/catalog_settings.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

namespace synapse::config {

/// Whether `text` is what `pattern` says, where each `*` stands for any text.
bool fits(std::string_view pattern, std::string_view text);

/// Whether there is a text that fits both.
bool fit_together(std::string_view one, std::string_view other);

/// Characters of a pattern that are no `*`.
std::size_t literals_of(std::string_view pattern);

std::size_t stars_of(std::string_view pattern);

/// Finds names; refers to the catalog it was made of. Immutable, any thread.
class name_index {
public:
  explicit name_index(const std::vector<catalog_model>& catalog);

  /// Position of the entry that is called so; a pattern by its own text.
  std::optional<std::size_t> named(std::string_view name) const;
  std::optional<std::size_t> aliased(std::string_view alias) const;
  /// What a request for `model` gets: the name, else the alias, else the pattern with most literal
  /// characters, of several the first.
  std::optional<std::size_t> resolve(std::string_view model) const;

private:
  const std::vector<catalog_model>& catalog_;
  std::map<std::string_view, std::size_t> names_;
  std::map<std::string_view, std::size_t> aliases_;
  std::vector<std::size_t> patterns_; ///< those with most literal characters first
};

} // namespace synapse::config
