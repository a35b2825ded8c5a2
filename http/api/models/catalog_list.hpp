/// @file
/// What GET /v1/models answers where a catalog names the models.
#pragma once

#include "http/sites/thread_routes.hpp"
#include "routing/names/name_table.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace synapse::api {

/// The names of a catalog with what is known of their deployments at this moment. No backend is
/// asked. On the thread of the routes.
class catalog_list {
public:
  explicit catalog_list(const client::thread_routes& routes, net::time_ns now);

  /// OpenAI's list of all that are not hidden, in the order of the file, aliases behind their
  /// names; patterns as the names that their backends list. @param others entries that follow, each
  /// as JSON
  std::string all(const std::vector<std::string>& others = {}) const;
  /// Null: neither name nor alias, and no pattern matches it.
  const routing::model_name* find(std::string_view id) const;
  /// The entry of a name, an alias or what a pattern matches; empty: there is none.
  std::string one(std::string_view id) const;
  /// All ids of the list. Views into routes and this.
  std::vector<std::string_view> ids() const;

private:
  std::string facts(const routing::model_name& name) const;
  void append(std::string& out, std::string_view id, const routing::model_name& name,
              std::string_view facts) const;
  std::vector<std::string> expanded(const routing::model_name& name) const;

  const client::thread_routes& routes_;
  net::time_ns now_;
};

} // namespace synapse::api
