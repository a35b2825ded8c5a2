#include "bench/stub_server.hpp"

#include "bench/http_scan.hpp"
#include "bench/sockets.hpp"

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
constexpr std::uint64_t millisecond = 1'000'000;

} // namespace

struct stub_server::connection {
  int fd = -1;
  std::string in;  ///< an incomplete request, or requests behind a running stream
  std::string out; ///< what the socket did not take
  bool writing = false;
  bool close_after = false;
  std::uint64_t stream = 0; ///< 0: no stream is running
  std::uint64_t left = 0;
  std::uint64_t next_at = 0;
  std::uint64_t interval = 0;
  bool opened = false;
  bool usage = false;
};

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
    const std::string_view rest = bytes.substr(used);
    request_head head;
    const scan_result scanned = scan_request_head(rest, head);
    if (scanned == scan_result::malformed)
      return false;
    if (scanned == scan_result::need_more)
      return true;
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

void stub_server::answer(connection& c, const request_head& head, std::string_view body) {
  const bool post = head.method == "POST";
  if (post && head.path == "/v1/chat/completions") {
    if (head.wants_stream || json_true(body, "stream"))
      begin_stream(c, head, body);
    else
      add(answers().chat);
  } else if (post && head.path == "/v1/embeddings") {
    answer_embedding(body);
  } else if (post && (head.path == "/models/load" || head.path == "/models/unload")) {
    add(answers().success);
  } else if (!post && head.path == "/health") {
    add(answers().health);
  } else if (!post && (head.path == "/models" || head.path == "/v1/models")) {
    add(answers().models);
  } else if (!post && head.path == "/blob") {
    answer_blob(head.query);
  } else {
    add(answers().not_found);
  }
}

void stub_server::answer_blob(std::string_view query) {
  const std::uint64_t size = query_number(query, "size").value_or(0);
  if (size > max_blob)
    return add(answers().too_large);
  if (size != blob_head_size_) {
    retired_.push_back(std::move(blob_head_));
    blob_head_ = "HTTP/1.1 200 OK\r\nServer: bench-stub\r\nContent-Type: "
                 "application/octet-stream\r\nContent-Length: " +
                 std::to_string(size) + "\r\n\r\n";
    blob_head_size_ = size;
  }
  add(blob_head_);
  add(std::string_view{blob_}.substr(0, size));
}

void stub_server::answer_embedding(std::string_view body) {
  const std::uint64_t dimensions = json_number(body, "dimensions").value_or(64);
  if (dimensions == 0 || dimensions > max_dimensions)
    return add(answers().too_large);
  if (dimensions != embedding_dimensions_) {
    retired_.push_back(std::move(embedding_));
    embedding_ = embedding_answer(dimensions);
    embedding_dimensions_ = dimensions;
  }
  add(embedding_);
}

void stub_server::begin_stream(connection& c, const request_head& head, std::string_view body) {
  const auto asked = query_number(head.query, "events");
  c.left = asked ? *asked : json_number(body, "max_tokens").value_or(shape_.events);
  c.interval = shape_.interval_ns;
  if (const auto interval = query_number(head.query, "interval_ms"))
    c.interval = *interval * millisecond;
  std::uint64_t delay = shape_.first_delay_ns;
  if (const auto asked_delay = query_number(head.query, "delay_ms"))
    delay = *asked_delay * millisecond;
  c.usage = json_true(body, "include_usage");
  c.opened = false;
  c.stream = ++last_stream_;
  c.next_at = now_ns() + delay;
  timers_.push({c.next_at, c.fd, c.stream});
}

void stub_server::fire_due_streams() {
  while (!timers_.empty() && timers_.top().at <= now_ns()) {
    const due next = timers_.top();
    timers_.pop();
    const auto index = static_cast<std::size_t>(next.fd);
    // The descriptor may be closed or serve another stream by now.
    if (index < connections_.size() && connections_[index] &&
        connections_[index]->stream == next.stream)
      advance_stream(*connections_[index]);
  }
}

/// Sends what is due of a stream and sets its next time; times follow the plan, not the last send.
void stub_server::advance_stream(connection& c) {
  bool content = c.opened;
  if (!c.opened) {
    c.opened = true;
    add(pieces_.opening());
    content = shape_.role_gap_ns == 0;
    if (!content)
      c.next_at += shape_.role_gap_ns;
  }
  if (content && c.left > 0) {
    add(pieces_.content(now_ns()));
    --c.left;
    c.next_at += c.interval;
  }
  const bool ended = content && c.left == 0;
  if (ended) {
    add(pieces_.closing(c.usage));
    c.stream = 0;
  } else {
    timers_.push({c.next_at, c.fd, c.stream});
  }
  if (flush(c) && ended)
    take_kept_requests(c);
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
