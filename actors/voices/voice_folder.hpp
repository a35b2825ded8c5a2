/// @file
/// One voice's folder: reading it, and changing it so that a crash at any point can be put right.
///
///     <uuid>/metadata.json        the voice's facts; always replaced as a whole
///     <uuid>/references/ref_001.wav …
///     <uuid>/.adding.json         while references are added: how to undo it
///     <uuid>/.*.tmp               a file that is being written
///
/// All functions throw io_failure and are called on the thread of the store.
#pragma once

#include "actors/storage/file_ops.hpp"
#include "actors/voices/voice.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::voices {

using storage::file_handle;
using storage::file_kind;
using storage::file_ops;
using storage::io_failure;

inline const std::string metadata_file = "metadata.json";
inline const std::string references_folder = "references";

/// Removes a folder with all that is in it; never follows a symbolic link.
void remove_tree(file_ops& ops, int at, const std::string& name, int depth = 8);

/// Text of the folder's metadata.json.
std::string read_metadata(file_ops& ops, const file_handle& folder);

/// What stands in the folder `references`.
struct reference_list {
  std::vector<std::string> names; ///< regular files, by number
  std::uint32_t highest = 0;      ///< number in use, be it by something that is no file
};
reference_list list_references(file_ops& ops, const file_handle& references);

/// Puts right what a crash left in a voice's folder, and moves an old `reference.wav` to where
/// references are now. Changes nothing where nothing is to be done; may be repeated.
void recover_folder(file_ops& ops, const file_handle& folder);

/// Reads the voice in `library`/`id`, without what a journal says does not count. Throws EBADMSG
/// when it is damaged.
voice read_voice(file_ops& ops, const file_handle& folder, const std::string& id);

/// References on their way into a voice. As long as the journal is in the folder, nothing of it
/// counts: the next recovery removes the files and restores the metadata.
struct addition {
  std::vector<std::string> names; ///< to be
  std::string metadata;           ///< text as it was
};

void write_journal(file_ops& ops, const file_handle& folder, const addition& what);

/// From here on the addition counts; durable on return.
void remove_journal(file_ops& ops, const file_handle& folder);

/// Makes the folder as it was before the addition. Starts with the journal, in case that is gone
/// already: a crash in here must find it.
void undo(file_ops& ops, const file_handle& folder, const addition& what);

} // namespace synapse::voices
