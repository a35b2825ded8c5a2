#include "bench/stream_load.hpp"

#include "bench/audio_frames.hpp"
#include "bench/response_reader.hpp"
#include "bench/sockets.hpp"
#include "bench/sse_scan.hpp"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace synapse::bench {

namespace {

constexpr std::uint64_t never = ~std::uint64_t{0};

class stream_runner {
public:
  explicit stream_runner(const stream_plan& plan)
      : plan_(plan), epoll_(::epoll_create1(EPOLL_CLOEXEC)), slots_(plan.streams),
        buffer_(256 * 1024), limit_(now_ns() + static_cast<std::uint64_t>(plan.limit.count())) {}

  ~stream_runner() {
    for (const slot& s : slots_)
      if (s.fd >= 0)
        ::close(s.fd);
    ::close(epoll_);
  }

  stream_result run(const std::function<void()>& on_window) {
    for (std::size_t i = 0; i < slots_.size(); ++i)
      open(i);
    turn();
    on_window();
    timed_ = true;
    const std::uint64_t begin = now_ns();
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i].fd < 0)
        continue;
      // Golden-ratio steps: evenly spread phases for any number of streams and any interval.
      const double share = std::fmod(static_cast<double>(i) * 0.6180339887498949, 1.0);
      slots_[i].start_at =
          begin + static_cast<std::uint64_t>(share * static_cast<double>(plan_.ramp.count()));
      slots_[i].left = plan_.repeat;
    }
    turn();
    result_.parallel = plan_.streams;
    result_.seconds = static_cast<double>(now_ns() - begin) / 1e9;
    return result_;
  }

private:
  struct slot {
    int fd = -1;
    std::uint64_t start_at = never; ///< when to send the next request
    std::uint64_t sent_at = 0;
    unsigned left = 0; ///< streams still to be started
    bool waiting = false;
    bool first_seen = false;
    bool done_seen = false;
    std::uint64_t events = 0;
    response_reader reader;
    event_scanner scanner;
    frame_scanner frames;
  };

  void open(std::size_t index) {
    slot& s = slots_[index];
    s.fd = connect_to(plan_.address);
    if (s.fd < 0) {
      ++result_.failed.connection;
      return;
    }
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = index;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, s.fd, &event);
    s.left = 1;
    s.start_at = 0;
  }

  /// Runs until no stream is under way or planned.
  void turn() {
    std::vector<epoll_event> events(256);
    for (;;) {
      std::uint64_t next = never;
      bool busy = false;
      const std::uint64_t now = now_ns();
      for (slot& s : slots_) {
        if (s.fd >= 0 && s.left > 0 && !s.waiting && s.start_at <= now)
          send_request(s);
        if (s.fd >= 0 && s.left > 0 && !s.waiting)
          next = std::min(next, s.start_at);
        busy = busy || s.waiting;
      }
      if (!busy && next == never)
        return;
      if (now >= limit_)
        return stop_all();
      const int count = wait_until(epoll_, events.data(), static_cast<int>(events.size()), next,
                                   std::chrono::milliseconds{100});
      for (int i = 0; i < count; ++i)
        readable(slots_[events[static_cast<std::size_t>(i)].data.u64]);
    }
  }

  void stop_all() {
    for (slot& s : slots_)
      if (s.fd >= 0 && (s.waiting || s.left > 0))
        fail(s, result_.failed.stalled);
  }

  void fail(slot& s, std::uint64_t& cause) {
    // Streams that could not be started any more count as broken too.
    cause += std::max(1U, s.left + (s.waiting ? 1U : 0U));
    ::close(s.fd);
    s.fd = -1;
    s.left = 0;
    s.waiting = false;
  }

  void send_request(slot& s) {
    const std::string& request = timed_ ? plan_.request : plan_.warmup_request;
    --s.left;
    s.waiting = true;
    s.first_seen = false;
    s.done_seen = false;
    s.events = 0;
    s.reader.reset();
    s.scanner.reset();
    s.frames.reset();
    s.sent_at = now_ns();
    const ssize_t wrote = ::send(s.fd, request.data(), request.size(), MSG_NOSIGNAL);
    if (wrote != static_cast<ssize_t>(request.size()))
      fail(s, result_.failed.connection);
  }

  void readable(slot& s) {
    if (s.fd < 0)
      return;
    const ssize_t got = ::recv(s.fd, buffer_.data(), buffer_.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
      return;
    const std::uint64_t now = now_ns();
    if (got <= 0) {
      const bool complete =
          got == 0 && s.waiting && s.reader.end_of_input() == response_reader::progress::complete;
      return complete ? finish(s) : fail(s, result_.failed.connection);
    }
    payload_.clear();
    const auto progress = s.reader.feed({buffer_.data(), static_cast<std::size_t>(got)}, &payload_);
    if (!s.waiting || progress == response_reader::progress::malformed)
      return fail(s, result_.failed.malformed);
    if (!payload_.empty() && s.reader.status() == 200)
      take_payload(s, now);
    if (progress == response_reader::progress::complete)
      finish(s);
  }

  void take_payload(slot& s, std::uint64_t now) {
    if (!s.first_seen && timed_)
      result_.first_event.record(now - s.sent_at);
    s.first_seen = true;
    if (plan_.audio)
      return s.frames.feed(payload_, [&](std::uint64_t sent) { take_event(s, sent, now); });
    s.scanner.feed(payload_, [&](std::string_view data) {
      const auto sent = event_timestamp(data);
      if (sent) {
        take_event(s, *sent, now);
      } else if (is_done_marker(data)) {
        s.done_seen = true;
      }
    });
  }

  void take_event(slot& s, std::uint64_t sent, std::uint64_t now) {
    ++s.events;
    if (!timed_)
      return;
    ++result_.events;
    result_.event_delay.record(now > sent ? now - sent : 0);
    if (s.events == 1)
      result_.first_content.record(now - s.sent_at);
  }

  void finish(slot& s) {
    s.waiting = false;
    ++result_.answered;
    const bool ended =
        plan_.audio ? s.frames.between_frames() : s.done_seen && !s.scanner.mid_event();
    const bool whole = ended && (!timed_ || s.events == plan_.expected_events);
    if (s.reader.status() != 200)
      ++result_.failed.status;
    else if (s.frames.broken())
      ++result_.failed.malformed;
    else if (!whole)
      ++result_.failed.length;
    else if (timed_)
      ++result_.complete;
    if (s.reader.closes()) {
      const unsigned left = s.left;
      ::close(s.fd);
      s.fd = -1;
      if (left > 0 || !timed_) {
        open(static_cast<std::size_t>(&s - slots_.data()));
        s.left = left;
      }
    }
  }

  const stream_plan& plan_;
  int epoll_;
  std::vector<slot> slots_;
  std::vector<char> buffer_;
  std::uint64_t limit_;
  std::string payload_;
  bool timed_ = false;
  stream_result result_;
};

} // namespace

stream_result run_streams(const stream_plan& plan, const std::function<void()>& on_window) {
  return stream_runner{plan}.run(on_window);
}

} // namespace synapse::bench
