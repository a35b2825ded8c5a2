/// @file
/// Finds the secrets of known shapes in a line. See log_redactor.hpp for the shapes.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace synapse::telemetry {

/// A half-open range of a line.
struct secret_range {
  std::size_t begin;
  std::size_t end;
};

/// The first secret whose mark (its name, `Bearer`, `://`) begins at or after `from`. No range is
/// empty and none begins before `from`. Linear in the line but for look-ahead of bounded length.
std::optional<secret_range> find_secret(std::string_view line, std::size_t from);

} // namespace synapse::telemetry
