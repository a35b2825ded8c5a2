/// @file
/// A file that is there as a whole or not at all.
#pragma once

#include "actors/storage/file_ops.hpp"

#include <string>
#include <string_view>

namespace synapse::storage {

/// Where write_durably puts a file's contents first: a hidden name beside it. A crash may leave it.
std::string temporary_for(const std::string& name);

/// Writes a file of mode 0600 that takes the place of what had its name, and is durable on return.
/// After a crash there is the old file or the new one. Throws io_failure; then there is the old
/// one, or, if only the last step failed, the new one. Only one process at a time.
/// @returns the new file.
file_handle write_durably(file_ops& ops, const file_handle& folder, const std::string& name,
                          std::string_view text);

} // namespace synapse::storage
