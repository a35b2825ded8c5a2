#include "actors/voices/voice_folder.hpp"

#include "actors/storage/durable_file.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace synapse::voices {

namespace {

const std::string journal_file = ".adding.json";
const std::string legacy_file = "reference.wav";

constexpr std::size_t max_metadata = 1024 * 1024;

bool is_temporary(const std::string& name) {
  return name == storage::temporary_for(metadata_file) ||
         name == storage::temporary_for(journal_file);
}

const storage::directory_entry* find_entry(const std::vector<storage::directory_entry>& entries,
                                           const std::string& name) {
  const auto found =
      std::find_if(entries.begin(), entries.end(),
                   [&](const storage::directory_entry& entry) { return entry.name == name; });
  return found == entries.end() ? nullptr : &*found;
}

addition read_journal(file_ops& ops, const file_handle& folder) {
  const auto file = ops.open_file(folder.get(), journal_file);
  // It holds the metadata as a string, in which a character may take six.
  const auto text = ops.read(file, journal_file, 8 * max_metadata);
  const auto document = nlohmann::json::parse(text, nullptr, false);
  const io_failure damaged{EBADMSG, journal_file + " is damaged"};
  if (!document.is_object() || !document.contains("added") || !document["added"].is_array() ||
      !document.contains("metadata") || !document["metadata"].is_string())
    throw damaged;
  addition result;
  result.metadata = document["metadata"].get<std::string>();
  for (const auto& name : document["added"]) {
    // What stands here is going to be removed: nothing but references.
    if (!name.is_string() || !reference_number(name.get_ref<const std::string&>()))
      throw damaged;
    result.names.push_back(name.get<std::string>());
  }
  return result;
}

/// An old library has one `reference.wav` beside its metadata.
void migrate(file_ops& ops, const file_handle& folder,
             const std::vector<storage::directory_entry>& entries) {
  const auto* old = find_entry(entries, legacy_file);
  if (old == nullptr || old->kind != file_kind::file)
    return;
  // With an empty folder an earlier attempt was cut off, or the folder is of no use anyway.
  if (!find_entry(entries, references_folder)) {
    ops.make_directory(folder.get(), references_folder);
    ops.sync(folder, references_folder);
  }
  const auto references = ops.open_directory(folder.get(), references_folder);
  if (list_references(ops, references).highest != 0)
    return;
  ops.sync(ops.open_file(folder.get(), legacy_file), legacy_file);
  ops.move(folder.get(), legacy_file, references.get(), reference_name(1));
  // The new name first: a crash in between may leave two names, never none.
  ops.sync(references, references_folder);
  ops.sync(folder, legacy_file);
}

} // namespace

void remove_tree(file_ops& ops, int at, const std::string& name, int depth) {
  {
    const auto folder = ops.open_directory(at, name);
    for (const auto& entry : ops.list(folder, name))
      if (entry.kind == file_kind::directory && depth > 0)
        remove_tree(ops, folder.get(), entry.name, depth - 1);
      else
        ops.remove_file(folder.get(), entry.name);
  }
  ops.remove_directory(at, name);
}

std::string read_metadata(file_ops& ops, const file_handle& folder) {
  return ops.read(ops.open_file(folder.get(), metadata_file), metadata_file, max_metadata);
}

reference_list list_references(file_ops& ops, const file_handle& references) {
  std::vector<std::pair<std::uint32_t, std::string>> files;
  reference_list result;
  for (auto& entry : ops.list(references, references_folder)) {
    const auto number = reference_number(entry.name);
    if (!number)
      continue;
    result.highest = std::max(result.highest, *number);
    if (entry.kind == file_kind::file)
      files.emplace_back(*number, std::move(entry.name));
  }
  std::sort(files.begin(), files.end());
  for (auto& file : files)
    result.names.push_back(std::move(file.second));
  return result;
}

void recover_folder(file_ops& ops, const file_handle& folder) {
  const auto entries = ops.list(folder, "the voice's folder");
  for (const auto& entry : entries)
    if (is_temporary(entry.name))
      ops.remove_file(folder.get(), entry.name);
  if (find_entry(entries, journal_file))
    undo(ops, folder, read_journal(ops, folder));
  migrate(ops, folder, entries);
}

voice read_voice(file_ops& ops, const file_handle& folder, const std::string& id) {
  // On a disk that refuses it may be impossible to take an addition back, but not to leave it out.
  addition journal;
  if (ops.exists(folder.get(), journal_file))
    journal = read_journal(ops, folder);
  auto result =
      parse_metadata(journal.names.empty() ? read_metadata(ops, folder) : journal.metadata, id);
  if (!ops.exists(folder.get(), references_folder))
    return result;
  result.references =
      list_references(ops, ops.open_directory(folder.get(), references_folder)).names;
  std::erase_if(result.references, [&](const std::string& name) {
    return std::find(journal.names.begin(), journal.names.end(), name) != journal.names.end();
  });
  return result;
}

void write_journal(file_ops& ops, const file_handle& folder, const addition& what) {
  const nlohmann::json document{{"added", what.names}, {"metadata", what.metadata}};
  storage::write_durably(ops, folder, journal_file,
                         document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

void remove_journal(file_ops& ops, const file_handle& folder) {
  ops.remove_file(folder.get(), journal_file);
  ops.sync(folder, journal_file);
}

void undo(file_ops& ops, const file_handle& folder, const addition& what) {
  if (!ops.exists(folder.get(), journal_file))
    write_journal(ops, folder, what);
  if (ops.exists(folder.get(), references_folder)) {
    const auto references = ops.open_directory(folder.get(), references_folder);
    for (const auto& name : what.names)
      if (ops.exists(references.get(), name))
        ops.remove_file(references.get(), name);
    ops.sync(references, references_folder);
  }
  if (read_metadata(ops, folder) != what.metadata)
    storage::write_durably(ops, folder, metadata_file, what.metadata);
  remove_journal(ops, folder);
}

} // namespace synapse::voices
