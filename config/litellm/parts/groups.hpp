/// @file
/// Entries of `model_list` → names of the catalog.
#pragma once

#include "config/litellm/fragment.hpp"
#include "config/litellm/parts/entry.hpp"
#include "config/litellm/parts/router.hpp"
#include "config/litellm/text/context.hpp"

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::config::litellm {

/// Makes one name of all entries with the same `model_name`, and gives each entry what the rules
/// and its neighbours decide: tier, weight, timeouts.
void make_groups(std::vector<model_entry> entries, const router_rules& rules, fragment& all,
                 context& say);

/// Aliases and fallbacks, once all names are known. @param wrong names whose entries are wrong:
/// nothing more is said of these.
void apply_names(const router_rules& rules, std::set<std::string> wrong, fragment& all,
                 context& say);

/// Whether `name` fits `pattern`, whose `*` each stand for any text.
bool fits_pattern(std::string_view pattern, std::string_view name);

} // namespace synapse::config::litellm
