#include "routing/records/catalog_records.hpp"

namespace synapse::routing {

std::shared_ptr<const catalog_records> make_records(const name_table& table, unsigned threads,
                                                    const name_table* old_table,
                                                    const catalog_records* before) {
  auto records = std::make_shared<catalog_records>();
  records->reserve(table.deployments().size());
  for (const auto& one : table.deployments()) {
    const auto* old = old_table != nullptr ? old_table->find_deployment(one.settings->id) : nullptr;
    const bool same = old != nullptr && old->model_hash == one.model_hash &&
                      (*before)[old->place]->fits(*one.settings, threads);
    records->push_back(same ? (*before)[old->place]
                            : std::make_shared<deployment_record>(*one.settings, threads));
  }
  return records;
}

} // namespace synapse::routing
