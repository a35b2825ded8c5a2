#include "tests/support/scripted_upstream.hpp"

#include "tests/support/header_names.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace synapse::support {

namespace {
milliseconds left_until(clock::time_point due) {
  return std::max(milliseconds{0}, std::chrono::ceil<milliseconds>(due - clock::now()));
}

upstream_request parse_head(std::string head) {
  upstream_request request;
  request.head = std::move(head);
  const std::string_view text = request.head;
  const auto line_end = text.find("\r\n");
  const auto line = text.substr(0, line_end);
  const auto space = line.find(' ');
  request.method = line.substr(0, space);
  request.target = line.substr(space + 1, line.rfind(' ') - space - 1);
  for (auto at = line_end + 2; at < text.size();) {
    const auto end = text.find("\r\n", at);
    const auto field = text.substr(at, end - at);
    at = end + 2;
    if (const auto colon = field.find(':'); colon != std::string_view::npos) {
      auto value = field.substr(colon + 1);
      value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
      request.fields.emplace_back(field.substr(0, colon), value);
    }
  }
  request.chunked = same_name(request.field("Transfer-Encoding"), "chunked");
  return request;
}
} // namespace

// ---- requests ----

std::string upstream_request::field(std::string_view name) const {
  for (const auto& [key, value] : fields)
    if (same_name(key, name))
      return value;
  return {};
}

std::size_t upstream_request::count(std::string_view name) const {
  return static_cast<std::size_t>(std::count_if(
      fields.begin(), fields.end(), [&](const auto& f) { return same_name(f.first, name); }));
}

// ---- connection ----

upstream_connection::upstream_connection(scripted_upstream& owner, byte_stream stream,
                                         std::size_t number)
    : owner_(owner), stream_(std::move(stream)), number_(number) {}

bool upstream_connection::fill(clock::time_point due) {
  const auto before = input_.size();
  const auto how = stream_.receive(input_, left_until(due));
  received_ += input_.size() - before;
  return how == io_result::data;
}

std::optional<upstream_request> upstream_connection::read_head(milliseconds limit) {
  const auto due = clock::now() + limit;
  std::size_t end = 0;
  while ((end = input_.find("\r\n\r\n")) == std::string::npos)
    if (!fill(due))
      return {};
  auto request = parse_head(input_.substr(0, end + 4));
  input_.erase(0, end + 4);
  owner_.remember(request);
  return request;
}

bool upstream_connection::read_body(upstream_request& request, clock::time_point due) {
  if (!request.chunked) {
    const auto length = std::strtoull(request.field("Content-Length").c_str(), nullptr, 10);
    while (input_.size() < length)
      if (!fill(due))
        return false;
    request.body = input_.substr(0, length);
    input_.erase(0, length);
    return true;
  }
  for (;;) {
    std::size_t line = 0;
    while ((line = input_.find("\r\n")) == std::string::npos)
      if (!fill(due))
        return false;
    const auto size = std::strtoull(input_.c_str(), nullptr, 16);
    while (input_.size() < line + 2 + size + 2)
      if (!fill(due))
        return false;
    request.body += input_.substr(line + 2, size);
    input_.erase(0, line + 2 + size + 2);
    if (size == 0)
      return true;
  }
}

std::optional<upstream_request> upstream_connection::read_request(milliseconds limit) {
  const auto due = clock::now() + limit;
  std::size_t end = 0;
  while ((end = input_.find("\r\n\r\n")) == std::string::npos)
    if (!fill(due))
      return {};
  auto request = parse_head(input_.substr(0, end + 4));
  input_.erase(0, end + 4);
  if (!read_body(request, due))
    return {};
  owner_.remember(request);
  return request;
}

std::string upstream_connection::read_some(milliseconds limit) {
  if (input_.empty())
    fill(clock::now() + limit);
  return std::exchange(input_, {});
}

bool upstream_connection::send(std::string_view bytes, milliseconds limit) {
  return stream_.send(bytes, limit, &sent_) == io_result::data;
}

bool upstream_connection::send_in_pieces(std::string_view bytes, std::size_t size,
                                         const std::function<bool(std::size_t)>& between) {
  for (std::size_t at = 0; at < bytes.size(); at += size) {
    if (at > 0 && !between(at))
      return false;
    if (!send(bytes.substr(at, size)))
      return false;
  }
  return true;
}

bool upstream_connection::reply(unsigned status, std::string_view body,
                                std::string_view content_type, std::string_view fields) {
  return send(answer_bytes(status, body, content_type, fields));
}

bool upstream_connection::begin_chunked(unsigned status, std::string_view content_type) {
  return send("HTTP/1.1 " + std::to_string(status) + " Status\r\nContent-Type: " +
              std::string{content_type} + "\r\nTransfer-Encoding: chunked\r\n\r\n");
}

bool upstream_connection::send_chunk(std::string_view payload) {
  return send(chunk(payload));
}

bool upstream_connection::end_chunks() {
  return send("0\r\n\r\n");
}

std::optional<clock::time_point> upstream_connection::wait_until_peer_closes(milliseconds limit) {
  const auto due = clock::now() + limit;
  for (;;) {
    std::string dropped;
    switch (stream_.receive(dropped, left_until(due))) {
    case io_result::data:
      received_ += dropped.size();
      break;
    case io_result::timeout:
      return {};
    default:
      return clock::now();
    }
  }
}

// ---- listener ----

scripted_upstream::scripted_upstream(script each_connection)
    : scripted_upstream(std::move(each_connection), options{}) {}

scripted_upstream::scripted_upstream(script each_connection, options how)
    : how_(how), port_(how.port),
      listener_(listen_loopback(port_, how.send_buffer, how.receive_buffer)),
      stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), script_(std::move(each_connection)),
      acceptor_([this] { accept_loop(); }) {}

scripted_upstream::~scripted_upstream() {
  const std::uint64_t one = 1;
  if (::write(stop_.get(), &one, sizeof one) < 0)
    std::perror("eventfd");
  acceptor_.join();
  // Nobody adds threads any more.
  for (auto& each : workers_)
    each.thread.join();
}

std::string scripted_upstream::url() const {
  return (how_.tls ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port_);
}

void scripted_upstream::set_script(script each_connection) {
  const std::lock_guard lock{mutex_};
  script_ = std::move(each_connection);
}

std::vector<upstream_request> scripted_upstream::seen() const {
  const std::lock_guard lock{mutex_};
  return seen_;
}

bool scripted_upstream::wait_for_requests(std::size_t count, milliseconds limit) const {
  return wait_until([&] { return requests() >= count; }, limit);
}

void scripted_upstream::remember(const upstream_request& request) {
  const std::lock_guard lock{mutex_};
  seen_.push_back(request);
  ++requests_;
}

void scripted_upstream::accept_loop() {
  for (;;) {
    pollfd set[2] = {{listener_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
    if (::poll(set, 2, -1) < 0)
      continue;
    if (set[1].revents)
      return;
    descriptor fd{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    if (fd.get() < 0)
      continue;
    ++open_;
    // Thousands of short connections must not leave thousands of stacks.
    workers_.remove_if([](worker& old) {
      if (!old.done)
        return false;
      old.thread.join();
      return true;
    });
    auto& own = workers_.emplace_back();
    own.thread = std::thread([this, &own, fd = std::move(fd), number = ++connections_]() mutable {
      serve(std::move(fd), number);
      --open_;
      own.done = true;
    });
  }
}

void scripted_upstream::serve(descriptor fd, std::size_t number) {
  byte_stream stream{std::move(fd), stop_.get()};
  if (how_.tls && !stream.handshake_server(how_.tls, patience)) {
    ++failed_handshakes_;
    return;
  }
  script now;
  {
    const std::lock_guard lock{mutex_};
    now = script_;
  }
  upstream_connection connection{*this, std::move(stream), number};
  now(connection);
  connection.close();
}

// ---- answers ----

scripted_upstream::script answer_each(std::function<std::string(const upstream_request&)> answer) {
  return [answer = std::move(answer)](upstream_connection& connection) {
    while (const auto request = connection.read_request(milliseconds{600'000}))
      if (!connection.send(answer(*request)))
        return;
  };
}

std::string answer_bytes(unsigned status, std::string_view body, std::string_view content_type,
                         std::string_view fields) {
  std::string out = "HTTP/1.1 " + std::to_string(status) + " Status\r\nContent-Type: ";
  out.append(content_type).append("\r\nContent-Length: ").append(std::to_string(body.size()));
  out.append("\r\n").append(fields).append("\r\n").append(body);
  return out;
}

std::string chunk(std::string_view payload) {
  char line[24];
  std::snprintf(line, sizeof line, "%zx\r\n", payload.size());
  return std::string{line}.append(payload).append("\r\n");
}

} // namespace synapse::support
