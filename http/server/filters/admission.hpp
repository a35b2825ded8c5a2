/// @file
/// What stands before every handler.
#pragma once

#include "http/net/task.hpp"

#include <optional>
#include <string_view>

namespace synapse::server {

class exchange;
struct route;

/// Asks every rule that may answer a request instead of its handler, in their order; a further one
/// is added here. Costs a few comparisons for a request that none of them is about.
/// @param matched null: no route takes it. @param allow the path's methods, when only the method
/// did not fit. @returns the answer's work, or nothing: the handler is to be called.
std::optional<net::task<void>> admit(exchange& current, const route* matched,
                                     std::string_view allow);

} // namespace synapse::server
