/// @file
/// A backend that does to each connection whatever a test's lambda says.
#pragma once

#include "tests/support/sockets.hpp"

#include <atomic>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace synapse::support {

/// A request as the backend received it.
struct upstream_request {
  std::string method;
  std::string target;
  std::string head; ///< all bytes up to and including the empty line
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body; ///< decoded
  bool chunked = false;

  /// The first value of a field, any case; empty if there is none.
  std::string field(std::string_view name) const;
  std::size_t count(std::string_view name) const;
};

class scripted_upstream;

/// One connection as its script sees it. Every wait ends early when the upstream is destroyed.
class upstream_connection {
public:
  upstream_connection(scripted_upstream& owner, byte_stream stream, std::size_t number);

  /// 1 for the first connection that was accepted.
  std::size_t number() const noexcept { return number_; }

  /// Reads a whole request (pipelined bytes behind it stay). Nothing when the peer closed first.
  /// Counts in `scripted_upstream::requests()` and is remembered there.
  std::optional<upstream_request> read_request(milliseconds limit = patience);
  /// The head only: the body is not touched. Counts as a request.
  std::optional<upstream_request> read_head(milliseconds limit = patience);
  /// Whatever arrives next, undecoded (first what came behind the head). Empty at the end.
  std::string read_some(milliseconds limit = patience);

  /// @returns false when the peer is gone or does not take it within `limit`.
  bool send(std::string_view bytes, milliseconds limit = patience);
  /// Sends `size` bytes at a time and calls `between` (with the bytes sent so far) after each piece
  /// but the last; `between` blocks for as long as the test wants, and stops it by false.
  bool send_in_pieces(std::string_view bytes, std::size_t size,
                      const std::function<bool(std::size_t)>& between);
  /// A complete answer with Content-Length.
  bool reply(unsigned status, std::string_view body,
             std::string_view content_type = "application/json", std::string_view fields = {});
  /// Head of a chunked answer.
  bool begin_chunked(unsigned status = 200, std::string_view content_type = "text/event-stream");
  bool send_chunk(std::string_view payload);
  bool end_chunks();

  void shutdown_send() { stream_.shutdown_send(); }
  void close() { stream_.close(); }
  /// RST instead of FIN.
  void reset() { stream_.reset(); }
  /// Reads and drops until the peer closes. @returns when that was, or nothing if it did not.
  std::optional<clock::time_point> wait_until_peer_closes(milliseconds limit = patience);

  /// As above, but takes nothing of what the peer still sends.
  bool wait_until_peer_hangs_up(milliseconds limit = patience) {
    return stream_.wait_hang_up(limit);
  }

  std::size_t bytes_received() const noexcept { return received_; }
  std::size_t bytes_sent() const noexcept { return sent_; }
  byte_stream& stream() noexcept { return stream_; }

private:
  bool fill(clock::time_point due);
  bool read_body(upstream_request& request, clock::time_point due);

  scripted_upstream& owner_;
  byte_stream stream_;
  std::size_t number_;
  std::string input_;
  std::size_t received_ = 0;
  std::size_t sent_ = 0;
};

/// Listens on a free loopback port from construction to destruction. Each connection has a thread
/// that runs the script and then closes. Destruction ends all waits and joins.
class scripted_upstream {
public:
  using script = std::function<void(upstream_connection&)>;
  struct options {
    SSL_CTX* tls = nullptr; ///< server context; outlives the upstream
    int send_buffer = 0;    ///< SO_SNDBUF; 0: the system's
    int receive_buffer = 0; ///< SO_RCVBUF
    std::uint16_t port = 0; ///< 0: a free one
  };

  explicit scripted_upstream(script each_connection);
  scripted_upstream(script each_connection, options how);
  scripted_upstream(const scripted_upstream&) = delete;
  scripted_upstream& operator=(const scripted_upstream&) = delete;
  ~scripted_upstream();

  std::uint16_t port() const noexcept { return port_; }
  /// http(s)://127.0.0.1:port
  std::string url() const;

  /// For connections accepted from now on.
  void set_script(script each_connection);
  /// Accepted connections, requests read, connections whose script is still running.
  std::size_t connections() const noexcept { return connections_; }
  std::size_t requests() const noexcept { return requests_; }
  std::size_t open_connections() const noexcept { return open_; }
  std::size_t failed_handshakes() const noexcept { return failed_handshakes_; }
  /// Copies of all requests read so far, in order.
  std::vector<upstream_request> seen() const;
  /// Waits until that many requests were read.
  bool wait_for_requests(std::size_t count, milliseconds limit = patience) const;

private:
  friend class upstream_connection;
  struct worker {
    std::thread thread;
    std::atomic<bool> done{false};
  };
  void accept_loop();
  void serve(descriptor fd, std::size_t number);
  void remember(const upstream_request& request);

  options how_;
  std::uint16_t port_ = 0;
  descriptor listener_;
  descriptor stop_;
  mutable std::mutex mutex_;
  script script_;
  std::vector<upstream_request> seen_;
  std::list<worker> workers_; ///< the acceptor's
  std::atomic<std::size_t> connections_{0};
  std::atomic<std::size_t> requests_{0};
  std::atomic<std::size_t> open_{0};
  std::atomic<std::size_t> failed_handshakes_{0};
  std::thread acceptor_;
};

/// A script that answers every request of a connection by `answer` and keeps the connection until
/// the peer closes. `answer` returns the bytes to send.
scripted_upstream::script answer_each(std::function<std::string(const upstream_request&)> answer);

/// Bytes of a complete answer with Content-Length.
std::string answer_bytes(unsigned status, std::string_view body,
                         std::string_view content_type = "application/json",
                         std::string_view fields = {});

/// `payload` as one chunk.
std::string chunk(std::string_view payload);

} // namespace synapse::support
