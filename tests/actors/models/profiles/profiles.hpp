/// @file
/// What the tests of stored profiles share.
#pragma once

#include "actors/models/profiles/profile_store.hpp"
#include "tests/actors/storage/faults.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace synapse::models {

namespace fs = std::filesystem;
using actors::profile_values;
using storage::read_file;
using storage::scratch;
using storage::write_file;
using texts = std::vector<std::string>;

/// 2026-02-03T04:05:06.789Z, for ever.
inline std::chrono::system_clock::time_point standing_clock() {
  return std::chrono::system_clock::time_point{std::chrono::milliseconds{1'770'091'506'789}};
}

inline profile_store make_store(const fs::path& file,
                                std::shared_ptr<storage::file_ops> ops = nullptr) {
  return profile_store{file, {.ops = std::move(ops), .now = &standing_clock}};
}

inline put_profile put(const std::string& model, profile_values set, texts unset = {},
                       bool replace = false) {
  put_profile change;
  change.model = model;
  change.set = std::move(set);
  change.unset = std::move(unset);
  change.replace = replace;
  return change;
}

/// @returns the values a file holds for a model, read by nobody's memory.
inline profile_values stored(const fs::path& file, const std::string& model) {
  auto store = make_store(file);
  EXPECT_EQ(store.load(), std::nullopt);
  EXPECT_EQ(store.take_problems(), texts{});
  const auto all = store.all();
  const auto found = all->find(model);
  return found == all->end() ? profile_values{} : found->second.values;
}

/// Names in a folder, sorted, apart from that of the lock.
inline texts names_in(const fs::path& folder) {
  texts result;
  for (const auto& entry : fs::directory_iterator{folder})
    if (entry.path().filename() != ".profiles.json.lock")
      result.push_back(entry.path().filename());
  std::sort(result.begin(), result.end());
  return result;
}

} // namespace synapse::models
