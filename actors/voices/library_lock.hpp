/// @file
/// What the processes that share a library tell each other, in the file `.lock`: who changes it
/// now, what has been changed, and who lives. Nothing in it is synced: when a machine fails, its
/// processes start anew and read everything. Those on other machines may learn of its last change
/// then, or when they start anew themselves.
#pragma once

#include "actors/storage/lock.hpp"
#include "actors/voices/voice_folder.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::voices {

/// The contents of the file. In the machine's own byte order: another one's are as good as none.
struct library_notes {
  struct change {
    std::uint64_t generation = 0; ///< that came of it
    std::array<char, 40> voice{}; ///< id, zero-terminated
  };
  static constexpr std::uint64_t right_form = 0x3130584f564e5953; // "SYNVOX01"

  std::uint64_t form = 0;
  std::uint64_t generation = 0;           ///< odd while something is being changed
  std::array<std::uint64_t, 32> owners{}; ///< who may have uploads; 0: a free place
  std::array<change, 64> changes{};       ///< the last ones; that of a generation has its place

  bool is_valid() const noexcept { return form == right_form; }
  change& change_to(std::uint64_t generation_then) noexcept {
    return changes[generation_then / 2 % changes.size()];
  }
};

/// Of a generation: it is not finished, or its process died over it.
constexpr bool is_under_way(std::uint64_t generation) noexcept {
  return generation % 2 != 0;
}

class library_lock {
public:
  enum class access : std::uint8_t {
    full,
    reading, ///< the file cannot be written: whoever may not do that may change nothing
    alone,   ///< the file system has no locks: others are neither seen nor heeded
  };

  library_lock() = default;
  library_lock(std::shared_ptr<file_ops> ops, std::chrono::milliseconds patience)
      : ops_(std::move(ops)), patience_(patience) {}

  access how() const noexcept { return access_; }
  /// Why it is not `full`.
  const io_failure& reason() const noexcept { return reason_; }

  /// One look into the file. @returns 0 when there is none, or nothing in it.
  std::uint64_t generation(const file_handle& root);

  /// Keeps others from changing the library. Throws io_failure: EWOULDBLOCK when somebody else
  /// does so for too long, and when it is to be changed and may not be.
  storage::held_lock hold(const file_handle& root, bool to_change);
  /// Likewise, to read. @returns nothing when somebody else has it just now.
  std::optional<storage::held_lock> try_hold();

  /// The members below are for who holds the lock.
  library_notes read();
  /// Does nothing where the file cannot be written.
  void write(const library_notes& notes);
  /// Says that this voice is about to be changed.
  void begin_change(std::uint64_t generation, std::string_view voice);
  /// @returns whether it could be said that the change is over, and this the generation.
  bool end_change(std::uint64_t generation) noexcept;

  /// As long as this object lives, its uploads are nobody's leftovers.
  /// @returns false when another process has that number.
  bool enrol(std::uint64_t owner);
  bool enrolled() const noexcept { return enrolled_ || access_ == access::alone; }
  /// Of another one's number.
  bool is_alive(std::uint64_t owner);

private:
  void open(const file_handle& root);
  bool is_open() const noexcept { return file_.get() >= 0; }
  storage::lock_place place() const noexcept;

  std::shared_ptr<file_ops> ops_;
  std::chrono::milliseconds patience_{};
  file_handle file_;
  access access_ = access::reading;
  io_failure reason_;
  bool works_ = false; ///< a lock was taken once
  bool enrolled_ = false;
};

} // namespace synapse::voices
