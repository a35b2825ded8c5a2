/// @file
/// Bounded reading of a small file that somebody else may be replacing. Any thread; blocks for disk
/// I/O only (never on a FIFO or a device); throws nothing but std::bad_alloc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace synapse::config {

/// Tells one state of a file from another without reading it.
struct file_identity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t modified_ns = 0; ///< since the epoch
  std::int64_t size = 0;
  bool operator==(const file_identity&) const = default;
};

struct file_text {
  std::string text;
  file_identity identity;
  bool torn = false; ///< the file changed while it was read: read again later
};

/// The file at `path` (symlinks followed), at most `max_bytes` + 1 bytes of it, so that the caller
/// can see that it is too large. Empty on failure; `error`, if given, then says why.
std::optional<file_text> read_file(const std::string& path, std::size_t max_bytes,
                                   std::string* error = nullptr);

/// Identity of the regular file that `path` resolves to; empty when there is none.
std::optional<file_identity> identify(const std::string& path);

/// `text` without blanks and line ends before and behind it: a secret as an editor left it.
std::string trimmed(const std::string& text);

} // namespace synapse::config
