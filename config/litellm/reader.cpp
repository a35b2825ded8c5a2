#include "config/litellm/reader.hpp"

#include "config/litellm/parts/groups.hpp"
#include "config/litellm/text/sources.hpp"

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace synapse::config::litellm {

fragment read(std::string_view text, const std::string& file_name, const environment& variables,
              const file_reader& files, problem_list& problems) {
  fragment result;
  context say{variables};
  problem_list broken; // of the YAML itself
  document found = gather(text, file_name, files, say, broken);
  result.files = std::move(found.files);
  for (problem& one : broken.take())
    problems.add(std::move(one));
  if (found.is_read) {
    const router_rules rules = read_router(found, result, say);
    backend_pool pool;
    entry_reader reader{found.credentials, pool, say};
    std::vector<model_entry> entries;
    std::set<std::string> wrong;
    for (const spot& at : found.models) {
      if (say.is_full())
        break;
      auto entry = reader.read(at);
      if (entry.is_good)
        entries.push_back(std::move(entry));
      else
        wrong.insert(std::move(entry.name));
    }
    if (found.models.empty())
      say.refuse({file_name, 0, "model_list", "model_list", nullptr}, "must have an entry");
    make_groups(std::move(entries), rules, result, say);
    pool.move_into(result);
    apply_names(rules, std::move(wrong), result, say);
  }
  say.hand_over(problems);
  return result;
}

} // namespace synapse::config::litellm
