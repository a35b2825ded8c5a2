/// @file
/// What file operations throw, as a value.
#pragma once

#include "actors/storage/file_ops.hpp"

#include <utility>

namespace synapse::storage {

/// What the action throws; code 0 when it throws nothing.
template <class Action>
io_failure failure_of(Action&& action) {
  try {
    std::forward<Action>(action)();
  } catch (const io_failure& problem) {
    return problem;
  }
  return {};
}

} // namespace synapse::storage
