#include "http/net/file_source.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace synapse::net {

namespace {
/// Fills `bytes`. @returns errno, 0 when it is full.
int read_all(int fd, std::string& bytes) {
  std::size_t have = 0;
  while (have < bytes.size()) {
    const auto n = ::read(fd, bytes.data() + have, bytes.size() - have);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return n < 0 ? errno : EIO;
    have += static_cast<std::size_t>(n);
  }
  return 0;
}
} // namespace

/// What the pool's thread works on. It touches nothing of the source.
struct file_source::job {
  std::string path;
  std::string bytes;
  std::uint64_t wanted = 0;
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;
  int fd = -1;
  int error = 0;

  void run() {
    if (fd < 0)
      open();
    if (error != 0)
      return;
    bytes.resize(static_cast<std::size_t>(std::min<std::uint64_t>(wanted, buffer_size)));
    error = read_all(fd, bytes);
  }

  void open() {
    // Non-blocking: a FIFO put in the file's place must not hold this thread.
    fd = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    struct stat about {};
    if (fd < 0 || ::fstat(fd, &about) != 0) {
      error = errno;
      return;
    }
    if (!S_ISREG(about.st_mode)) {
      error = EINVAL;
      return;
    }
    size = wanted = static_cast<std::uint64_t>(about.st_size);
    modified_ns = about.st_mtim.tv_sec * 1'000'000'000 + about.st_mtim.tv_nsec;
  }
};

file_source::file_source(io_thread& io, blocking_pool& pool, std::string path, wake_ptr wake)
    : io_(io), pool_(pool), path_(std::move(path)), wake_(std::move(wake)) {
  // The first reference is the caller's, who has none yet: read_ahead takes one only to give it
  // back later than this constructor's end.
  read_ahead();
}

file_source::~file_source() {
  // A job that is under way holds a reference: none is.
  if (fd_ >= 0)
    ::close(fd_);
}

void file_source::read_ahead() {
  reading_ = true;
  auto work = std::make_shared<job>();
  work->path = path_;
  work->fd = fd_;
  work->wanted = to_read_;
  work->bytes.swap(next_);
  pool_.run(
      io_, [work] { work->run(); },
      [work, keep = local_ptr<file_source>{this}] { keep->finished(*work); });
}

void file_source::finished(job& done) {
  reading_ = false;
  fd_ = done.fd;
  error_ = done.error;
  if (!opened_) {
    opened_ = true;
    size_ = left_ = to_read_ = done.size;
    modified_ns_ = done.modified_ns;
  }
  if (error_ == 0) {
    to_read_ -= done.bytes.size();
    next_.swap(done.bytes);
    advance();
  }
  if (wake_) {
    auto wake = wake_;
    wake->notify();
  }
}

/// Hands out what was read ahead, and reads on.
void file_source::advance() {
  if (!bytes().empty() || reading_ || error_ != 0)
    return;
  current_.swap(next_);
  next_.clear();
  begin_ = 0;
  left_ -= current_.size();
  if (to_read_ > 0)
    read_ahead();
}

void file_source::consume(std::size_t n) {
  begin_ += std::min(n, current_.size() - begin_);
  advance();
}

} // namespace synapse::net
