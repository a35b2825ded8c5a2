/// @file
/// One client connection: reads heads, runs one exchange after the other, ends the connection.
#pragma once

#include "http/core/request/path_form.hpp"
#include "http/server/connection/connection_limits.hpp"
#include "http/server/connection/reserved_room.hpp"
#include "http/server/exchange/exchange.hpp"

#include <memory>
#include <optional>
#include <string>

namespace synapse::server {

/// Owned by its own coroutine; frees itself when the connection has ended.
class connection final : public net::local_counted {
public:
  /// @param place its own, until it ends. @param room not null: it was beyond a limit, sits in a
  /// reserved place there, and gets answers to probes only.
  connection(worker& owner, net::socket stream, connection_limits::seat place,
             std::shared_ptr<reserved_room> room);
  ~connection() override;

  /// Serves the connection on its own. @param tls null for plain HTTP.
  void start(std::shared_ptr<net::asio::ssl::context> tls);

  /// Ends now if nothing is under way, otherwise after the current answer.
  void drain();
  /// Cuts the current exchange.
  void abort(give_up why);

  connection* next() const noexcept { return next_; }
  /// The request under way, or null.
  exchange* current() noexcept { return current_ ? &*current_ : nullptr; }
  /// Bytes of the request under way and of its answer so far.
  std::uint64_t bytes_in() const noexcept { return downstream_->bytes_read() - bytes_in_; }
  std::uint64_t bytes_out() const noexcept { return downstream_->bytes_written() - bytes_out_; }

private:
  enum class head_state { complete, closed, failed };

  static net::task<void> run(net::local_ptr<connection> self,
                             std::shared_ptr<net::asio::ssl::context> tls);
  net::task<bool> handshake(std::shared_ptr<net::asio::ssl::context> tls);
  net::task<head_state> read_head();
  net::task<void> serve();
  net::task<void> answer(exchange& current);
  net::task<void> discard_body(exchange& current);
  net::task<void> refuse_head(http::response_detail detail, std::string_view message);
  net::task<void> linger();
  net::task<void> say_goodbye();
  void finish(exchange& current);

  struct alarm_timer final : net::timer_node {
    net::wake_point* wake = nullptr;
    void on_timer() override { wake->notify(); }
  };

  worker& owner_;
  connection_limits::seat place_;
  std::shared_ptr<reserved_room> room_;
  net::time_ns reserved_until_ = 0; ///< its head has to be there by then
  net::local_ptr<net::transport> downstream_;
  net::wake_ptr wake_;
  alarm_timer timer_;
  exchange_scratch scratch_;
  std::optional<exchange> current_;
  std::string client_ip_;
  connection* next_ = nullptr;
  connection* previous_ = nullptr;
  std::uint64_t bytes_in_ = 0; ///< of earlier exchanges
  std::uint64_t bytes_out_ = 0;
  bool keep_ = true;
  bool linger_ = false;
  bool reset_ = false; ///< the connection's end must not look like the answer's
  bool draining_ = false;
  http::path_fault path_fault_ = http::path_fault::none; ///< of the head that was read last
};

} // namespace synapse::server
