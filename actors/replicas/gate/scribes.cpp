#include "actors/replicas/gate/scribes.hpp"

#include <caf/io/middleman.hpp>
#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/stream_impl.hpp>
#include <openssl/err.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

namespace synapse::actors::cluster {

namespace {

namespace network = caf::io::network;

/// How a stream of CAF reads and writes.
class tls_policy {
public:
  explicit tls_policy(ssl_ptr session) : session_(std::move(session)) {}

  network::rw_state read_some(std::size_t& result, int, void* to, std::size_t size) {
    result = 0;
    ::ERR_clear_error();
    return judge(::SSL_read_ex(session_.get(), to, size, &result));
  }
  network::rw_state write_some(std::size_t& result, int, const void* from, std::size_t size) {
    result = 0;
    ::ERR_clear_error();
    return judge(::SSL_write_ex(session_.get(), from, size, &result));
  }
  bool must_read_more(int, std::size_t threshold) {
    return static_cast<std::size_t>(::SSL_pending(session_.get())) >= threshold;
  }

private:
  /// Nothing moved, but it may later: for CAF a success of no bytes.
  network::rw_state judge(int result) {
    if (result == 1)
      return network::rw_state::success;
    const int error = ::SSL_get_error(session_.get(), result);
    ::ERR_clear_error();
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE
               ? network::rw_state::success
               : network::rw_state::failure;
  }

  ssl_ptr session_;
};

class tls_scribe : public caf::io::scribe {
public:
  tls_scribe(network::default_multiplexer& loop, int socket, ssl_ptr session)
      : scribe(network::conn_hdl_from_socket(socket)), stream_(loop, socket, std::move(session)) {}

  void configure_read(caf::io::receive_policy::config how) override {
    stream_.configure_read(how);
    if (launched_)
      return;
    launched_ = true;
    stream_.start(this);
  }
  void ack_writes(bool enable) override { stream_.ack_writes(enable); }
  std::vector<char>& wr_buf() override { return stream_.wr_buf(); }
  std::vector<char>& rd_buf() override { return stream_.rd_buf(); }
  void flush() override { stream_.flush(this); }
  void graceful_shutdown() override {
    stream_.graceful_shutdown();
    detach(&stream_.backend(), false);
  }
  std::string addr() const override {
    const auto known = network::remote_addr_of_fd(stream_.fd());
    return known ? *known : std::string{};
  }
  std::uint16_t port() const override {
    const auto known = network::remote_port_of_fd(stream_.fd());
    return known ? *known : std::uint16_t{0};
  }
  void add_to_loop() override { stream_.start(this); }
  void remove_from_loop() override { stream_.passivate(); }

private:
  bool launched_ = false;
  network::stream_impl<tls_policy> stream_;
};

} // namespace

caf::io::scribe_ptr make_scribe(caf::actor_system& system, channel connection) {
  auto& loop = system.middleman().backend();
  auto session = connection.take_session();
  const int socket = connection.take_socket().release();
  if (!session)
    return loop.new_scribe(socket);
  return caf::make_counted<tls_scribe>(static_cast<network::default_multiplexer&>(loop), socket,
                                       std::move(session));
}

} // namespace synapse::actors::cluster
