#include "http/net/file_sink.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <memory>
#include <unistd.h>

namespace synapse::net {

namespace {
/// @returns errno, 0 when all was written.
int write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return n < 0 ? errno : EIO;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return 0;
}
} // namespace

/// What the pool's thread works on. It touches nothing of the sink.
struct file_sink::job {
  std::string path;
  std::string bytes;
  int fd = -1;
  int error = 0;
  bool last = false;

  void run() {
    if (fd < 0 && error == 0) {
      fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
      if (fd < 0)
        error = errno;
    }
    if (error == 0)
      error = write_all(fd, bytes);
    if (last && fd >= 0 && ::close(std::exchange(fd, -1)) != 0 && error == 0)
      error = errno;
  }
};

file_sink::file_sink(io_thread& io, blocking_pool& pool, std::string path, wake_ptr wake)
    : io_(io), pool_(pool), path_(std::move(path)), wake_(std::move(wake)) {}

file_sink::~file_sink() {
  // Not finished: somebody gave up. Nothing is being written, or the job would hold a reference.
  if (fd_ >= 0)
    ::close(fd_);
}

std::size_t file_sink::append(std::string_view bytes) {
  if (error_ != 0) {
    size_ += bytes.size();
    return bytes.size();
  }
  const auto room = buffer_size - std::min(buffer_size, filling_.size());
  const auto taken = std::min(room, bytes.size());
  if (filling_.capacity() < buffer_size && filling_.size() + taken > filling_.capacity())
    filling_.reserve(buffer_size);
  filling_.append(bytes.substr(0, taken));
  size_ += taken;
  if (filling_.size() >= buffer_size && !writing_)
    write_buffer(false);
  return taken;
}

void file_sink::finish() {
  if (finishing_)
    return;
  finishing_ = true;
  if (!writing_)
    write_buffer(true);
}

void file_sink::write_buffer(bool last) {
  writing_ = true;
  auto work = std::make_shared<job>();
  work->path = path_;
  work->fd = fd_;
  work->error = error_;
  work->last = last;
  work->bytes.swap(filling_);
  filling_.swap(spare_);
  filling_.clear();
  pool_.run(
      io_, [work] { work->run(); },
      [work, keep = local_ptr<file_sink>{this}] { keep->written(*work); });
}

void file_sink::written(job& done) {
  writing_ = false;
  fd_ = done.fd;
  if (error_ == 0)
    error_ = done.error;
  spare_.swap(done.bytes);
  spare_.clear();
  if (done.last)
    finished_ = true;
  else if (finishing_)
    write_buffer(true);
  else if (filling_.size() >= buffer_size)
    write_buffer(false);
  if (wake_) {
    auto wake = wake_;
    wake->notify();
  }
}

} // namespace synapse::net
