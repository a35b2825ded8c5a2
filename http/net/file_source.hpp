/// @file
/// Reads one file into a coroutine, with bounded memory, off its I/O thread.
#pragma once

#include "http/net/blocking_pool.hpp"
#include "http/net/task.hpp"

#include <string>
#include <string_view>

namespace synapse::net {

/// One buffer is sent while the next is being read. All calls on the owning I/O thread; the
/// wake_point is notified when something has been read. May be dropped at any time.
class file_source final : public local_counted {
public:
  static constexpr std::size_t buffer_size = 128 * 1024;

  /// Begins to open a regular file; no symbolic link is followed.
  file_source(io_thread& io, blocking_pool& pool, std::string path, wake_ptr wake);
  ~file_source() override;

  /// The file has been opened (or has not, see `error`); its size and time of change are known.
  bool opened() const noexcept { return opened_; }
  std::uint64_t size() const noexcept { return size_; }
  /// Nanoseconds since 1970. With the size it tells one content from another.
  std::int64_t modified_ns() const noexcept { return modified_ns_; }

  /// What has been read and not been dropped. Empty and not `done`: wait.
  std::string_view bytes() const noexcept { return std::string_view{current_}.substr(begin_); }
  /// Drops bytes from the front; the next buffer takes their place once all are gone.
  void consume(std::size_t n);
  /// All of the file has been read and dropped, as many bytes as `size` said.
  bool done() const noexcept { return error_ == 0 && opened_ && left_ == 0 && bytes().empty(); }

  /// errno of the first call that failed, else 0. A file that has become shorter is EIO.
  int error() const noexcept { return error_; }

private:
  struct job;
  void read_ahead();
  void finished(job& done);
  void advance();

  io_thread& io_;
  blocking_pool& pool_;
  std::string path_;
  wake_ptr wake_;
  std::string current_; ///< being handed out
  std::string next_;    ///< read ahead
  std::size_t begin_ = 0;
  std::uint64_t size_ = 0;
  std::uint64_t left_ = 0;    ///< bytes that have not come into `current_` yet
  std::uint64_t to_read_ = 0; ///< bytes that have not been read from the disk yet
  std::int64_t modified_ns_ = 0;
  int fd_ = -1;
  int error_ = 0;
  bool opened_ = false;
  bool reading_ = false;
};

} // namespace synapse::net
