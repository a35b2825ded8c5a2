#include "tests/backends/raw_client.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cctype>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace synapse::backends::test {

namespace {

// Recognizing a sentence takes a second, and ten times that where others use the processor too.
constexpr int patience_ms = 60'000;

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return text;
}

answer parse_head(std::string head) {
  answer out;
  if (head.size() > 12 && head.starts_with("HTTP/1.1 "))
    out.status = std::atoi(head.c_str() + 9);
  auto at = head.find("\r\n");
  while (at != std::string::npos && at + 2 < head.size()) {
    auto end = head.find("\r\n", at + 2);
    auto line = head.substr(at + 2, end - at - 2);
    auto colon = line.find(": ");
    if (colon != std::string::npos)
      out.fields.emplace(lower(line.substr(0, colon)), line.substr(colon + 2));
    at = end;
  }
  out.head = std::move(head);
  return out;
}

} // namespace

std::string answer::field(const std::string& name) const {
  auto found = fields.find(name);
  return found == fields.end() ? std::string() : found->second;
}

raw_client::raw_client(std::uint16_t port) {
  fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    ::close(fd_);
    fd_ = -1;
    return;
  }
  int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

raw_client::~raw_client() {
  close();
}

void raw_client::close(bool hard) {
  if (fd_ < 0)
    return;
  if (hard) {
    linger option{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &option, sizeof(option));
  }
  ::close(fd_);
  fd_ = -1;
}

void raw_client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0)
      throw std::runtime_error("cannot send");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void raw_client::send_request(std::string_view method, std::string_view target,
                              std::string_view body, const std::vector<std::string>& fields) {
  std::string text = std::string(method) + " " + std::string(target) + " HTTP/1.1\r\n";
  bool has_host = std::any_of(fields.begin(), fields.end(),
                              [](const std::string& each) { return each.starts_with("Host:"); });
  if (!has_host)
    text += "Host: localhost\r\n";
  for (const auto& field : fields)
    text += field + "\r\n";
  if (method == "POST" || !body.empty())
    text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  send(text + "\r\n" + std::string(body));
}

bool raw_client::fill() {
  if (ended_ != ending::still_open)
    return false;
  pollfd waiting{fd_, POLLIN, 0};
  if (::poll(&waiting, 1, patience_ms) != 1)
    throw std::runtime_error("nothing came for a minute");
  char buffer[65536];
  auto count = ::recv(fd_, buffer, sizeof(buffer), 0);
  if (count > 0) {
    in_.append(buffer, static_cast<std::size_t>(count));
    return true;
  }
  ended_ = count == 0 ? ending::closed : ending::reset;
  return false;
}

answer raw_client::read_head() {
  for (;;) {
    auto end = in_.find("\r\n\r\n");
    if (end != std::string::npos) {
      auto out = parse_head(in_.substr(0, end + 2));
      in_.erase(0, end + 4);
      decoded_.clear();
      chunks_.clear();
      chunked_end_ = false;
      return out;
    }
    if (!fill())
      return {};
  }
}

bool raw_client::read_chunk() {
  if (chunked_end_)
    return false;
  for (;;) {
    auto line = in_.find("\r\n");
    if (line != std::string::npos) {
      std::size_t used = 0;
      std::size_t size = 0;
      try {
        size = std::stoul(in_.substr(0, line), &used, 16);
      } catch (const std::exception&) {
        return false;
      }
      if (used != line)
        return false;
      if (in_.size() >= line + 2 + size + 2) {
        decoded_ += in_.substr(line + 2, size);
        in_.erase(0, line + 2 + size + 2);
        chunks_.push_back(size);
        chunked_end_ = size == 0;
        return size > 0;
      }
    }
    if (!fill())
      return false;
  }
}

answer raw_client::read_answer(bool body_expected) {
  auto out = read_head();
  if (out.field("transfer-encoding") == "chunked") {
    while (read_chunk())
      continue;
    out.complete = chunked_end_;
    out.body = std::move(decoded_);
    decoded_.clear();
  } else if (out.fields.contains("content-length")) {
    auto length = body_expected ? std::stoul(out.field("content-length")) : 0;
    while (in_.size() < length && fill())
      continue;
    out.complete = in_.size() >= length;
    out.body = in_.substr(0, length);
    in_.erase(0, length);
  } else if (out.status != 0) {
    out.body = read_rest();
    out.complete = ended_ == ending::closed;
  }
  return out;
}

std::string raw_client::read_block() {
  for (;;) {
    auto end = decoded_.find("\n\n");
    if (end != std::string::npos) {
      auto block = decoded_.substr(0, end);
      decoded_.erase(0, end + 2);
      return block;
    }
    if (!read_chunk())
      return std::exchange(decoded_, {});
  }
}

std::string raw_client::read_event() {
  for (;;) {
    auto block = read_block();
    if (block.starts_with("data: "))
      return block.substr(6);
    if (!block.starts_with(":"))
      return {};
  }
}

std::string raw_client::read_rest() {
  while (fill())
    continue;
  return std::exchange(in_, {});
}

ending raw_client::wait_for_end() {
  read_rest();
  return ended_;
}

answer ask(std::uint16_t port, std::string_view method, std::string_view target,
           std::string_view body, const std::vector<std::string>& fields) {
  raw_client client{port};
  client.send_request(method, target, body, fields);
  return client.read_answer(method != "HEAD");
}

std::vector<std::string> events_of(const std::string& body) {
  std::vector<std::string> out;
  std::size_t at = 0;
  while (at < body.size()) {
    auto end = body.find("\n\n", at);
    auto block = body.substr(at, end - at);
    if (block.starts_with("data: "))
      out.push_back(block.substr(6));
    if (end == std::string::npos)
      break;
    at = end + 2;
  }
  return out;
}

bool eventually(const std::function<bool()>& condition) {
  auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until)
      return false;
    std::this_thread::yield();
  }
  return true;
}

} // namespace synapse::backends::test
