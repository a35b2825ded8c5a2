#include "actors/cluster/tls_middleman.hpp"

#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/middleman_actor_impl.hpp>
#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/doorman_impl.hpp>
#include <caf/io/network/stream_impl.hpp>
#include <caf/openssl/session.hpp>
#include <openssl/err.h>

#include <exception>
#include <unistd.h>

namespace synapse::actors::cluster {

namespace {

namespace network = caf::io::network;
using caf::openssl::session_ptr;

/// A session, or null when there is none to be had: what fails here is the connection only.
session_ptr begin_session(caf::actor_system& system, int socket, bool accepted) {
  ::ERR_clear_error();
  try {
    return caf::openssl::make_session(system, socket, accepted);
  } catch (const std::exception&) { // certificate files cannot be read
    return nullptr;
  }
}

/// How a stream of CAF reads and writes.
class tls_policy {
public:
  explicit tls_policy(session_ptr session) : session_(std::move(session)) {}

  network::rw_state read_some(std::size_t& result, int socket, void* to, std::size_t size) {
    ::ERR_clear_error();
    return session_->read_some(result, socket, to, size);
  }
  network::rw_state write_some(std::size_t& result, int socket, const void* from,
                               std::size_t size) {
    ::ERR_clear_error();
    return session_->write_some(result, socket, from, size);
  }
  bool must_read_more(int socket, std::size_t threshold) {
    return session_->must_read_more(socket, threshold);
  }

private:
  session_ptr session_;
};

/// One connection.
class tls_scribe : public caf::io::scribe {
public:
  tls_scribe(network::default_multiplexer& loop, int socket, session_ptr session)
      : scribe(network::conn_hdl_from_socket(socket)), stream_(loop, socket, std::move(session)) {}

  void configure_read(caf::io::receive_policy::config how) override {
    stream_.configure_read(how);
    if (launched_)
      return;
    launched_ = true;
    stream_.start(this);
    // The handshake may have to write before anybody has something to say.
    stream_.force_empty_write(this);
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

/// Accepts connections.
class tls_doorman : public network::doorman_impl {
public:
  using network::doorman_impl::doorman_impl;

  bool new_connection() override {
    if (detached())
      return false;
    auto& loop = acceptor_.backend();
    const int socket = acceptor_.accepted_socket();
    network::nonblocking(socket, true);
    auto session = begin_session(parent()->system(), socket, true);
    if (!session) {
      ::close(socket);
      return true; // the next one may be better
    }
    auto scribe = caf::make_counted<tls_scribe>(loop, socket, std::move(session));
    const auto handle = scribe->hdl();
    parent()->add_scribe(std::move(scribe));
    return doorman::new_connection(&loop, handle);
  }
};

class tls_middleman : public caf::io::middleman_actor_impl {
public:
  using caf::io::middleman_actor_impl::middleman_actor_impl;
  const char* name() const override { return "cluster_tls"; }

protected:
  caf::expected<caf::io::scribe_ptr> connect(const std::string& host, std::uint16_t port) override {
    auto socket = network::new_tcp_connection(host, port);
    if (!socket)
      return std::move(socket.error());
    network::nonblocking(*socket, true);
    auto session = begin_session(system(), *socket, false);
    if (!session) {
      ::close(*socket);
      return caf::make_error(caf::sec::cannot_connect_to_node);
    }
    return caf::make_counted<tls_scribe>(loop(), *socket, std::move(session));
  }

  caf::expected<caf::io::doorman_ptr> open(std::uint16_t port, const char* address,
                                           bool reuse) override {
    auto socket = network::new_tcp_acceptor_impl(port, address, reuse);
    if (!socket)
      return std::move(socket.error());
    return caf::make_counted<tls_doorman>(loop(), *socket);
  }

private:
  network::default_multiplexer& loop() {
    return static_cast<network::default_multiplexer&>(system().middleman().backend());
  }
};

} // namespace

caf::io::middleman_actor spawn_tls_middleman(caf::actor_system& system) {
  return system.spawn<tls_middleman, caf::detached + caf::hidden>(
      system.middleman().named_broker<caf::io::basp_broker>(caf::atom("BASP")));
}

} // namespace synapse::actors::cluster
