#include "bench/http_scan.hpp"
#include "bench/sockets.hpp"
#include "bench/stub_connection.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

namespace synapse::bench {

namespace {

constexpr std::size_t max_request = 4 * 1024 * 1024;
constexpr std::size_t max_unsent = 4 * 1024 * 1024;
constexpr std::size_t max_batch = 256; // one answer adds at most two; IOV_MAX is 1024

} // namespace

stub_server::stub_server(int listener, stream_shape shape)
    : listener_(listener), epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      stop_event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), shape_(shape), blob_(max_blob, 'x'),
      buffer_(256 * 1024) {
  for (const int fd : {listener_, stop_event_})
    watch(fd, EPOLL_CTL_ADD, EPOLLIN);
}

stub_server::~stub_server() {
  for (const auto& c : connections_)
    if (c)
      ::close(c->fd);
  ::close(epoll_);
  ::close(stop_event_);
  ::close(listener_);
}

void stub_server::watch(int fd, int operation, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  ::epoll_ctl(epoll_, operation, fd, &event);
}

void stub_server::stop() {
  ::eventfd_write(stop_event_, 1);
}

void stub_server::run() {
  std::vector<epoll_event> events(256);
  for (;;) {
    const std::uint64_t next = timers_.empty() ? ~std::uint64_t{0} : timers_.top().at;
    const int count = wait_until(epoll_, events.data(), static_cast<int>(events.size()), next,
                                 std::chrono::seconds{1});
    if (count < 0 && errno != EINTR)
      return;
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == stop_event_)
        return;
      if (fd == listener_) {
        accept_all();
        continue;
      }
      const auto index = static_cast<std::size_t>(fd);
      if (index >= connections_.size() || !connections_[index])
        continue;
      if (events[static_cast<std::size_t>(i)].events & EPOLLOUT)
        write_more(*connections_[index]);
      else
        readable(*connections_[index]);
    }
    fire_due_streams();
  }
}

void stub_server::accept_all() {
  for (;;) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
      return;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const auto index = static_cast<std::size_t>(fd);
    if (index >= connections_.size())
      connections_.resize(index + 1);
    connections_[index] = std::make_unique<connection>();
    connections_[index]->fd = fd;
    watch(fd, EPOLL_CTL_ADD, EPOLLIN);
  }
}

void stub_server::close_connection(int fd) {
  ::close(fd);
  connections_[static_cast<std::size_t>(fd)].reset();
}

void stub_server::readable(connection& c) {
  const ssize_t got = ::recv(c.fd, buffer_.data(), buffer_.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (got <= 0)
    return close_connection(c.fd);
  const std::string_view bytes{buffer_.data(), static_cast<std::size_t>(got)};
  std::size_t used = 0;
  if (c.in.empty() && c.stream == 0) { // the usual case: whole requests, no copy
    if (!take_requests(c, bytes, used))
      return close_connection(c.fd);
    c.in.assign(bytes.substr(used));
    if (!flush(c) || used == 0)
      return;
  } else {
    c.in.append(bytes);
  }
  if (c.in.size() > max_request)
    return close_connection(c.fd);
  take_kept_requests(c);
}

/// Answers every complete request at the front of `bytes`; false when one is malformed.
bool stub_server::take_requests(connection& c, std::string_view bytes, std::size_t& used) {
  while (c.stream == 0 && !c.close_after && used < bytes.size() && batch_.size() < max_batch) {
    if (c.taking) {
      if (!take_upload(c, bytes, used))
        return false;
      continue;
    }
    const std::string_view rest = bytes.substr(used);
    request_head head;
    const scan_result scanned = scan_request_head(rest, head);
    if (scanned == scan_result::malformed)
      return false;
    if (scanned == scan_result::need_more)
      return true;
    if (is_upload(head)) {
      used += head.size;
      begin_upload(c, head);
      continue;
    }
    std::string decoded;
    std::string_view body = rest.substr(head.size);
    std::size_t body_size = 0;
    if (head.framing.chunked) {
      chunk_decoder decoder;
      body_size = decoder.feed(body, decoded);
      if (decoder.failed())
        return false;
      if (!decoder.done())
        return true;
      body = decoded;
    } else {
      body_size = head.framing.content_length.value_or(0);
      if (body.size() < body_size)
        return true;
      body = body.substr(0, body_size);
    }
    used += head.size + body_size;
    c.close_after = head.framing.close;
    answer(c, head, body);
  }
  return true;
}

/// Requests that came in pieces, or were pipelined behind a stream, a blocked write or a full
/// batch.
void stub_server::take_kept_requests(connection& c) {
  std::size_t used = 1;
  while (used > 0 && !c.in.empty() && c.stream == 0 && !c.writing) {
    used = 0;
    if (!take_requests(c, c.in, used))
      return close_connection(c.fd);
    c.in.erase(0, used);
    if (!flush(c))
      return;
  }
}

/// Writes the batch; false when the connection was closed.
bool stub_server::flush(connection& c) {
  std::size_t total = 0;
  std::size_t sent = 0;
  iovec pieces[max_batch + 2];
  for (std::size_t i = 0; i < batch_.size(); ++i) {
    pieces[i] = {const_cast<char*>(batch_[i].data()), batch_[i].size()};
    total += batch_[i].size();
  }
  if (total > 0 && c.out.empty()) {
    msghdr message{};
    message.msg_iov = pieces;
    message.msg_iovlen = batch_.size();
    const ssize_t wrote = ::sendmsg(c.fd, &message, MSG_NOSIGNAL);
    if (wrote < 0 && errno != EAGAIN && errno != EINTR) {
      batch_.clear();
      close_connection(c.fd);
      return false;
    }
    sent = wrote < 0 ? 0 : static_cast<std::size_t>(wrote);
  }
  for (const std::string_view piece : batch_) {
    const std::size_t skip = std::min(sent, piece.size());
    c.out.append(piece.substr(skip));
    sent -= skip;
  }
  batch_.clear();
  retired_.clear();
  const bool finished = c.out.empty() && c.close_after && c.stream == 0;
  if (finished || c.out.size() > max_unsent) {
    close_connection(c.fd);
    return false;
  }
  if (!c.out.empty() && !c.writing) {
    // While the peer does not read its answers, it gets no further ones.
    c.writing = true;
    watch(c.fd, EPOLL_CTL_MOD, EPOLLOUT);
  }
  return true;
}

void stub_server::write_more(connection& c) {
  const ssize_t wrote = ::send(c.fd, c.out.data(), c.out.size(), MSG_NOSIGNAL);
  if (wrote < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (wrote < 0)
    return close_connection(c.fd);
  c.out.erase(0, static_cast<std::size_t>(wrote));
  if (!c.out.empty())
    return;
  if (c.close_after && c.stream == 0)
    return close_connection(c.fd);
  c.writing = false;
  watch(c.fd, EPOLL_CTL_MOD, EPOLLIN);
  take_kept_requests(c);
}

} // namespace synapse::bench
