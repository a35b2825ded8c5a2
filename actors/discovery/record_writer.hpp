/// @file
/// Writes what a backend says of its models into the records of its deployments.
#pragma once

#include "providers/discovered_model.hpp"
#include "routing/names/name_table.hpp"
#include "routing/records/catalog_records.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::actors {

/// The deployments of one backend under one configuration. Of one actor; times are nanoseconds of
/// one monotonic clock. What is not told stays as it was.
class record_writer {
public:
  record_writer() = default;
  /// Nothing of `table` is kept.
  record_writer(const routing::name_table& table, const routing::catalog_records& records,
                std::string_view backend);

  bool empty() const noexcept { return entries_.empty(); }
  /// The models that deployments name, each once; without those that have a star.
  std::vector<std::string> models() const;

  /// Contexts and capabilities. @param models an answer, which may leave out any of them
  void write_models(const std::vector<providers::discovered_model>& models);
  /// What is in memory, from the list itself.
  void write_memory(const std::vector<providers::discovered_model>& models, bool loading_evicts,
                    std::int64_t now);
  /// Likewise, from an answer about that. @param models as told last: their names mean the same
  void write_load(const providers::load_reading& load,
                  const std::vector<providers::discovered_model>& models, bool loading_evicts,
                  std::int64_t now);
  void write_queue(const providers::queue_reading& queue);

  /// The backend has been away: what it has turned out to lack may be there now.
  void forget_lacks();

  /// Whether there have been requests in the last ten seconds, as far as calls of this show.
  bool is_busy(std::int64_t now);

private:
  struct entry {
    std::string model;
    bool is_pattern = false;
    config::capability_set fixed; ///< by its settings
    routing::record_ptr record;
    std::size_t told_context = 0;   ///< of the model
    std::size_t loaded_context = 0; ///< that it runs with; 0: it does not
    std::int64_t loading_since = 0;
  };
  static void write_capabilities(const entry& one, config::capability_set told);
  static void write_context(const entry& one);
  static void write_presence(entry& one, providers::presence memory, bool evicts, std::int64_t now);

  std::vector<entry> entries_;
  std::uint64_t attempts_ = 0;
  std::int64_t busy_until_ = 0;
};

} // namespace synapse::actors
