/// @file
/// Names that somebody may have meant who asked for one that is not there.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::config {

/// At most `most` of `candidates` that are near to `name`, the nearest first: slips of the pen, the
/// same name with other separators or case, a part of a longer name or the other way round, and
/// names that begin alike. Among equals the order of `candidates`. Empty when none is near: names
/// that have nothing in common help nobody. For names that people see, such as models and paths; a
/// key of the configuration has nearest(). Bounded work whatever the input; pure, any thread.
std::vector<std::string> nearest_names(std::string_view name,
                                       std::span<const std::string_view> candidates,
                                       std::size_t most = 3);

/// ` Did you mean "a", "b" or "c"?`, with a blank before it to follow a sentence; empty when there
/// are no names.
std::string did_you_mean(std::span<const std::string> names);

} // namespace synapse::config
