/// @file
/// The names of a catalog, and the deployments behind each.
#pragma once

#include "config/settings.hpp"
#include "routing/target.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace synapse::routing {

/// A deployment of one configuration: its place among all of them, in the order of the file.
using deployment_place = std::uint32_t;
using name_place = std::uint32_t;

/// What a request is about; those of config::capability that a path can mean.
using kind = config::capability;

struct deployment {
  const config::deployment_settings* settings = nullptr;
  deployment_place place = 0;
  name_place name = 0; ///< whose it is
  backend_place backend = 0;
  /// Known of it before anybody has asked its backend; `no` of all kinds that its type has not.
  config::capability_set capabilities;
  /// The same for every replica and after every reload; of backend and model for what both share.
  std::uint64_t id_hash = 0;
  std::uint64_t model_hash = 0;

  /// Of its cell: of the backend, the model as it is called there and the kind.
  std::uint64_t cell_of(kind what) const noexcept;
};

/// A name that another one falls back to.
struct fallback_name {
  name_place place = 0;
  std::string_view asked; ///< as the file has it: what the stars of a pattern match
};

struct model_name {
  const config::catalog_model* settings = nullptr;
  name_place place = 0;
  std::span<const deployment> deployments; ///< lower tiers first, else as in the file
  std::vector<fallback_name> any;          ///< those of all names last
  std::vector<fallback_name> context;
  std::vector<fallback_name> policy;
  std::uint16_t kinds = 0; ///< that one of its deployments may be there for
};

/// Immutable; any thread.
class name_table {
public:
  /// @param settings outlive this; their catalog has been validated.
  explicit name_table(const config::settings& settings);
  name_table(const name_table&) = delete;
  name_table& operator=(const name_table&) = delete;

  bool empty() const noexcept { return names_.empty(); }
  /// By its name, an alias, or the pattern with the most literal characters; null: nobody's.
  const model_name* find(std::string_view model) const noexcept;
  const model_name& name(name_place place) const noexcept { return names_[place]; }
  std::span<const model_name> names() const noexcept { return names_; }
  std::span<const deployment> deployments() const noexcept { return deployments_; }
  const deployment* find_deployment(std::string_view id) const noexcept;

private:
  void add(const config::settings& settings, const config::catalog_model& model);
  void add_fallbacks(const config::fallback_settings& fallbacks);

  std::vector<deployment> deployments_;                    ///< of one name beside each other
  std::vector<model_name> names_;                          ///< in the order of the file
  std::unordered_map<std::string_view, name_place> exact_; ///< names and aliases
  std::vector<name_place> patterns_;                       ///< most literal characters first
  std::map<std::string_view, deployment_place, std::less<>> ids_;
};

/// Whether `model` is matched by a name with stars, each of which stands for any text.
bool matches_pattern(std::string_view pattern, std::string_view model) noexcept;

/// The name of the model at a deployment's backend, for a request that calls it `asked`: each star
/// of the deployment's model is what the stars of `name` have matched, in order.
std::string served_model(const config::catalog_model& name, std::string_view deployment_model,
                         std::string_view asked);

/// A hash that is the same everywhere. @param seed of another text that belongs to it
std::uint64_t stable_hash(std::string_view text, std::uint64_t seed = 0) noexcept;

} // namespace synapse::routing
