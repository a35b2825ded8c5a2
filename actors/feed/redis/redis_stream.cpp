#include "actors/feed/redis/redis_stream.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/write.hpp>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <utility>

namespace synapse::actors {

namespace asio = boost::asio;
using boost::system::error_code;

redis_tls make_redis_tls(const std::string& ca_file, std::string& problem) {
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  error_code error;
  if (ca_file.empty())
    context->set_default_verify_paths(error);
  else
    context->load_verify_file(ca_file, error);
  if (!error)
    return context;
  problem = "cannot read trusted certificates" + (ca_file.empty() ? "" : " from " + ca_file) +
            ": " + error.message();
  return nullptr;
}

redis_stream::redis_stream(asio::io_context& io, redis_tls tls, std::string host)
    : socket_(io), context_(std::move(tls)), host_(std::move(host)) {}

void redis_stream::open(const tcp_endpoints& endpoints, opened done) {
  asio::async_connect(
      socket_, endpoints,
      [this, done = std::move(done)](const error_code& error, const asio::ip::tcp::endpoint&) {
        if (error)
          return done(error);
        // Each message is to go out when it is there.
        error_code ignored;
        socket_.set_option(asio::ip::tcp::no_delay{true}, ignored);
        if (!context_)
          return done(error);
        shake_hands(done);
      });
}

void redis_stream::shake_hands(opened done) {
  tls_.emplace(socket_, *context_);
  error_code error;
  static_cast<void>(asio::ip::make_address(host_, error));
  if (error) // a name: servers choose their certificate by it
    SSL_set_tlsext_host_name(tls_->native_handle(), host_.c_str());
  tls_->set_verify_mode(asio::ssl::verify_peer, error);
  tls_->set_verify_callback(asio::ssl::host_name_verification{host_}, error);
  tls_->async_handshake(asio::ssl::stream_base::client, std::move(done));
}

void redis_stream::read(asio::mutable_buffer into, moved done) {
  if (tls_)
    tls_->async_read_some(into, std::move(done));
  else
    socket_.async_read_some(into, std::move(done));
}

void redis_stream::write(asio::const_buffer from, moved done) {
  if (tls_)
    asio::async_write(*tls_, from, std::move(done));
  else
    asio::async_write(socket_, from, std::move(done));
}

void redis_stream::close() {
  error_code ignored;
  socket_.close(ignored);
}

std::string redis_stream::explain(const error_code& error) const {
  if (error == asio::error::eof || error == asio::ssl::error::stream_truncated)
    return "it closed the connection";
  if (tls_ && is_refusal(error)) {
    const long verdict =
        SSL_get_verify_result(const_cast<redis_stream*>(this)->tls_->native_handle());
    if (verdict != X509_V_OK)
      return std::string{"its certificate is not trusted: "} +
             X509_verify_cert_error_string(verdict);
    return "TLS failed: " + error.message();
  }
  return error.message();
}

bool redis_stream::is_refusal(const error_code& error) {
  return error.category() == asio::error::get_ssl_category();
}

} // namespace synapse::actors
