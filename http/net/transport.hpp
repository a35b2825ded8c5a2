/// @file
/// A connected byte stream, plain TCP or TLS, with one outstanding read and one outstanding write.
#pragma once

#include "http/net/io_thread.hpp"
#include "http/net/task.hpp"

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <sys/uio.h>

namespace synapse::net {

/// Non-blocking I/O for one coroutine: `read()` and `write()` begin, the attached wake_point is
/// notified when something changed, and the state is looked up here. That lets one coroutine wait
/// for both sides of a proxied request at once without a second coroutine or a cancellation.
///
/// All calls on the owning I/O thread. Completion handlers hold a reference, so a transport may be
/// dropped at any time; `close()` then ends what is outstanding.
class transport : public local_counted {
public:
  static constexpr std::size_t default_buffer = 16 * 1024;
  static constexpr std::size_t max_pieces = 64;

  transport(io_thread& io, socket stream);

  io_thread& io() noexcept { return io_; }
  socket& stream() noexcept { return socket_; }

  /// Who is told about progress; null tells nobody.
  void attach(wake_ptr wake) { wake_ = std::move(wake); }

  // ---- opening ----
  /// Begins a TCP connect; `opening()` is true until it ended, then see `open_error()`.
  void connect(const tcp::endpoint& to);
  /// Begins a TLS handshake. @param name SNI and verified host name when acting as a client; an
  /// address (IPv6 without brackets) is verified only.
  void handshake(std::shared_ptr<asio::ssl::context> context, bool as_client,
                 const std::string& name = {}, bool verify = true);
  bool opening() const noexcept { return opening_; }
  error_code open_error() const noexcept { return open_error_; }
  bool is_tls() const noexcept { return tls_ != nullptr; }

  // ---- input ----
  /// Makes sure that a read is outstanding, unless the peer has ended or the buffer is full.
  void read();
  bool reading() const noexcept { return reading_; }
  /// What has arrived and was not consumed; valid until `read()`, `consume()` or `reserve()`.
  std::string_view input() const noexcept { return {buffer_.get() + begin_, end_ - begin_}; }
  char* input_data() noexcept { return buffer_.get() + begin_; }
  void consume(std::size_t n) noexcept;
  /// The buffer holds as much as it may; consume or reserve before reading on.
  bool full() const noexcept { return begin_ == 0 && end_ == capacity_ && capacity_ != 0; }
  /// Grows the buffer. Only without an outstanding read.
  void reserve(std::size_t capacity);
  /// Makes the buffer smaller, for a connection that will be silent for long; the next `reserve`
  /// grows it again. Does nothing while a read is outstanding or bytes lie in it.
  void shrink(std::size_t capacity);
  /// The peer sent FIN or the connection broke.
  bool ended() const noexcept { return ended_; }
  /// The peer has closed its side, though its last bytes may not have been read yet. A system call:
  /// for waits in which nothing can be read because what has come is still in use.
  bool peer_closed() const noexcept;
  /// Empty after a clean end (with TLS: after close_notify).
  error_code read_error() const noexcept { return read_error_; }
  /// After a clean end no read tells of a later reset any more: from here on `hung_up` does, and
  /// the waiter is notified.
  void watch_hang_up();
  /// The connection is gone in both directions.
  bool hung_up() const noexcept { return hung_up_; }

  // ---- output ----
  /// Writes all pieces; they must stay valid while `writing()`.
  /// @returns true when everything was handed to the kernel at once (or writing failed).
  bool write(std::span<const std::string_view> pieces);
  bool writing() const noexcept { return writing_; }
  error_code write_error() const noexcept { return write_error_; }

  // ---- closing ----
  /// Sends FIN, or close_notify with TLS; the input side stays open.
  void shutdown_send();
  /// close_notify is on its way, or the peer's is awaited. Bound the wait, then `close()`.
  bool closing() const noexcept { return closing_; }
  void close() noexcept;
  /// Closes so that the peer sees a reset: for streams that must not look complete.
  void abort() noexcept;
  bool is_open() const noexcept { return socket_.is_open(); }

  /// Bytes the peer has not acknowledged yet.
  std::size_t unsent() const noexcept;

  std::uint64_t bytes_read() const noexcept { return bytes_read_; }
  std::uint64_t bytes_written() const noexcept { return bytes_written_; }
  /// Time of the last byte that moved, for idle timers.
  time_ns last_read() const noexcept { return last_read_; }
  time_ns last_written() const noexcept { return last_written_; }

protected:
  /// Called instead of notifying while nobody is attached.
  virtual void on_unattended() {}

private:
  using tls_stream = asio::ssl::stream<socket&>;

  void changed();
  void read_done(error_code ec, std::size_t n);
  bool send_pending();
  void wait_writable();
  void opened(error_code ec);
  local_ptr<transport> self() { return local_ptr<transport>{this}; }

  io_thread& io_;
  socket socket_;
  std::shared_ptr<asio::ssl::context> tls_context_;
  std::unique_ptr<tls_stream> tls_;
  wake_ptr wake_;

  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;

  std::array<iovec, max_pieces> pending_{};
  std::size_t pending_first_ = 0;
  std::size_t pending_count_ = 0;
  std::string tls_output_; ///< TLS records are made from one contiguous piece

  std::uint64_t bytes_read_ = 0;
  std::uint64_t bytes_written_ = 0;
  time_ns last_read_ = 0;
  time_ns last_written_ = 0;

  error_code open_error_;
  error_code read_error_;
  error_code write_error_;
  bool opening_ = false;
  bool reading_ = false;
  bool writing_ = false;
  bool ended_ = false;
  bool closing_ = false;
  bool watching_ = false;
  bool hung_up_ = false;
};

} // namespace synapse::net
