#include "actors/voices/library_lock.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <type_traits>

namespace synapse::voices {

namespace {

const std::string lock_name = ".lock";
constexpr std::string_view library = "the voice library";

/// Where in the file who changes something has a lock, and who lives.
constexpr std::uint64_t change_byte = 0;
constexpr std::uint64_t byte_of(std::uint64_t owner) {
  return (std::uint64_t{1} << 32U) + owner;
}

static_assert(std::is_trivially_copyable_v<library_notes>);
static_assert(std::has_unique_object_representations_v<library_notes>, "no padding is written");

template <class T>
std::string_view bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value}; // NOLINT(*-reinterpret-cast)
}

} // namespace

storage::lock_place library_lock::place() const noexcept {
  return {file_, lock_name, change_byte,
          access_ == access::full ? storage::lock_kind::exclusive : storage::lock_kind::shared};
}

void library_lock::open(const file_handle& root) {
  file_ = file_handle{};
  enrolled_ = false;
  try {
    file_ = ops_->open_shared(root.get(), lock_name);
    access_ = access::full;
    return;
  } catch (const io_failure& problem) {
    reason_ = problem;
  }
  access_ = access::reading;
  try {
    file_ = ops_->open_file(root.get(), lock_name);
  } catch (const io_failure&) {
    // There is none, or it is not for us: what is in the library may be read all the same.
  }
}

std::uint64_t library_lock::generation(const file_handle& root) {
  if (!is_open() || !file_ops::has_name(file_))
    open(root);
  if (!is_open())
    return 0;
  std::uint64_t result = 0;
  const auto text =
      ops_->read_at(file_, lock_name, offsetof(library_notes, generation), sizeof result);
  if (text.size() == sizeof result)
    std::memcpy(&result, text.data(), sizeof result);
  return result;
}

storage::held_lock library_lock::hold(const file_handle& root, bool to_change) {
  if (access_ == access::alone)
    return {};
  // What could not be written once may be by now.
  if (!is_open() || (to_change && access_ != access::full))
    open(root);
  for (;;) {
    if (to_change && access_ != access::full)
      throw reason_;
    if (!is_open())
      return {};
    try {
      auto held = storage::lock_within(*ops_, place(), library, patience_);
      works_ = true;
      // A lock on a file that somebody has removed is a lock for nobody else.
      if (file_ops::has_name(file_))
        return held;
    } catch (const io_failure& problem) {
      if (works_ || !storage::means_no_locks(problem.code))
        throw;
      access_ = access::alone;
      reason_ = problem;
      return {};
    }
    open(root);
  }
}

std::optional<storage::held_lock> library_lock::try_hold() {
  if (!is_open())
    return storage::held_lock{};
  const auto where = place();
  if (!ops_->try_lock(file_, lock_name, where.byte, where.kind))
    return std::nullopt;
  return storage::held_lock{where};
}

library_notes library_lock::read() {
  library_notes notes;
  if (!is_open())
    return notes;
  const auto text = ops_->read_at(file_, lock_name, 0, sizeof notes);
  if (text.size() == sizeof notes)
    std::memcpy(&notes, text.data(), sizeof notes);
  return notes.is_valid() ? notes : library_notes{};
}

void library_lock::write(const library_notes& notes) {
  if (access_ == access::full)
    ops_->write_note(file_, lock_name, 0, bytes_of(notes));
}

void library_lock::begin_change(std::uint64_t generation, std::string_view voice) {
  if (access_ != access::full)
    return;
  library_notes::change what;
  what.generation = generation + 2;
  std::copy_n(voice.begin(), std::min(voice.size(), what.voice.size() - 1), what.voice.begin());
  const auto slot = what.generation / 2 % std::tuple_size_v<decltype(library_notes::changes)>;
  ops_->write_note(file_, lock_name, offsetof(library_notes, changes) + slot * sizeof what,
                   bytes_of(what));
  ops_->write_note(file_, lock_name, offsetof(library_notes, generation), bytes_of(generation + 1));
}

bool library_lock::end_change(std::uint64_t generation) noexcept {
  if (access_ != access::full)
    return access_ == access::alone;
  try {
    ops_->write_note(file_, lock_name, offsetof(library_notes, generation), bytes_of(generation));
    return true;
  } catch (const io_failure&) {
    return false;
  } catch (const std::exception&) {
    return false; // no memory for the failure
  }
}

bool library_lock::enrol(std::uint64_t owner) {
  if (access_ == access::full && !enrolled_)
    enrolled_ = ops_->try_lock(file_, lock_name, byte_of(owner), storage::lock_kind::exclusive);
  return enrolled();
}

bool library_lock::is_alive(std::uint64_t owner) {
  return is_open() && access_ != access::alone && ops_->is_locked(file_, lock_name, byte_of(owner));
}

} // namespace synapse::voices
