/// @file
/// Where the requests of one configuration go.
#pragma once

#include "config/settings.hpp"
#include "routing/model_choice.hpp"
#include "routing/model_index.hpp"
#include "routing/names/name_table.hpp"
#include "routing/target.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::routing {

/// What of a request decides where it goes.
struct query {
  std::string_view model; ///< as the client calls it; empty: it names none
  /// What its user says, where `reads_text` holds, and only there; else null.
  const std::string* text = nullptr;
};

/// Where a request may go.
struct plan {
  enum class basis : std::uint8_t {
    nowhere, ///< no route has its path
    path,    ///< its path names a backend
    model,   ///< whichever backend lists its model
  };
  basis by = basis::nowhere;
  /// What it asks for, with aliases and `models.choice` resolved. Of the query, or as long-lived as
  /// the catalog.
  std::string_view model;
  /// In the order in which they are to be tried; none by `model`: nobody is known to list it. Valid
  /// until the index learns.
  std::span<const target> targets;
};

/// `routes:`, `models.aliases` and `models.choice`, made ready for looking. Immutable; any thread.
class catalog {
public:
  /// @param settings outlive this.
  explicit catalog(const config::settings& settings);
  catalog(const catalog&) = delete;
  catalog& operator=(const catalog&) = delete;

  /// Where a path alone leads. @returns `basis::model` without targets where the model decides.
  /// @param path in its normal form
  plan plan_for(std::string_view path) const noexcept;
  /// The same once more is known of the request. @param models of the asking thread. Does not
  /// allocate.
  plan complete(plan by_path, const query& what, const model_index& models) const;
  /// The choice of this model looks at what the user says.
  bool reads_text(std::string_view model) const noexcept { return choice_.is_choice(model); }
  /// Names with deployments, which come before what paths say; none without a catalog in the file.
  const name_table& names() const noexcept { return names_; }

private:
  struct entry {
    std::string path; ///< of a prefix, without its '*'
    bool by_model = false;
    target leads_to{};
    bool known = true; ///< its backend exists
  };
  const entry* find(std::string_view path) const noexcept;

  const config::settings& settings_;
  model_choice choice_;
  name_table names_;
  std::vector<entry> exact_;    ///< the shortest first, then by path
  std::vector<entry> prefixes_; ///< the longest first
};

} // namespace synapse::routing
