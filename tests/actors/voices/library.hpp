/// @file
/// What the tests of the voice library share: uploads, and a look at the disk that does not go
/// through the library.
#pragma once

#include "actors/voices/voice_store.hpp"
#include "tests/actors/storage/faults.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace synapse::voices {

namespace fs = std::filesystem;
using storage::faulty_ops;
using storage::file_action;
using storage::file_operation;
using storage::in_child;
using storage::read_file;
using storage::tree_of;
using storage::write_file;

struct scratch : storage::scratch {
  using storage::scratch::scratch;
  fs::path library() const { return path() / "voices"; }
};

/// What is in the library's directory, apart from what processes tell each other there.
inline storage::tree library_tree(const fs::path& library) {
  auto result = tree_of(library);
  result.erase(".lock");
  return result;
}

/// Names in it, likewise.
inline std::vector<std::string> names_in(const fs::path& library) {
  std::vector<std::string> result;
  for (const auto& entry : fs::directory_iterator{library})
    if (entry.path().filename() != ".lock")
      result.push_back(entry.path().filename());
  return result;
}

/// Writes one file per text into a new upload; each lasts half a second per character.
inline std::pair<std::string, std::vector<upload_file>>
fill_upload(voice_store& store, const std::vector<std::string>& texts) {
  const auto upload = store.begin_upload();
  std::vector<upload_file> files;
  if (!upload)
    return {};
  for (std::size_t i = 0; i < texts.size(); ++i) {
    files.push_back({std::to_string(i) + ".wav", 0.5 * static_cast<double>(texts[i].size())});
    write_file(upload->directory / files.back().name, texts[i]);
  }
  return {upload->id, files};
}

inline result<voice> create(voice_store& store, const std::string& name,
                            const std::vector<std::string>& texts) {
  const auto [id, files] = fill_upload(store, texts);
  return store.create(id, name, files);
}

inline result<voice> add(voice_store& store, const std::string& id,
                         const std::vector<std::string>& texts) {
  const auto [upload, files] = fill_upload(store, texts);
  return store.add(id, upload, files);
}

/// Contents of a voice's references as they are on disk, in order of their names.
inline std::vector<std::string> contents(const fs::path& library, const std::string& id) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::directory_iterator{library / id / "references"})
    files[entry.path().filename()] = read_file(entry.path());
  std::vector<std::string> result;
  result.reserve(files.size());
  for (auto& file : files)
    result.push_back(file.second);
  return result;
}

/// What is wrong with a voice on disk, other than that it has references of just these contents; ""
/// when nothing is.
inline std::string flaw(const fs::path& library, const voice& what,
                        const std::vector<std::string>& texts) {
  std::vector<std::string> names;
  double seconds = 0;
  for (const auto& text : texts) {
    names.push_back(reference_name(static_cast<std::uint32_t>(names.size() + 1)));
    seconds += 0.5 * static_cast<double>(text.size());
  }
  if (what.references != names)
    return "lists other references than ref_001.wav to " + (names.empty() ? "none" : names.back());
  if (contents(library, what.id) != texts)
    return "references have other contents";
  for (const auto& entry : fs::directory_iterator{library / what.id})
    if (entry.path().filename() != "metadata.json" && entry.path().filename() != "references")
      return "has a leftover " + entry.path().filename().string();
  try {
    const auto stored = parse_metadata(read_file(library / what.id / "metadata.json"), what.id);
    if (stored.seconds != seconds || what.seconds != seconds)
      return "lasts " + std::to_string(stored.seconds) + " s instead of " + std::to_string(seconds);
    if (stored.name != what.name || stored.created_at != what.created_at)
      return "metadata says otherwise";
  } catch (const io_failure& problem) {
    return problem.text;
  }
  return {};
}

/// Opens a library that is expected to open, and to have nothing wrong with it.
inline voice_store open_sound(const fs::path& library, std::shared_ptr<file_ops> ops = {}) {
  auto store = voice_store::open(library, {.ops = std::move(ops)});
  if (!store) {
    ADD_FAILURE() << store.error().text;
    std::abort();
  }
  for (const auto& problem : store->problems())
    ADD_FAILURE() << problem;
  return std::move(*store);
}

} // namespace synapse::voices
