/// @file
/// The models that a backend has told of, for all threads.
#pragma once

#include "providers/discovered_model.hpp"

#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

namespace synapse::providers {

/// One per backend. Written by who asks it, read by any thread; outlives both reloads and failures:
/// what was told last stays.
class discovered_names {
public:
  using list_ptr = std::shared_ptr<const std::vector<discovered_model>>;

  discovered_names() : list_(std::make_shared<const std::vector<discovered_model>>()) {}
  discovered_names(const discovered_names&) = delete;
  discovered_names& operator=(const discovered_names&) = delete;

  /// Never null; in the backend's own order, at most `max_models`.
  list_ptr list() const;
  /// Whether the backend has ever told of its models.
  bool known() const;
  void set(std::vector<discovered_model> models);

private:
  mutable std::mutex mutex_;
  list_ptr list_;
  bool known_ = false;
};

/// The entry of a name, or of one that means the same; null: it is not there.
const discovered_model* find_model(const std::vector<discovered_model>& models,
                                   std::string_view name) noexcept;

} // namespace synapse::providers
