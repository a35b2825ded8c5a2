/// @file
/// What backends say of their models.
#pragma once

#include "config/catalog_settings.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace synapse::providers {

// Bounds of what is taken from a backend's answers.
inline constexpr std::size_t max_answer_bytes = 8 * 1024 * 1024;
inline constexpr std::size_t max_models = 4096;
inline constexpr std::size_t max_name_bytes = 512;
inline constexpr std::size_t max_further_names = 16; ///< of one model
inline constexpr std::size_t max_context = 1'000'000'000;

/// Whether a model is in memory.
enum class presence : std::uint8_t { unknown, loaded, loading, cold };

struct discovered_model {
  std::string name;                 ///< that its backend wants to be asked for
  std::vector<std::string> further; ///< names that mean the same
  std::string version;              ///< changes when the model behind the name does; may be empty
  std::size_t context = 0;          ///< tokens; 0: not told
  config::capability_set capabilities;
  presence memory = presence::unknown;
  bool operator==(const discovered_model&) const = default;
};

/// The answer to a question for models.
struct listing {
  std::vector<discovered_model> models; ///< each name once, in the order of the answer
  std::size_t omitted = 0; ///< entries besides: too many, named before, or without a usable name
  std::string problem;     ///< why this is no list, for people; then there are no models

  bool ok() const noexcept { return problem.empty(); }
};

/// What is in memory now.
struct load_reading {
  struct entry {
    std::string name;
    presence memory = presence::loaded;
    std::size_t context = 0;       ///< tokens that it was loaded for; 0: not told
    bool partly_offloaded = false; ///< a part of it is in main memory, where it is slow
  };
  std::vector<entry> models;
  presence others = presence::unknown; ///< those that are not named
  std::string problem;                 ///< why this is no answer, for people

  bool ok() const noexcept { return problem.empty(); }
};

/// Requests that are inside a backend.
struct queue_reading {
  bool known = false;
  std::uint32_t waiting = 0;
  std::uint32_t running = 0;
};

} // namespace synapse::providers
