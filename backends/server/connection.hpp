#pragma once

#include "backends/server/exchange.hpp"
#include "backends/server/http_server.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

namespace synapse::backends {

/// One client connection: reads requests, has them answered one after the other, and watches the
/// socket meanwhile so that a client that leaves is noticed at once.
class connection : public std::enable_shared_from_this<connection> {
public:
  connection(http_server& server, asio::ip::tcp::socket socket);
  ~connection();

  /// Serves until either side closes; keeps the connection alive as long.
  static asio::awaitable<void> run(std::shared_ptr<connection> self);

  /// Closes the socket and tells the request in flight.
  void cut();

private:
  enum class read_result { ok, end, too_large, bad };

  asio::awaitable<void> serve();
  asio::awaitable<bool> wait_for_bytes();
  asio::awaitable<read_result> read_request(request& into, bool& keep_alive);
  asio::awaitable<bool> answer(const request& in, bool keep_alive);
  asio::awaitable<void> dispatch(const request& in, exchange& out);
  asio::awaitable<void> control(const request& in, exchange& out);
  asio::awaitable<void> switch_fault(const request& in, exchange& out);
  bool is_switch(const request& in) const;
  asio::awaitable<void> refuse_request(int status);
  std::optional<misbehavior_plan> plan_for(const request& in);
  void watch(exchange& out);
  asio::awaitable<void> stop_watching();
  void arm(std::chrono::milliseconds limit);
  void disarm();
  void log(const request& in, const exchange& out, exchange::clock::time_point since) const;

  http_server& server_;
  asio::ip::tcp::socket socket_;
  boost::beast::flat_buffer buffer_;
  asio::steady_timer read_timer_;
  asio::steady_timer watch_ended_;
  std::uint64_t arm_number_ = 0;
  bool watching_ = false;
  bool watch_stop_ = false;
  exchange* current_ = nullptr;
  unsigned served_ = 0;
  std::chrono::milliseconds idle_limit_;
};

} // namespace synapse::backends
