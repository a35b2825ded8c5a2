#include "actors/storage/durable_file.hpp"
#include "actors/voices/voice_folder.hpp"
#include "actors/voices/voice_store.hpp"
#include "actors/voices/voice_store_names.hpp"

#include <cerrno>
#include <exception>
#include <numeric>
#include <utility>

namespace synapse::voices {

void voice_store::save_upload(const file_handle& incoming, const std::vector<upload_file>& files) {
  for (const auto& file : files) {
    const auto opened = options_.ops->open_file(incoming.get(), file.name);
    options_.ops->make_private(opened, file.name);
    options_.ops->sync(opened, file.name);
  }
}

void voice_store::prepare_voice(const std::string& incoming_name, voice& what,
                                const std::vector<upload_file>& files) {
  auto& ops = *options_.ops;
  const auto incoming = ops.open_directory(root_.get(), incoming_name);
  save_upload(incoming, files);
  ops.make_directory(incoming.get(), references_folder);
  const auto references = ops.open_directory(incoming.get(), references_folder);
  for (const auto& file : files) {
    what.references.push_back(
        reference_name(static_cast<std::uint32_t>(what.references.size() + 1)));
    ops.move(incoming.get(), file.name, references.get(), what.references.back());
  }
  ops.sync(references, references_folder);
  // What else was uploaded is not part of the voice.
  for (const auto& entry : ops.list(incoming, incoming_name))
    if (entry.kind != file_kind::directory)
      ops.remove_file(incoming.get(), entry.name);
    else if (entry.name != references_folder)
      remove_tree(ops, incoming.get(), entry.name);
  // This also makes the folder's own names durable.
  storage::write_durably(ops, incoming, metadata_file, make_metadata(what));
}

void voice_store::try_create(const std::string& incoming_name, const voice& what) {
  auto& ops = *options_.ops;
  const marked_change mark{*this, what.id};
  // The one step that makes a voice of it.
  ops.move(root_.get(), incoming_name, root_.get(), what.id);
  try {
    ops.sync(root_, "the voice library");
  } catch (const io_failure&) {
    // Told that it failed, the client must not find it.
    remove_quietly(what.id);
    throw;
  }
}

void voice_store::finish_undo(const std::string& id, const file_handle& folder) {
  const auto found = unfinished_.find(id);
  if (found == unfinished_.end())
    return;
  undo(*options_.ops, folder, found->second);
  unfinished_.erase(found);
}

voice voice_store::try_add(const std::string& id, const std::string& incoming_name,
                           const std::vector<upload_file>& files) {
  auto& ops = *options_.ops;
  const marked_change mark{*this, id};
  const auto folder = open_voice(id);
  finish_undo(id, folder);
  recover_folder(ops, folder); // of what another process could not take back
  addition journal;
  journal.metadata = read_metadata(ops, folder);
  auto what = parse_metadata(journal.metadata, id);
  what.seconds =
      std::accumulate(files.begin(), files.end(), what.seconds,
                      [](double sum, const upload_file& file) { return sum + file.seconds; });

  const auto incoming = ops.open_directory(root_.get(), incoming_name);
  if (!ops.exists(folder.get(), references_folder)) {
    ops.make_directory(folder.get(), references_folder);
    ops.sync(folder, references_folder);
  }
  const auto references = ops.open_directory(folder.get(), references_folder);
  // Asked of the disk, not of the index: a number that is in use there must not be given twice.
  auto present = list_references(ops, references);
  for (std::size_t i = 0; i < files.size(); ++i)
    journal.names.push_back(reference_name(++present.highest));
  try {
    write_journal(ops, folder, journal);
    for (std::size_t i = 0; i < files.size(); ++i)
      ops.move(incoming.get(), files[i].name, references.get(), journal.names[i]);
    ops.sync(references, references_folder);
    storage::write_durably(ops, folder, metadata_file,
                           with_seconds(journal.metadata, what.seconds));
    remove_journal(ops, folder);
  } catch (const io_failure&) {
    try {
      undo(ops, folder, journal);
    } catch (const io_failure&) {
      // The next addition tries again, and whoever reads the voice anew, if the journal is still
      // there.
      unfinished_[id] = journal;
    }
    throw;
  }
  what.references = std::move(present.names);
  what.references.insert(what.references.end(), journal.names.begin(), journal.names.end());
  return what;
}

std::string voice_store::try_remove(const std::string& id) {
  auto& ops = *options_.ops;
  const marked_change mark{*this, id};
  open_voice(id); // a link in its place is not ours to remove
  auto trash = new_name(trash_prefix);
  ops.move(root_.get(), id, root_.get(), trash);
  try {
    ops.sync(root_, "the voice library");
  } catch (const io_failure&) {
    try {
      ops.move(root_.get(), trash, root_.get(), id);
    } catch (const io_failure&) {
      forget(id);
    }
    throw;
  }
  forget(id);
  unfinished_.erase(id);
  return trash;
}

void voice_store::remove_quietly(const std::string& name) noexcept {
  try {
    // Half of a voice must not be left under its id.
    if (is_passing(name)) {
      remove_tree(*options_.ops, root_.get(), name);
      return;
    }
    const auto trash = new_name(trash_prefix);
    options_.ops->move(root_.get(), name, root_.get(), trash);
    remove_tree(*options_.ops, root_.get(), trash);
  } catch (const io_failure&) {
    // Somebody does it when this process is no more.
  } catch (const std::exception&) {
    // Likewise: there was no memory.
  }
}

} // namespace synapse::voices
