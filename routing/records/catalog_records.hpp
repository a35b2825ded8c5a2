/// @file
/// The records of a catalog's deployments.
#pragma once

#include "routing/names/name_table.hpp"
#include "routing/records/deployment_record.hpp"

#include <memory>
#include <vector>

namespace synapse::routing {

/// By deployment_place. Immutable as a list; any thread.
using catalog_records = std::vector<record_ptr>;

/// @param before of the configuration before, and its table; null: there was none. What stays the
/// same keeps its record
std::shared_ptr<const catalog_records> make_records(const name_table& table, unsigned threads,
                                                    const name_table* old_table,
                                                    const catalog_records* before);

} // namespace synapse::routing
