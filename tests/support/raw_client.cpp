#include "tests/support/raw_client.hpp"

#include "tests/support/header_names.hpp"

#include <openssl/x509.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

namespace synapse::support {

namespace {
bool parse_head(http_reply& reply, bool to_head) {
  const std::string_view text = reply.head;
  if (text.size() < 14 || text.substr(0, 7) != "HTTP/1." || text[8] != ' ')
    return false;
  reply.minor = static_cast<unsigned>(text[7] - '0');
  const auto line_end = text.find("\r\n");
  for (auto at = line_end + 2; at + 2 < text.size();) {
    const auto end = text.find("\r\n", at);
    const auto line = text.substr(at, end - at);
    at = end + 2;
    const auto colon = line.find(':');
    if (colon == std::string_view::npos)
      return false;
    auto value = line.substr(colon + 1);
    value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
    reply.fields.emplace_back(line.substr(0, colon), value);
  }
  reply.status = static_cast<unsigned>(std::strtoul(reply.head.c_str() + 9, nullptr, 10));
  reply.chunked = same_name(reply.field("Transfer-Encoding"), "chunked");
  const bool bodiless = to_head || reply.status < 200 || reply.status == 204 || reply.status == 304;
  if (bodiless) {
    reply.end = reply_end::complete;
  } else if (!reply.chunked && reply.count("Content-Length") > 0) {
    reply.left = std::strtoull(reply.field("Content-Length").c_str(), nullptr, 10);
    if (reply.left == 0)
      reply.end = reply_end::complete;
  } else if (!reply.chunked) {
    reply.until_close = true;
  }
  return reply.status >= 100;
}
} // namespace

std::string_view to_string(reply_end end) {
  constexpr std::string_view names[] = {"complete", "open", "cut", "reset", "timeout", "malformed"};
  return names[static_cast<std::size_t>(end)];
}

std::string http_reply::field(std::string_view name) const {
  for (const auto& [key, value] : fields)
    if (same_name(key, name))
      return value;
  return {};
}

std::size_t http_reply::count(std::string_view name) const {
  return static_cast<std::size_t>(std::count_if(
      fields.begin(), fields.end(), [&](const auto& f) { return same_name(f.first, name); }));
}

raw_client::raw_client(std::uint16_t port, client_options options)
    : options_(std::move(options)), stream_(connect_loopback(port, options_.receive_buffer), -1) {
  if (!stream_.is_open())
    throw std::runtime_error("nobody listens on port " + std::to_string(port));
  if (options_.tls) {
    context_.reset(SSL_CTX_new(TLS_client_method()));
    if (!stream_.handshake_client(context_.get(), options_.server_name, options_.limit))
      throw std::runtime_error("the TLS handshake failed");
  }
}

bool raw_client::send(std::string_view bytes) {
  return stream_.send(bytes, options_.limit) == io_result::data;
}

std::size_t raw_client::send_for(std::string_view bytes, milliseconds limit) {
  std::size_t taken = 0;
  stream_.send(bytes, limit, &taken);
  return taken;
}

/// `open` when there is more in `input_`.
reply_end raw_client::fill() {
  if (ended_)
    return reply_end::cut;
  switch (stream_.receive(input_, options_.limit)) {
  case io_result::data:
    return reply_end::open;
  case io_result::end:
    ended_ = true;
    return reply_end::cut;
  case io_result::timeout:
    return reply_end::timeout;
  default:
    return reply_end::reset;
  }
}

http_reply raw_client::read_head(bool to_head) {
  http_reply reply;
  chunk_left_ = 0;
  std::size_t end = 0;
  while ((end = input_.find("\r\n\r\n")) == std::string::npos)
    if (const auto how = fill(); how != reply_end::open) {
      reply.end = how;
      return reply;
    }
  reply.head = input_.substr(0, end + 4);
  input_.erase(0, end + 4);
  if (!parse_head(reply, to_head)) {
    reply.status = 0;
    reply.end = reply_end::malformed;
  }
  return reply;
}

/// Moves what there is into the body. @returns false when more bytes are needed.
bool raw_client::advance(http_reply& reply) {
  if (reply.chunked)
    return advance_chunks(reply);
  const auto take = reply.until_close ? input_.size() : std::min(reply.left, input_.size());
  reply.body.append(input_, 0, take);
  input_.erase(0, take);
  if (!reply.until_close) {
    reply.left -= take;
    if (reply.left == 0)
      reply.end = reply_end::complete;
  }
  return take > 0;
}

bool raw_client::advance_chunks(http_reply& reply) {
  bool moved = false;
  while (reply.end == reply_end::open) {
    if (chunk_left_ > 2) {
      const auto take = std::min(chunk_left_ - 2, input_.size());
      if (take == 0)
        return moved;
      reply.body.append(input_, 0, take);
      input_.erase(0, take);
      chunk_left_ -= take;
      moved = true;
      continue;
    }
    if (chunk_left_ > 0) {
      if (input_.size() < 2)
        return moved;
      if (input_.compare(0, 2, "\r\n") != 0)
        reply.end = reply_end::malformed;
      input_.erase(0, 2);
      chunk_left_ = 0;
      ++reply.chunks;
      continue;
    }
    const auto line_end = input_.find("\r\n");
    if (line_end == std::string::npos)
      return moved;
    char* stop = nullptr;
    const auto size = std::strtoull(input_.c_str(), &stop, 16);
    if (stop == input_.c_str()) {
      reply.end = reply_end::malformed;
    } else if (size > 0) {
      chunk_left_ = size + 2;
      input_.erase(0, line_end + 2);
    } else {
      // Trailer fields, if any, end with an empty line.
      const auto end = input_.compare(line_end, 4, "\r\n\r\n") == 0
                           ? line_end
                           : input_.find("\r\n\r\n", line_end);
      if (end == std::string::npos)
        return moved;
      input_.erase(0, end + 4);
      reply.end = reply_end::complete;
    }
    moved = true;
  }
  return moved;
}

void raw_client::finish_at(http_reply& reply, reply_end how) const {
  reply.end = how == reply_end::cut && reply.until_close ? reply_end::complete : how;
}

bool raw_client::read_until(http_reply& reply, std::string_view text, std::size_t from) {
  while (reply.body.find(text, from) == std::string::npos) {
    if (reply.end != reply_end::open)
      return false;
    if (advance(reply))
      continue;
    if (const auto how = fill(); how != reply_end::open)
      finish_at(reply, how);
  }
  return true;
}

void raw_client::read_rest(http_reply& reply) {
  while (reply.end == reply_end::open) {
    if (advance(reply))
      continue;
    if (const auto how = fill(); how != reply_end::open)
      finish_at(reply, how);
  }
}

http_reply raw_client::read_reply(bool to_head) {
  auto reply = read_head(to_head);
  read_rest(reply);
  return reply;
}

bool raw_client::anything_within(milliseconds limit) {
  return !input_.empty() || stream_.receive(input_, limit) == io_result::data;
}

closing raw_client::wait_closed(std::optional<milliseconds> limit) {
  if (ended_)
    return closing::orderly;
  const auto due = clock::now() + limit.value_or(options_.limit);
  for (;;) {
    std::string dropped;
    const auto left = std::chrono::ceil<milliseconds>(due - clock::now());
    switch (stream_.receive(dropped, std::max(milliseconds{0}, left))) {
    case io_result::data:
      break;
    case io_result::end:
      ended_ = true;
      return closing::orderly;
    case io_result::timeout:
      return closing::still_open;
    default:
      return closing::reset;
    }
  }
}

std::string raw_client::peer_subject() const {
  if (!stream_.tls())
    return {};
  X509* certificate = SSL_get1_peer_certificate(stream_.tls());
  char text[256]{};
  if (certificate)
    X509_NAME_oneline(X509_get_subject_name(certificate), text, sizeof text);
  X509_free(certificate);
  return text;
}

http_reply raw_client::get(std::string_view target, std::string_view fields) {
  send(request_bytes("GET", target, {}, fields));
  return read_reply();
}

http_reply raw_client::post(std::string_view target, std::string_view body,
                            std::string_view fields) {
  send(request_bytes("POST", target, body, fields));
  return read_reply();
}

std::string request_bytes(std::string_view method, std::string_view target, std::string_view body,
                          std::string_view fields) {
  std::string out{method};
  out.append(" ").append(target).append(" HTTP/1.1\r\nHost: localhost\r\n").append(fields);
  if (!body.empty() || method == "POST")
    out.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  return out.append("\r\n").append(body);
}

http_reply get(std::uint16_t port, std::string_view target, std::string_view fields) {
  return raw_client{port}.get(target, fields);
}

http_reply post(std::uint16_t port, std::string_view target, std::string_view body,
                std::string_view fields) {
  return raw_client{port}.post(target, body, fields);
}

} // namespace synapse::support
