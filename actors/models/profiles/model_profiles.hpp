/// @file
/// The stored model profiles as an actor: whoever asks does not wait for the disk on its own
/// thread.
#pragma once

#include "actors/protocol/actor_interfaces.hpp"

#include <caf/actor_system.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace synapse::storage {
class file_ops;
}

namespace synapse::actors {

enum class model_profiles_thread : std::uint8_t {
  own,    ///< detached: the disk holds nobody else up
  shared, ///< CAF's scheduler; for tests that run actors themselves
};

struct model_profiles_parts {
  std::filesystem::path file; ///< made, with its folder, when the first profile is stored
  /// Something happened that people should know: a damaged file, one that cannot be read. Called on
  /// the actor's thread.
  std::function<void(const std::string& text)> report = [](const std::string&) {};
  std::shared_ptr<storage::file_ops> ops; ///< null: those of the system
  std::function<std::chrono::system_clock::time_point()> now = &std::chrono::system_clock::now;
  /// How often it is looked whether another process has changed the file: that late listeners may
  /// be told. Whoever asks gets the answer of now.
  std::chrono::milliseconds look_interval{1'000};
  model_profiles_thread thread = model_profiles_thread::own;
};

/// Spawns the profiles. The file is read at the start; if that fails, questions are answered with
/// the error storage_failed, and each tries again. Listeners are told of no profiles meanwhile, and
/// of the right ones as soon as they are known. Listeners that end are forgotten.
model_profiles_actor spawn_model_profiles(caf::actor_system& system, model_profiles_parts parts);

} // namespace synapse::actors
