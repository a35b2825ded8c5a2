#include "bench/upload_load.hpp"

#include "bench/audio_frames.hpp"
#include "bench/http_scan.hpp"
#include "bench/response_reader.hpp"
#include "bench/sockets.hpp"

#include <algorithm>
#include <cerrno>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace synapse::bench {

namespace {

constexpr std::size_t block_bytes = 256 * 1024; // at most so much per call, so that all get a turn
constexpr std::string_view boundary = "----bench-boundary-8f2c51d09e";

class upload_runner {
public:
  explicit upload_runner(const upload_plan& plan)
      : plan_(plan), samples_(noise(block_bytes)),
        warmup_(plan.target, plan.path, plan.warmup_bytes, samples_),
        timed_(plan.target, plan.path, plan.file_bytes, samples_),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)), slots_(plan.uploads), buffer_(64 * 1024),
        limit_(now_ns() + static_cast<std::uint64_t>(plan.limit.count())) {}

  ~upload_runner() {
    for (const slot& s : slots_)
      if (s.fd >= 0)
        ::close(s.fd);
    ::close(epoll_);
  }

  upload_result run(const std::function<void()>& on_window) {
    send_all(warmup_);
    on_window();
    result_.complete = 0;
    result_.file_bytes = 0;
    result_.taken.clear();
    const std::uint64_t begin = now_ns();
    send_all(timed_);
    result_.parallel = plan_.uploads;
    result_.seconds = static_cast<double>(now_ns() - begin) / 1e9;
    return result_;
  }

private:
  struct slot {
    int fd = -1;
    std::uint64_t begun_at = 0;
    std::uint64_t sent = 0;
    bool busy = false;
    std::string answer;
    response_reader reader;
  };

  /// One form on every connection.
  void send_all(const prepared_upload& form) {
    form_ = &form;
    busy_ = 0;
    for (std::size_t i = 0; i < slots_.size(); ++i)
      begin(i);
    std::vector<epoll_event> events(256);
    while (busy_ > 0) {
      if (now_ns() >= limit_)
        return stop_all();
      const int count = wait_until(epoll_, events.data(), static_cast<int>(events.size()), limit_,
                                   std::chrono::milliseconds{100});
      for (int i = 0; i < count; ++i) {
        slot& s = slots_[events[static_cast<std::size_t>(i)].data.u64];
        if (events[static_cast<std::size_t>(i)].events & ~static_cast<std::uint32_t>(EPOLLOUT))
          readable(s);
        else
          write_on(s);
      }
    }
  }

  void begin(std::size_t index) {
    slot& s = slots_[index];
    const bool fresh = s.fd < 0;
    if (fresh)
      s.fd = connect_to(plan_.address);
    if (s.fd < 0) {
      ++result_.failed.connection;
      return;
    }
    s.begun_at = now_ns();
    s.sent = 0;
    s.busy = true;
    s.answer.clear();
    s.reader.reset();
    ++busy_;
    watch(s, fresh ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
  }

  void watch(slot& s, int operation, std::uint32_t what) {
    epoll_event event{};
    event.events = what;
    event.data.u64 = static_cast<std::uint64_t>(&s - slots_.data());
    ::epoll_ctl(epoll_, operation, s.fd, &event);
  }

  void stop_all() {
    for (slot& s : slots_)
      if (s.busy)
        fail(s, result_.failed.stalled);
  }

  void fail(slot& s, std::uint64_t& cause) {
    ++cause;
    ::close(s.fd);
    s.fd = -1;
    if (s.busy)
      --busy_;
    s.busy = false;
  }

  void write_on(slot& s) {
    if (s.fd < 0)
      return;
    const std::string_view piece = form_->at(s.sent);
    const ssize_t wrote = ::send(s.fd, piece.data(), piece.size(), MSG_NOSIGNAL);
    if (wrote < 0 && (errno == EAGAIN || errno == EINTR))
      return;
    if (wrote < 0)
      return fail(s, result_.failed.connection);
    s.sent += static_cast<std::uint64_t>(wrote);
    if (s.sent == form_->size())
      watch(s, EPOLL_CTL_MOD, EPOLLIN);
  }

  void readable(slot& s) {
    if (s.fd < 0)
      return;
    const ssize_t got = ::recv(s.fd, buffer_.data(), buffer_.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
      return;
    if (got <= 0) {
      const bool complete =
          got == 0 && s.busy && s.reader.end_of_input() == response_reader::progress::complete;
      return complete ? finish(s) : fail(s, result_.failed.connection);
    }
    const auto progress = s.reader.feed({buffer_.data(), static_cast<std::size_t>(got)}, &s.answer);
    if (!s.busy || progress == response_reader::progress::malformed)
      return fail(s, result_.failed.malformed);
    if (progress == response_reader::progress::complete)
      finish(s);
  }

  void finish(slot& s) {
    ++result_.answered;
    const bool sent_all = s.sent == form_->size();
    if (s.reader.status() != 200) {
      ++result_.failed.status;
    } else if (!sent_all || json_number(s.answer, "bytes") != form_->file_bytes()) {
      ++result_.failed.length;
    } else {
      ++result_.complete;
      result_.file_bytes += form_->file_bytes();
      result_.taken.record(now_ns() - s.begun_at);
    }
    s.busy = false;
    --busy_;
    if (s.reader.closes() || !sent_all) {
      ::close(s.fd);
      s.fd = -1;
    }
  }

  const upload_plan& plan_;
  std::string samples_;
  prepared_upload warmup_;
  prepared_upload timed_;
  const prepared_upload* form_ = nullptr;
  int epoll_;
  std::vector<slot> slots_;
  std::vector<char> buffer_;
  std::uint64_t limit_;
  unsigned busy_ = 0;
  upload_result result_;
};

} // namespace

prepared_upload::prepared_upload(std::string_view target, std::string_view path,
                                 std::uint64_t file_bytes, std::string_view samples)
    : samples_(samples), file_bytes_(std::max<std::uint64_t>(file_bytes, wav_head_bytes)),
      sample_bytes_(file_bytes_ - wav_head_bytes) {
  std::string part = "--";
  part += boundary;
  part += "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"bench.wav\"\r\n"
          "Content-Type: audio/wav\r\n\r\n";
  part += wav_head(static_cast<std::uint32_t>(sample_bytes_));
  back_ = "\r\n--";
  back_ += boundary;
  back_ += "--\r\n";
  front_ = "POST ";
  front_ += path;
  front_ += " HTTP/1.1\r\nHost: ";
  front_ += target;
  front_ += "\r\nAccept: */*\r\nContent-Type: multipart/form-data; boundary=";
  front_ += boundary;
  front_ += "\r\nContent-Length: " + std::to_string(part.size() + sample_bytes_ + back_.size()) +
            "\r\n\r\n" + part;
}

std::string_view prepared_upload::at(std::uint64_t offset) const {
  if (offset < front_.size())
    return std::string_view{front_}.substr(offset);
  offset -= front_.size();
  if (offset < sample_bytes_) {
    const std::string_view rest = samples_.substr(offset % samples_.size());
    return rest.substr(0, sample_bytes_ - offset);
  }
  return std::string_view{back_}.substr(
      std::min<std::uint64_t>(offset - sample_bytes_, back_.size()));
}

std::string noise(std::size_t bytes) {
  std::string result(bytes, '\0');
  std::uint64_t state = 0x9e3779b97f4a7c15; // any number but 0
  for (char& one : result) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    one = static_cast<char>(state >> 32);
  }
  return result;
}

upload_result run_uploads(const upload_plan& plan, const std::function<void()>& on_window) {
  return upload_runner{plan}.run(on_window);
}

} // namespace synapse::bench
