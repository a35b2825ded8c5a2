/// @file
/// The folder that a store lies in.
#pragma once

#include "actors/storage/file_ops.hpp"

#include <filesystem>

namespace synapse::storage {

/// Makes the folder (mode 0700) and those above it, as far as they are missing, so that their names
/// are durable. Throws io_failure; `what` stands in its text in the place of the path, e.g. "the
/// voice library".
void make_folder(const std::filesystem::path& folder, std::string_view what);

/// Opens it; the folder itself may be a symbolic link, for whoever configured it knows. Throws
/// io_failure likewise.
file_handle open_folder(const std::filesystem::path& folder, std::string_view what);

} // namespace synapse::storage
