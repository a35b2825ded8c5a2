/// @file
/// Declares metrics and writes them in the Prometheus text format 0.0.4.
#pragma once

#include "telemetry/metrics.hpp"

#include <chrono>
#include <functional>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::telemetry {

/// The Content-Type of what `metric_registry::render` writes.
inline constexpr std::string_view exposition_content_type =
    "text/plain; version=0.0.4; charset=utf-8";

enum class metric_kind : std::uint8_t { counter, gauge, histogram };

namespace detail {
struct family_state;
struct callback_family;
} // namespace detail

class metric_registry;

/// All metrics of one name. A handle, valid as long as its registry.
template <class Metric>
class family {
public:
  /// The child with these label values, made on first use; values in the order of the declared
  /// names, their number must agree. Takes a lock: resolve children ahead, not per request.
  /// Values are cut at 256 bytes; bytes that are no UTF-8 are replaced. Once the family is full,
  /// new combinations share one child whose labels all say "other".
  /// @returns a reference that stays valid as long as the registry; the metric may be copied.
  const Metric& with(std::initializer_list<std::string_view> label_values) const;

private:
  friend class metric_registry;
  family(metric_registry& registry, detail::family_state& state)
      : registry_(&registry), state_(&state) {}
  metric_registry* registry_;
  detail::family_state* state_;
};

/// Passed to a collector; call it once per sample, label values in the order of the names.
using sample_writer = std::function<void(std::initializer_list<std::string_view>, double)>;
/// Called in the thread that renders. Must neither render nor (un)register callbacks.
using collector = std::function<void(const sample_writer&)>;

/// Keeps a collector registered; once it is destroyed, the collector is not running any more.
class callback_registration {
public:
  callback_registration() = default;
  callback_registration(callback_registration&& other) noexcept;
  callback_registration& operator=(callback_registration&& other) noexcept;
  ~callback_registration();

private:
  friend class metric_registry;
  callback_registration(metric_registry* registry, std::uint64_t id)
      : registry_(registry), id_(id) {}
  metric_registry* registry_ = nullptr;
  std::uint64_t id_ = 0;
};

/// Owns families and their numbers. Any thread may call any member. Declaring a name again with the
/// same kind and labels gives the same family; a contradiction, a malformed name or a wrong number
/// of label values is a mistake in the program and ends it.
class metric_registry {
public:
  using label_names = std::initializer_list<std::string_view>;
  static constexpr std::size_t default_max_children = 1000;

  /// @param shards number of I/O threads that will call `set_shard`.
  explicit metric_registry(unsigned shards);
  metric_registry(const metric_registry&) = delete;
  metric_registry& operator=(const metric_registry&) = delete;
  ~metric_registry();

  family<counter> counters(std::string_view name, std::string_view help, label_names labels = {},
                           std::size_t max_children = default_max_children);
  family<gauge> gauges(std::string_view name, std::string_view help, label_names labels = {},
                       std::size_t max_children = default_max_children);
  /// @param bounds upper bounds (inclusive), ascending, 1 to 100 of them; +Inf is added.
  family<histogram> histograms(std::string_view name, std::string_view help,
                               const std::vector<std::chrono::nanoseconds>& bounds,
                               label_names labels = {},
                               std::size_t max_children = default_max_children);

  /// A family whose values are asked for at every scrape. Several collectors may serve one name.
  /// @param kind counter or gauge. @param max_samples of one scrape; more are left out
  [[nodiscard]] callback_registration callback(std::string_view name, std::string_view help,
                                               metric_kind kind, label_names labels,
                                               collector collect,
                                               std::size_t max_samples = default_max_children);

  unsigned shards() const noexcept { return shards_; }

  /// Appends every family to `out`. Takes milliseconds when there are thousands of children.
  void render(std::string& out) const;

private:
  template <class Metric>
  friend class family;
  friend class callback_registration;

  struct slab;
  detail::family_state& declare(std::string_view name, std::string_view help, metric_kind kind,
                                label_names labels, std::size_t max_children);
  const void* child(detail::family_state& state, std::initializer_list<std::string_view> values);
  detail::cell_block allocate(std::size_t words);
  void unregister(std::uint64_t id);

  const unsigned shards_;
  mutable std::mutex mutex_; ///< families_, their children, slabs_; never held while rendering text
  std::vector<std::unique_ptr<detail::family_state>> families_;
  std::vector<std::unique_ptr<slab>> slabs_;
  counter dropped_children_;
  mutable std::mutex callback_mutex_; ///< callbacks_; held while collectors run
  std::vector<std::unique_ptr<detail::callback_family>> callbacks_;
  std::uint64_t next_callback_ = 1;
};

} // namespace synapse::telemetry
