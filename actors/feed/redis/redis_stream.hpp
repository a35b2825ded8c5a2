/// @file
/// A socket to Redis, plain or TLS. One thread at a time: the one that runs the io_context.
#pragma once

#include "actors/feed/redis/name_lookup.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace synapse::actors {

using redis_tls = std::shared_ptr<boost::asio::ssl::context>;

/// Trusts the authorities of `ca_file` (PEM), or, when that is empty, those of the system, which
/// the variable SSL_CERT_FILE may name. Null with `problem` set when the file cannot be used.
redis_tls make_redis_tls(const std::string& ca_file, std::string& problem);

class redis_stream {
public:
  /// Called by the io_context, also after `close`, then with an error.
  using opened = std::function<void(const boost::system::error_code& error)>;
  using moved = std::function<void(const boost::system::error_code& error, std::size_t bytes)>;

  /// @param tls null: plain. @param host the name or address that the certificate has to be for.
  redis_stream(boost::asio::io_context& io, redis_tls tls, std::string host);

  /// Connects to the first endpoint that takes it, and shakes hands.
  void open(const tcp_endpoints& endpoints, opened done);
  /// Reads what there is, at least one byte. The buffer must live until then.
  void read(boost::asio::mutable_buffer into, moved done);
  /// Writes all of it. The buffer must live until then.
  void write(boost::asio::const_buffer from, moved done);
  void close();

  /// What `error` of this stream means, for people.
  std::string explain(const boost::system::error_code& error) const;
  /// Whether the peer was reached, but its certificate or its TLS cannot be used.
  static bool is_refusal(const boost::system::error_code& error);

private:
  void shake_hands(opened done);

  using socket = boost::asio::ip::tcp::socket;

  socket socket_;
  redis_tls context_;
  std::string host_;
  std::optional<boost::asio::ssl::stream<socket&>> tls_;
};

} // namespace synapse::actors
