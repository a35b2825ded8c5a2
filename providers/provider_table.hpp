/// @file
/// The types of backends: a descriptor each.
#pragma once

#include "config/settings.hpp"
#include "providers/descriptor.hpp"

#include <string>
#include <string_view>

namespace synapse::providers {

/// Any thread.
const descriptor& descriptor_of(config::backend_type type) noexcept;

/// Where a backend is asked how it is: what its file says, else what its type has. A type that
/// somebody is paid for has nothing unless its file says so.
path_list health_paths(const config::backend_settings& backend);
/// Judges the answer of one of them.
wellness judge_health(const config::backend_settings& backend, unsigned status,
                      std::string_view body);

/// The field line that carries a backend's own key, as its file or its type wants it; empty without
/// a key.
std::string key_line(const config::backend_settings& backend, std::string_view key);

} // namespace synapse::providers
