/// @file
/// The text of the file of profiles: `{"version":1,"models":{"<id>":{"updated_at","values"}}}`. No
/// input or output.
#pragma once

#include "actors/protocol/model_messages.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::models {

using actors::model_profile;
using actors::profile_map;

inline constexpr std::size_t max_profiles = 10'000;
inline constexpr std::size_t max_profile_file_bytes = 64 * 1024 * 1024;

/// What a text of profiles holds.
struct profile_reading {
  std::string damage; ///< why nothing of it can be used; empty: something can
  profile_map profiles;
  /// What was left out and why, for people; what it says is lost when the file is written anew.
  std::vector<std::string> problems;
};

/// Reads as much as makes sense: of an entry with bad fields the good ones, of too many models the
/// first.
profile_reading read_profiles(std::string_view text);

/// @returns the text; empty when a string is no UTF-8.
std::string write_profiles(const profile_map& profiles);

} // namespace synapse::models
