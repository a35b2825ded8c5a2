#include "http/sites/shut_counting.hpp"

#include "actors/backends/lane.hpp"
#include "http/sites/thread_routes.hpp"
#include "routing/catalog.hpp"
#include "routing/records/deployment_record.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace synapse::client {

namespace {
/// Whose cell it is; several deployments of one backend and model share theirs. By cell.
using owners = std::vector<std::pair<std::uint64_t, routing::record_ptr>>;

void add_cells(const routing::deployment& one, const routing::record_ptr& record, owners& into) {
  for (const auto what : config::all_kinds)
    into.emplace_back(one.cell_of(what), record);
}

actors::shut_listener listener_of(owners known) {
  if (known.empty())
    return {};
  std::sort(known.begin(), known.end());
  return [known = std::make_shared<const owners>(std::move(known))](std::uint64_t cell,
                                                                    std::uint8_t why) {
    const std::pair<std::uint64_t, routing::record_ptr> least{cell, nullptr};
    for (auto at = std::lower_bound(known->begin(), known->end(), least);
         at != known->end() && at->first == cell; ++at)
      at->second->counts.was_shut(static_cast<routing::trouble>(why));
  };
}
} // namespace

void count_shuts(const thread_routes& routes) {
  std::vector<owners> by_backend(routes.sites.size());
  const auto& records = *routes.snapshot->records;
  for (const auto& one : routes.catalog().names().deployments())
    add_cells(one, records[one.place], by_backend[one.backend]);
  for (std::size_t i = 0; i < by_backend.size(); ++i)
    actors::lane::listen(routes.sites[i]->lane, listener_of(std::move(by_backend[i])));
}

} // namespace synapse::client
