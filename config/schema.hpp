/// @file
/// Every key of the configuration file, once: the loader fills settings from these tables, the
/// validator takes its ranges from them and the documentation is checked against them.
#pragma once

#include "config/settings.hpp"
#include "config/values/ranges.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

namespace synapse::config {

/// One key that holds a single value (or a list of durations) of the settings struct `Section`.
template <class Section>
struct field {
  using member_pointer =
      std::variant<milliseconds Section::*, std::size_t Section::*, unsigned Section::*,
                   int Section::*, std::uint16_t Section::*, double Section::*, bool Section::*,
                   std::string Section::*, std::vector<milliseconds> Section::*,
                   std::vector<std::string> Section::*>;
  std::string_view name;
  member_pointer member;
  value_range range;
  std::string_view description;
  std::string_view computed_default = {}; ///< in words, where the loader works the default out
};

/// The table of `Section`; specialised in schema.cpp for every section.
template <class Section>
std::span<const field<Section>> fields_of();

template <>
std::span<const field<timeout_settings>> fields_of();
template <>
std::span<const field<retry_settings>> fields_of();
template <>
std::span<const field<breaker_settings>> fields_of();
template <>
std::span<const field<concurrency_settings>> fields_of();
template <>
std::span<const field<pool_settings>> fields_of();
template <>
std::span<const field<upstream_tls_settings>> fields_of();
template <>
std::span<const field<health_settings>> fields_of();
template <>
std::span<const field<authorization_settings>> fields_of();
template <>
std::span<const field<backend_settings>> fields_of();
template <>
std::span<const field<listener_tls_settings>> fields_of();
template <>
std::span<const field<listener_settings>> fields_of();
template <>
std::span<const field<limit_settings>> fields_of();
template <>
std::span<const field<cors_settings>> fields_of();
template <>
std::span<const field<drain_settings>> fields_of();
template <>
std::span<const field<health_aggregation_settings>> fields_of();
template <>
std::span<const field<model_settings>> fields_of();
template <>
std::span<const field<model_choice_settings>> fields_of();
template <>
std::span<const field<model_rule>> fields_of();
template <>
std::span<const field<cluster_settings>> fields_of();
template <>
std::span<const field<cluster_tls_settings>> fields_of();
template <>
std::span<const field<redial_settings>> fields_of();
template <>
std::span<const field<vram_settings>> fields_of();
template <>
std::span<const field<sleep_settings>> fields_of();
template <>
std::span<const field<routing_settings>> fields_of();
template <>
std::span<const field<cell_settings>> fields_of();
template <>
std::span<const field<fallback_settings>> fields_of();
template <>
std::span<const field<gpu_settings>> fields_of();
template <>
std::span<const field<catalog_model>> fields_of();
template <>
std::span<const field<spill_settings>> fields_of();
template <>
std::span<const field<deployment_settings>> fields_of();
template <>
std::span<const field<settings>> fields_of();

/// Calls `visit(path, section)` for every section outside of backends; the path is "" or ends in a
/// dot. `All` is settings or const settings.
template <class All, class Visitor>
void for_each_section(All& all, Visitor&& visit) {
  visit(std::string_view{""}, all);
  visit(std::string_view{"listener."}, all.listener);
  visit(std::string_view{"listener.tls."}, all.listener.tls);
  visit(std::string_view{"limits."}, all.limits);
  visit(std::string_view{"cors."}, all.cors);
  visit(std::string_view{"drain."}, all.drain);
  visit(std::string_view{"health."}, all.health);
  visit(std::string_view{"models."}, all.models);
  visit(std::string_view{"models.auto."}, all.models.choice);
  visit(std::string_view{"fallbacks."}, all.fallbacks);
  visit(std::string_view{"routing."}, all.routing);
  visit(std::string_view{"routing.cell."}, all.routing.cell);
  visit(std::string_view{"cluster."}, all.cluster);
  visit(std::string_view{"cluster.tls."}, all.cluster.tls);
  visit(std::string_view{"cluster.redial."}, all.cluster.redial);
}

/// The same for one backend; the path is relative to the backend.
template <class Backend, class Visitor>
void for_each_backend_section(Backend& backend, Visitor&& visit) {
  visit(std::string_view{""}, backend);
  visit(std::string_view{"health."}, backend.health);
  visit(std::string_view{"timeouts."}, backend.timeouts);
  visit(std::string_view{"retry."}, backend.retry);
  visit(std::string_view{"breaker."}, backend.breaker);
  visit(std::string_view{"concurrency."}, backend.concurrency);
  visit(std::string_view{"pool."}, backend.pool);
  visit(std::string_view{"tls."}, backend.tls);
  visit(std::string_view{"authorization."}, backend.authorization);
  visit(std::string_view{"vram."}, backend.vram);
  visit(std::string_view{"sleep."}, backend.sleep);
}

/// The same for one name of the catalog; the path is relative to the name.
template <class Model, class Visitor>
void for_each_name_section(Model& model, Visitor&& visit) {
  visit(std::string_view{""}, model);
  visit(std::string_view{"spill."}, model.spill);
}

/// What a deployment's `cost.input` and `cost.output` may be; their table would need a section.
inline constexpr value_range cost_range = ranges::between(0, 1'000'000);

/// Whether `value` lies in `range`; only for numbers, sizes and durations.
bool in_range(double value, const value_range& range);

/// `must be between 1 and 10`, in the units the file uses. `is_duration`: the range is in ms.
std::string range_message(const value_range& range, bool is_duration);

/// `1 to 10`, or "" when any value goes.
std::string range_text(const value_range& range, bool is_duration);

/// One key for people.
struct key_info {
  std::string path;         ///< `limits.max_uri_bytes`, `backends.<name>.timeouts.connect`
  std::string default_text; ///< as the file would spell it; "required" when there is none
  std::string range;        ///< "" when any value goes
  std::string description;
};

/// Every key the loader knows, in the order of the documentation (config/print/known_keys.cpp).
std::vector<key_info> known_keys();

} // namespace synapse::config
