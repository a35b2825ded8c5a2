/// @file
/// A client that sends exactly the bytes a test wants and tells exactly how an answer ended.
#pragma once

#include "tests/support/sockets.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace synapse::support {

/// How reading an answer ended.
enum class reply_end {
  complete,  ///< as its framing says
  open,      ///< not read to its end yet
  cut,       ///< the connection was closed in an orderly way before the end
  reset,     ///< the connection was reset before the end
  timeout,   ///< nothing more within the client's limit
  malformed, ///< not HTTP, or a broken chunk
};
std::string_view to_string(reply_end end);

/// An answer, or as much of it as came.
struct http_reply {
  unsigned status = 0; ///< 0: no complete head came
  unsigned minor = 0;
  std::string head; ///< bytes including the empty line
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body; ///< decoded
  bool chunked = false;
  bool until_close = false;
  std::size_t chunks = 0; ///< data chunks that were complete
  reply_end end = reply_end::open;

  std::string field(std::string_view name) const; ///< first value, any case; else empty
  std::size_t count(std::string_view name) const;
  bool complete() const noexcept { return end == reply_end::complete; }
  bool ok() const noexcept { return status == 200 && complete(); }

  // For the client that reads it.
  std::size_t left = 0; ///< bytes of a body with Content-Length still to come
};

/// What a closed direction looks like from here.
enum class closing { orderly, reset, still_open };

struct client_options {
  milliseconds limit = patience; ///< of every wait
  bool tls = false;
  std::string server_name = "localhost"; ///< SNI
  int receive_buffer = 0;
};

/// A blocking connection to 127.0.0.1. One thread.
class raw_client {
public:
  /// Throws std::runtime_error when nobody listens or TLS fails.
  explicit raw_client(std::uint16_t port, client_options options = {});

  /// @returns false when the peer is gone or does not take it within the limit.
  bool send(std::string_view bytes);
  /// Sends for at most `limit`. @returns the bytes that were taken.
  std::size_t send_for(std::string_view bytes, milliseconds limit);

  /// The next answer with its body. `to_head`: it answers a HEAD request and has no body. Interim
  /// answers (1xx) are returned like any other.
  http_reply read_reply(bool to_head = false);
  /// The next answer's head only.
  http_reply read_head(bool to_head = false);
  /// Reads on until the decoded body holds `text` at `from` or behind. @returns false when it ended
  /// before.
  bool read_until(http_reply& reply, std::string_view text, std::size_t from = 0);
  /// Reads on to the end.
  void read_rest(http_reply& reply);

  /// Bytes that came and belong to no answer read so far.
  const std::string& unread() const noexcept { return input_; }
  /// True if a byte arrives within `limit`; it stays unread.
  bool anything_within(milliseconds limit);
  /// Reads and drops until the peer closes.
  closing wait_closed(std::optional<milliseconds> limit = {});

  void shutdown_send() { stream_.shutdown_send(); }
  void close() { stream_.close(); }
  void reset() { stream_.reset(); }
  /// Of the server, over TLS: the certificate's subject, as one line.
  std::string peer_subject() const;
  byte_stream& stream() noexcept { return stream_; }

  // Requests with Host and, if there is a body, Content-Length; then the answer.
  http_reply get(std::string_view target, std::string_view fields = {});
  http_reply post(std::string_view target, std::string_view body, std::string_view fields = {});

private:
  struct context_deleter {
    void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
  };
  reply_end fill();
  bool advance(http_reply& reply);
  bool advance_chunks(http_reply& reply);
  void finish_at(http_reply& reply, reply_end how) const;

  client_options options_;
  std::unique_ptr<SSL_CTX, context_deleter> context_;
  byte_stream stream_;
  std::string input_;
  bool ended_ = false;
  std::size_t chunk_left_ = 0; ///< of the current chunk, with its CRLF; 0: a size line is next
};

/// "METHOD target HTTP/1.1" with Host, `fields` (complete lines) and, if `body` is not empty or the
/// method is POST, Content-Length.
std::string request_bytes(std::string_view method, std::string_view target,
                          std::string_view body = {}, std::string_view fields = {});

/// One request on a connection of its own.
http_reply get(std::uint16_t port, std::string_view target, std::string_view fields = {});
http_reply post(std::uint16_t port, std::string_view target, std::string_view body,
                std::string_view fields = {});

} // namespace synapse::support
