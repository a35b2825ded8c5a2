/// @file
/// Lists of models as JSON: those of several backends in one, a split model as one entry, further
/// names. Pure, any thread.
#pragma once

#include "actors/models/router/catalog.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::api {

/// The `id` of an entry; empty where there is none.
std::string model_id_of(const nlohmann::ordered_json& entry);

/// The object `status` of an entry; null where there is none.
nlohmann::ordered_json* model_status_of(nlohmann::ordered_json& entry);

/// A router's entries, with one for all parts of a split model, where the first one stood. The part
/// that decides the state is the one whose arguments and progress count.
nlohmann::ordered_json merged_parts(const nlohmann::ordered_json& data,
                                    const models::catalog& known);

/// What GET /v1/models answers from.
class merged_list {
public:
  /// Takes in one backend's answer; of an id that is there already the first entry stays.
  /// @param managed the gateway manages the backend's models: where it is a router, its split
  /// models are one entry each. @returns false when it is no list of models.
  bool add(const std::string& answer, bool managed);
  /// Adds the further names of the entries, then those of the configuration (name → model), as
  /// entries of their own: a copy of the model's, with `alias_of`. Names of models that nobody
  /// lists are left out. Once, after all lists.
  void add_aliases(const std::map<std::string, std::string, std::less<>>& configured);

  /// All entries, an array.
  const nlohmann::ordered_json& entries() const noexcept { return entries_; }
  /// The entry of a model or another name of it, a part's among them; null: nobody has it.
  const nlohmann::ordered_json* find(std::string_view name) const;
  /// All ids, in order. Views into this object.
  std::vector<std::string_view> names() const;

private:
  void add_entry(const nlohmann::ordered_json& entry);
  void add_alias(const std::string& name, const std::string& model);

  nlohmann::ordered_json entries_ = nlohmann::ordered_json::array();
  std::map<std::string, std::size_t, std::less<>> places_; ///< id → index
  std::map<std::string, std::string, std::less<>> parts_;  ///< part of a split model → model
};

} // namespace synapse::api
