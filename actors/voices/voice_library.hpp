/// @file
/// The voice library as an actor: whoever asks does not wait for the disk on its own thread.
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

enum class voice_library_thread : std::uint8_t {
  own,    ///< detached: the disk holds nobody else up
  shared, ///< CAF's scheduler; for tests that run actors themselves
};

struct voice_library_parts {
  std::filesystem::path directory; ///< made if it is missing
  /// Something happened that people should know: a damaged voice, a library that cannot be opened.
  /// Called on the actor's thread.
  std::function<void(const std::string& text)> report = [](const std::string&) {};
  std::shared_ptr<storage::file_ops> ops; ///< null: those of the system
  /// How long a change that another process makes is waited for; then the error is storage_failed.
  /// Less than what a lookup may take.
  std::chrono::milliseconds patience{3'000};
  voice_library_thread thread = voice_library_thread::own;
};

/// Spawns the library. It opens the directory when it starts; if that fails, it answers with the
/// error storage_failed and tries again with the next question. Other processes may use the same
/// directory: each question is answered as they have left it. Ending, it lets go of the directory,
/// and forgets the uploads that are open: the next who changes something removes them.
voice_library_actor spawn_voice_library(caf::actor_system& system, voice_library_parts parts);

} // namespace synapse::actors
