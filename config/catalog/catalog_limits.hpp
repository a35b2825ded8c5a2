/// @file
/// How much a catalog may hold, and what its names may look like. Pure functions; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace synapse::config {

constexpr std::size_t max_names = 2048;
constexpr std::size_t max_patterns = 64; ///< of the names
constexpr std::size_t max_deployments = 32;
constexpr std::size_t max_name_aliases = 16;
constexpr std::size_t max_name_bytes = 512;
constexpr std::size_t max_id_bytes = 640; ///< `backend/model` fits, and a number behind it
constexpr std::size_t max_tags = 16;
constexpr std::size_t max_tag_bytes = 64;
constexpr std::size_t max_headers = 32;
constexpr std::size_t max_defaults = 64;
constexpr std::size_t max_defaults_bytes = 64 * 1024; ///< of one deployment, as JSON
constexpr std::size_t max_fallbacks = 32;             ///< of one name
constexpr std::size_t max_gpus = 64;
constexpr std::size_t max_exclusive = 64; ///< lists of one card

/// What is wrong with a model's name as clients write it, such as "must not be empty"; "" when it
/// may be used. At most `most` bytes.
std::string wrong_name(std::string_view name, std::size_t most = max_name_bytes);

} // namespace synapse::config
