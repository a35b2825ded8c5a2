/// @file
/// Connections of one thread on the test's own thread and in its own time. A handler of the test's
/// serves whatever is asked; clients are sockets that it writes and reads.
#pragma once

#include "http/net/virtual_clock.hpp"
#include "http/server/connection/connection.hpp"
#include "http/server/connection/worker.hpp"
#include "http/server/routes/route_table.hpp"
#include "telemetry/access_log.hpp"
#include "telemetry/access_log_output.hpp"
#include "telemetry/gateway_metrics.hpp"
#include "telemetry/metric_registry.hpp"
#include "tests/support/deterministic_actor_system.hpp"
#include "tests/support/waiting.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <fcntl.h>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <vector>

namespace synapse::server {

/// The other end of a connection. Nothing here waits.
class rig_client {
public:
  explicit rig_client(net::socket end) : end_(std::move(end)) { end_.non_blocking(true); }

  void send(std::string_view bytes) { net::asio::write(end_, net::asio::buffer(bytes)); }
  /// All that has come so far.
  const std::string& received() {
    read();
    return received_;
  }
  /// The gateway has closed its side, or the connection.
  bool ended() {
    read();
    return ended_;
  }
  void close() { end_.close(); }

private:
  void read() {
    std::array<char, 4096> piece;
    net::error_code ec;
    while (!ended_ && end_.is_open()) {
      const auto size = end_.read_some(net::asio::buffer(piece), ec);
      received_.append(piece.data(), size);
      if (ec == net::asio::error::would_block)
        return;
      ended_ = static_cast<bool>(ec);
    }
  }

  net::socket end_;
  std::string received_;
  bool ended_ = false;
};

class server_rig {
public:
  server_rig() {
    net::virtual_clock::stand_for(&io());
    auto snapshot = std::make_shared<actors::gateway_snapshot>();
    snapshot->settings = std::make_shared<config::settings>();
    worker_.routes = client::make_thread_routes(
        io(), snapshot, {}, [this](const std::string& name) { return &metrics_.backend(name); });
    worker_.metrics = &metrics_;
    worker_.log = &log_;
  }
  ~server_rig() {
    for (auto& client : clients_)
      client->close();
    worker_.abort_all();
    EXPECT_TRUE(until([&] {
      pass(std::chrono::milliseconds{10}); // some ends have their time
      return worker_.connections == nullptr;
    }));
    worker_.routes.reset();
    settle();
    ::close(nowhere_);
  }
  server_rig(const server_rig&) = delete;
  server_rig& operator=(const server_rig&) = delete;

  /// Before the first request. @param path as in route; what no route takes gets a 404.
  void add_route(std::string method, std::string path, handler handle, bool is_traffic = true) {
    route entry;
    entry.method = std::move(method);
    entry.path = std::move(path);
    entry.metrics = &metrics_.route(entry.path);
    entry.handle = std::move(handle);
    entry.is_traffic = is_traffic;
    table_.add(std::move(entry));
  }

  /// A client that has sent this. @param room see connection
  rig_client& connect(std::string_view request, std::shared_ptr<reserved_room> room = nullptr) {
    net::asio::basic_socket_acceptor<net::tcp, net::asio::io_context::executor_type> listening{
        io().executor()};
    listening.open(net::tcp::v4());
    listening.bind({net::asio::ip::address_v4::loopback(), 0});
    listening.listen();
    net::socket near{io().executor()};
    near.connect(listening.local_endpoint());
    auto accepted = listening.accept(io().executor());
    clients_.push_back(std::make_unique<rig_client>(std::move(near)));
    if (!request.empty())
      clients_.back()->send(request);
    last_ = net::make_local<connection>(worker_, std::move(accepted), connection_limits::seat{},
                                        std::move(room));
    last_->start({});
    settle();
    return *clients_.back();
  }
  /// The gateway's end of the client that came last, until `forget`.
  connection& last() noexcept { return *last_; }
  void forget() { last_ = nullptr; }

  void settle() { actors_.settle(); }
  /// Lets everything run until it holds. @returns false when it never does.
  bool until(const std::function<bool()>& holds) {
    forget();
    return support::wait_until([&] {
      settle();
      return holds();
    });
  }
  void pass(std::chrono::nanoseconds time) {
    clock_.advance(time.count());
    settle();
  }

  net::io_thread& io() noexcept { return actors_.unit().thread(); }
  test::deterministic_actor_system& actors() noexcept { return actors_; }
  server::worker& worker() noexcept { return worker_; }

private:
  net::virtual_clock clock_{1'000'000'000'000};
  test::deterministic_actor_system actors_{1};
  telemetry::metric_registry registry_{1};
  telemetry::gateway_metrics metrics_{registry_, "test"};
  int nowhere_ = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  telemetry::access_log_output log_output_{nowhere_};
  telemetry::access_log log_{log_output_};
  lifecycle life_;
  route_table table_;
  server::worker worker_{io(), actors_.unit(), life_, table_};
  std::vector<std::unique_ptr<rig_client>> clients_;
  net::local_ptr<connection> last_;
};

} // namespace synapse::server
