/// @file
/// Writes one new file from a coroutine, with bounded memory, off its I/O thread.
#pragma once

#include "http/net/blocking_pool.hpp"
#include "http/net/task.hpp"

#include <string>
#include <string_view>

namespace synapse::net {

/// One buffer is filled while the other is being written. All calls on the owning I/O thread; the
/// wake_point is notified when something has been written. May be dropped at any time: what is
/// being written is finished, and the file stays.
class file_sink final : public local_counted {
public:
  static constexpr std::size_t buffer_size = 128 * 1024;

  /// The file is made with the first write: new, mode 0600, no symbolic link is followed.
  file_sink(io_thread& io, blocking_pool& pool, std::string path, wake_ptr wake);
  ~file_sink() override;

  /// Takes as much as there is room for. @returns how much; less than all means: wait until
  /// `full()` is false.
  std::size_t append(std::string_view bytes);
  bool full() const noexcept { return filling_.size() >= buffer_size && writing_; }

  /// Writes what is left and closes. Wait until `done()`.
  void finish();
  bool done() const noexcept { return finished_ && !writing_; }
  /// Nothing is being written right now.
  bool idle() const noexcept { return !writing_; }

  /// errno of the first call that failed, else 0. Bytes that come later are dropped.
  int error() const noexcept { return error_; }
  std::uint64_t size() const noexcept { return size_; }

private:
  struct job;
  void write_buffer(bool last);
  void written(job& done);

  io_thread& io_;
  blocking_pool& pool_;
  std::string path_;
  wake_ptr wake_;
  std::string filling_;
  std::string spare_;
  std::uint64_t size_ = 0;
  int fd_ = -1;
  int error_ = 0;
  bool writing_ = false;
  bool finishing_ = false;
  bool finished_ = false;
};

} // namespace synapse::net
