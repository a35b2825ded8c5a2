/// @file
/// Waiting for a lock that processes share, for a limited time.
#pragma once

#include "actors/storage/file_ops.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace synapse::storage {

/// How long a change by another process is waited for. Changes take milliseconds; less than what a
/// client's lookup may take.
inline constexpr std::chrono::milliseconds lock_patience{3'000};

/// What is locked, and where.
struct lock_place {
  const file_handle& file;
  const std::string& name; ///< of the file
  std::uint64_t byte = 0;
  lock_kind kind = lock_kind::exclusive;
};

/// Gives a lock back.
class held_lock {
public:
  held_lock() = default; ///< holds nothing
  explicit held_lock(const lock_place& place) noexcept : file_(&place.file), byte_(place.byte) {}
  held_lock(held_lock&& other) noexcept
      : file_(std::exchange(other.file_, nullptr)), byte_(other.byte_) {}
  held_lock& operator=(held_lock&& other) noexcept {
    std::swap(file_, other.file_);
    std::swap(byte_, other.byte_);
    return *this;
  }
  ~held_lock() {
    if (file_ != nullptr)
      file_ops::unlock(*file_, byte_);
  }

private:
  const file_handle* file_ = nullptr; ///< outlives this
  std::uint64_t byte_ = 0;
};

/// Takes the lock as soon as nobody else has it; it is given back with the file's handle. Blocks
/// the thread.
/// @param what stands in the error's text, e.g. "the voice library". Throws io_failure; EWOULDBLOCK
/// when the patience is over.
void wait_for_lock(file_ops& ops, const lock_place& place, std::string_view what,
                   std::chrono::milliseconds patience);

/// Likewise, and gives it back before.
held_lock lock_within(file_ops& ops, const lock_place& place, std::string_view what,
                      std::chrono::milliseconds patience);

/// Whether the errno of a failed lock means that there are no locks here at all.
bool means_no_locks(int code) noexcept;

} // namespace synapse::storage
