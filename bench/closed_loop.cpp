#include "bench/closed_loop.hpp"

#include "bench/response_reader.hpp"
#include "bench/sockets.hpp"

#include <cerrno>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace synapse::bench {

namespace {

constexpr std::uint64_t give_up_after = 1000;

class runner {
public:
  explicit runner(const closed_loop_plan& plan)
      : plan_(plan), epoll_(::epoll_create1(EPOLL_CLOEXEC)), slots_(plan.connections),
        buffer_(256 * 1024) {}

  ~runner() {
    for (const slot& s : slots_)
      if (s.fd >= 0)
        ::close(s.fd);
    ::close(epoll_);
  }

  closed_loop_result run(const std::function<void()>& on_window) {
    for (std::size_t i = 0; i < slots_.size(); ++i)
      open(i);
    const auto begin = now_ns() + static_cast<std::uint64_t>(plan_.warmup.count());
    turn_until(begin);
    on_window();
    result_.requests = 0;
    result_.latency.clear();
    const auto window = now_ns();
    turn_until(window + static_cast<std::uint64_t>(plan_.duration.count()));
    const auto end = now_ns();
    result_.seconds = static_cast<double>(end - window) / 1e9;
    for (const slot& s : slots_)
      if (s.waiting && end - s.sent_at > static_cast<std::uint64_t>(plan_.stall_limit.count()))
        ++result_.failed.stalled;
    return result_;
  }

private:
  struct slot {
    int fd = -1;
    std::uint64_t sent_at = 0;
    bool waiting = false;
    response_reader reader;
  };

  void turn_until(std::uint64_t end) {
    std::vector<epoll_event> events(256);
    std::uint64_t now = now_ns();
    while (now < end && result_.failed.total() < give_up_after) {
      const int count = wait_until(epoll_, events.data(), static_cast<int>(events.size()), end,
                                   std::chrono::milliseconds{100});
      for (int i = 0; i < count; ++i)
        readable(events[static_cast<std::size_t>(i)].data.u64);
      for (std::size_t i = 0; i < slots_.size(); ++i)
        if (slots_[i].fd < 0)
          open(i);
      now = now_ns();
    }
  }

  void open(std::size_t index) {
    slot& s = slots_[index];
    s.reader.reset();
    s.waiting = false;
    s.fd = connect_to(plan_.address);
    if (s.fd < 0) {
      ++result_.failed.connection;
      return;
    }
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = index;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, s.fd, &event);
    send_request(s);
  }

  void drop(slot& s) {
    ::close(s.fd);
    s.fd = -1;
    s.waiting = false;
  }

  void fail(slot& s, std::uint64_t& cause) {
    ++cause;
    drop(s);
  }

  void send_request(slot& s) {
    s.sent_at = now_ns();
    s.waiting = true;
    const ssize_t wrote = ::send(s.fd, plan_.request.data(), plan_.request.size(), MSG_NOSIGNAL);
    // A request of some hundred bytes fits an empty socket buffer whole.
    if (wrote != static_cast<ssize_t>(plan_.request.size()))
      fail(s, result_.failed.connection);
  }

  void readable(std::size_t index) {
    slot& s = slots_[index];
    if (s.fd < 0)
      return;
    const ssize_t got = ::recv(s.fd, buffer_.data(), buffer_.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
      return;
    if (got <= 0) {
      const bool complete =
          got == 0 && s.reader.end_of_input() == response_reader::progress::complete;
      return complete ? finish(s) : fail(s, result_.failed.connection);
    }
    switch (s.reader.feed({buffer_.data(), static_cast<std::size_t>(got)}, nullptr)) {
    case response_reader::progress::more:
      return;
    case response_reader::progress::malformed:
      return fail(s, result_.failed.malformed);
    case response_reader::progress::complete:
      return finish(s);
    }
  }

  void finish(slot& s) {
    const std::uint64_t taken = now_ns() - s.sent_at;
    ++result_.answered;
    if (s.reader.status() != 200) {
      ++result_.failed.status;
    } else if (plan_.expected_length && s.reader.body_bytes() != *plan_.expected_length) {
      ++result_.failed.length;
    } else {
      ++result_.requests;
      result_.latency.record(taken);
    }
    if (s.reader.closes()) {
      ++result_.reconnects;
      return drop(s);
    }
    s.reader.reset();
    send_request(s);
  }

  const closed_loop_plan& plan_;
  int epoll_;
  std::vector<slot> slots_;
  std::vector<char> buffer_;
  closed_loop_result result_;
};

} // namespace

closed_loop_result run_closed_loop(const closed_loop_plan& plan,
                                   const std::function<void()>& on_window) {
  return runner{plan}.run(on_window);
}

} // namespace synapse::bench
