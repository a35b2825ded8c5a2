#include "telemetry/access_log_output.hpp"

#include "telemetry/broken_pipe.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace synapse::telemetry {

access_log_output::access_log_output(int fd) : fd_(fd) {
  ignore_broken_pipes();
  struct stat status {};
  if (::fstat(fd, &status) != 0 || S_ISREG(status.st_mode))
    return;
  if (S_ISSOCK(status.st_mode)) {
    method_ = method::socket;
    return;
  }
  auto path = "/proc/self/fd/" + std::to_string(fd);
  auto again = ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (again >= 0) {
    fd_ = again;
    own_fd_ = true;
  } else {
    method_ = method::polled; // not ours to open: another user's pipe
  }
}

access_log_output::~access_log_output() {
  if (own_fd_)
    ::close(fd_);
}

long access_log_output::write_some(std::string_view text) noexcept {
  for (;;) {
    long n = -1;
    if (method_ == method::socket) {
      n = ::send(fd_, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    } else if (method_ == method::plain) {
      n = ::write(fd_, text.data(), text.size());
    } else {
      pollfd ready{fd_, POLLOUT, 0};
      if (::poll(&ready, 1, 0) == 0) {
        errno = EAGAIN;
        return -1;
      }
      // A pipe that is ready takes this much without blocking.
      n = ::write(fd_, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
    }
    if (n == 0)
      errno = EAGAIN;
    if (n > 0 || errno != EINTR)
      return n > 0 ? n : -1;
  }
}

bool access_log_output::write_owed() noexcept {
  while (!owed_.empty()) {
    auto n = write_some(owed_);
    if (n < 0)
      return false;
    owed_.erase(0, static_cast<std::size_t>(n));
  }
  return true;
}

std::size_t access_log_output::write(std::string_view lines) noexcept {
  std::lock_guard lock(mutex_);
  std::size_t done = 0;
  bool failed = !write_owed();
  while (!failed && done < lines.size()) {
    auto n = write_some(lines.substr(done));
    failed = n < 0;
    done += failed ? 0 : static_cast<std::size_t>(n);
  }
  if (done == lines.size())
    return done;
  bool line_is_cut = done > 0 && lines[done - 1] != '\n';
  if (errno == EAGAIN || errno == EWOULDBLOCK) {
    if (line_is_cut) { // other threads' lines must not land in the middle of this one
      auto end = lines.find('\n', done) + 1;
      owed_.assign(lines, done, end - done);
      done = end;
    }
    return done;
  }
  // Full disk, no reader: nothing to wait for. A cut line is at least ended.
  drop(lines.substr(done));
  if (owed_.size() > 1)
    drop("\n");
  if (line_is_cut || !owed_.empty())
    owed_.assign("\n");
  return lines.size();
}

void access_log_output::drop(std::string_view lines) noexcept {
  auto count = std::count(lines.begin(), lines.end(), '\n');
  dropped_.fetch_add(static_cast<std::uint64_t>(count), std::memory_order_relaxed);
}

void access_log_output::wait(int milliseconds) const noexcept {
  pollfd ready{fd_, POLLOUT, 0};
  ::poll(&ready, 1, milliseconds);
}

} // namespace synapse::telemetry
