/// @file
/// What a router tells of its own accord (GET /models/sse).
#pragma once

#include <optional>
#include <string>

namespace synapse::models {

/// Names and shapes differ between builds, so an event is a hint only: the list decides.
struct router_event {
  /// Of a load under way, as the router says it. There are many of them per load, and one is
  /// complete in itself.
  std::optional<double> progress;
  std::string model;      ///< whose progress it is
  bool is_reason = false; ///< to look at the list, unless all of it is the progress
};

/// @param data of one event; whatever makes no sense is no reason. Pure, any thread.
router_event read_event(const std::string& data);

} // namespace synapse::models
