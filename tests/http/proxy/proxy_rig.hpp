/// @file
/// Everything that forwards a request, on the test's own thread and in its own time: a client and a
/// backend whose bytes the test writes and reads, a lane whose answers it sets, and between them
/// the gateway's own connection, exchange and metrics.
#pragma once

#include "http/net/virtual_clock.hpp"
#include "http/proxy/call.hpp"
#include "http/proxy/forwarder.hpp"
#include "http/proxy/relay/relay.hpp"
#include "http/proxy/upstream/permit_slot.hpp"
#include "http/proxy/upstream/request_body.hpp"
#include "http/proxy/upstream/upstream_request.hpp"
#include "http/server/connection/worker.hpp"
#include "http/server/exchange/exchange.hpp"
#include "http/server/routes/route_table.hpp"
#include "http/sites/thread_routes.hpp"
#include "telemetry/access_log.hpp"
#include "telemetry/access_log_output.hpp"
#include "telemetry/gateway_metrics.hpp"
#include "telemetry/metric_registry.hpp"
#include "tests/support/deterministic_actor_system.hpp"

#include <caf/typed_response_promise.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::proxy {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

/// The other end of a connection of the gateway's. Nothing here waits.
class far_end {
public:
  far_end() = default;
  explicit far_end(net::socket socket);

  /// What the kernel does not take at once follows with the next `pump`.
  void send(std::string_view bytes);
  /// All that has come so far.
  const std::string& received();
  /// What has come since it was asked last.
  std::string take();
  /// The gateway has closed its side, or the connection.
  bool ended();
  bool was_reset();
  /// Reads nothing from now on, or again.
  void stop_reading(bool stop = true) noexcept { stopped_ = stop; }

  void finish_sending();
  void close();
  void reset();
  void pump();
  bool is_open() const noexcept { return socket_ && socket_->is_open(); }
  /// Everything went out.
  bool sent() const noexcept { return unsent_.empty(); }

private:
  void read();

  std::optional<net::socket> socket_;
  std::string received_;
  std::size_t taken_ = 0;
  std::string unsent_;
  bool stopped_ = false;
  bool ended_ = false;
  bool reset_ = false;
};

/// What a lane answers, and what it was told.
struct lane_script {
  actors::permit answer;               ///< to every question
  std::vector<actors::permit> answers; ///< before that, to the next ones
  bool hold = false;                   ///< questions wait for `release`
  /// In order: "ask 1", "ask at once 1", "ok 1", "bad_response 1", "completed 1 2", "abandoned 1".
  std::vector<std::string> told;
  std::vector<net::time_ns> asked_at;
  std::vector<caf::typed_response_promise<actors::permit>> held;

  actors::permit next();
};

/// An answer as the client reads it.
struct seen_answer {
  unsigned status = 0;
  std::string head; ///< with its empty line
  std::string body; ///< out of its transfer coding
  /// Its framing says that this was all of it.
  bool whole = false;
  bool chunked = false;

  /// Value of a field; empty when there is none.
  std::string field(std::string_view name) const;
  bool has(std::string_view name) const;
};
seen_answer parse_answer(std::string_view bytes, bool ended, bool to_head = false);

/// How an attempt of `proxy_rig::attempt` and a request of `proxy_rig::forward` have ended.
struct outcome_seen {
  std::optional<step> came_to;
  std::optional<forward_end> end;
  mishap what = mishap::count_; ///< with step::failed
  std::string message;
  collected_answer collected;
  server::exchange_record record;
  bool begun = false;
  bool aborted = false;
};

/// A coroutine that a test has begun and looks after.
template <class T>
class started {
public:
  explicit started(net::task<T> work) { net::spawn(run(std::move(work), value_)); }
  bool done() const noexcept { return value_->has_value(); }
  /// @pre done()
  T& operator*() const { return **value_; }

private:
  using slot = std::shared_ptr<std::optional<T>>;
  static net::task<void> run(net::task<T> work, slot into) {
    auto result = co_await std::move(work);
    into->emplace(std::move(result));
  }
  slot value_ = std::make_shared<std::optional<T>>();
};

class proxy_rig {
public:
  using work = std::function<net::task<void>(server::exchange&)>;
  using with_call = std::function<net::task<void>(call&)>;
  using with_answer = std::function<net::task<step>(call&, upstream_request&)>;

  proxy_rig();
  ~proxy_rig();
  proxy_rig(const proxy_rig&) = delete;
  proxy_rig& operator=(const proxy_rig&) = delete;

  // ---- before the first request ----
  config::settings& settings() noexcept { return *settings_; }
  config::backend_settings& backend_settings() noexcept { return settings_->backends.at("b"); }
  config::timeout_settings& timeouts() noexcept { return backend_settings().timeouts; }
  /// Bytes that lie between gateway and client at most, about; 0: as the system has it.
  int client_buffer = 0;

  // ---- the lane ----
  lane_script lane;
  /// Answers the first question that is held.
  void release(const actors::permit& answer);
  actors::permit grant() const; ///< to the backend's address
  static actors::permit deny(actors::deny_reason why, std::uint32_t retry_after_ms = 0);
  /// A granted permit whose address refuses connections, or never takes one.
  actors::permit grant_refused();
  actors::permit grant_unheard();
  /// Ends it: whoever waits hears so.
  void end_lane();
  /// After what waits to be told has been.
  std::vector<std::string> told();

  // ---- a request ----
  /// A new client sends this to whatever route takes it.
  void send(std::string_view request);
  /// A new client sends this, with as much of its body as the test likes; then `what` is done with
  /// the exchange, up to where it has to wait.
  void begin(std::string_view request, work what);
  /// The same with a call.
  void begin_call(std::string_view request, const forward_options& options, with_call what);
  /// Begins a request and leaves the call to the test, until `let_go` or the end.
  call& hold(std::string_view request, const forward_options& options = {});
  void let_go();
  /// One attempt with a permit; `then` gets the answer once its head is there.
  void attempt(std::string_view request, const forward_options& options, with_answer then);
  /// All of a forwarder.
  void forward(std::string_view request, const forward_options& options = {});

  far_end& client() noexcept { return clients_.back(); }
  seen_answer answer();
  /// Of the one under way.
  server::exchange& exchange() noexcept { return *current_; }
  bool under_way() const noexcept { return current_ != nullptr; }
  /// Waits for its end.
  const outcome_seen& end();
  outcome_seen seen;

  // ---- the backend ----
  /// The next connection to it.
  far_end& accept();
  /// The same, and the whole head of the request on it.
  far_end& accept_request();
  /// No connection has come that was not accepted.
  bool nobody_connects();
  std::size_t connections() const noexcept { return backends_.size(); }

  // ---- time ----
  net::virtual_clock& clock() noexcept { return clock_; }
  net::time_ns now() const noexcept { return clock_.now(); }
  /// Does all there is to do, and lets time go by in ticks of the timer wheel.
  void pass(milliseconds time);
  /// Does all there is to do now.
  void settle();
  /// Waits for something that is on its way.
  template <class P>
  void until(P done) {
    settle();
    while (!done())
      turn();
  }
  /// The same, while time goes by in ticks of the timer wheel. @returns how much
  template <class P>
  milliseconds pass_until(P done) {
    const auto from = now();
    while (!done())
      pass(10ms);
    return std::chrono::duration_cast<milliseconds>(std::chrono::nanoseconds{now() - from});
  }
  void until_client_has(std::string_view text);
  void until_backend_has(far_end& backend, std::string_view text);
  void until_client_ended();

  // ---- what is counted ----
  telemetry::backend_metrics& backend_metrics() { return metrics_.backend("b"); }
  telemetry::route_metrics& route_metrics() { return metrics_.route("(test)"); }
  telemetry::gateway_metrics& metrics() noexcept { return metrics_; }
  std::uint64_t attempts(telemetry::attempt_result result) {
    return backend_metrics().attempts[result].value();
  }
  std::uint64_t all_attempts();
  std::uint64_t stream_ends(telemetry::stream_end kind) {
    return route_metrics().stream_ends[kind].value();
  }
  std::uint64_t disconnects(telemetry::request_phase phase) {
    return route_metrics().client_disconnects[phase].value();
  }
  /// Idle connections of the pool.
  std::size_t idle() { return site()->pool->idle(); }
  /// Holds nothing of a backend: no permit, no connection in use.
  bool at_rest();

  const client::site_ptr& site();
  server::worker& worker() noexcept { return worker_; }
  /// Its fallback is what `begin` brings; a test may add routes before the first request.
  server::route_table& table() noexcept { return table_; }
  actors::io_unit& unit() noexcept { return actors_.unit(); }
  net::io_thread& io() noexcept { return actors_.unit().thread(); }

private:
  friend class scripted_lane;
  using acceptor = net::asio::basic_socket_acceptor<net::tcp, net::asio::io_context::executor_type>;

  void turn();
  net::task<void> serve(server::exchange& exchange);
  net::task<void> run_call(server::exchange& exchange, forward_options options, with_call what);
  net::task<void> run_attempt(call& of, with_answer then);
  net::task<void> run_forward(server::exchange& exchange, forward_options options);
  void note(const call& of);

  net::virtual_clock clock_{1'000'000'000'000};
  test::deterministic_actor_system actors_{1};
  telemetry::metric_registry registry_{1};
  telemetry::gateway_metrics metrics_{registry_, "test"};
  std::shared_ptr<config::settings> settings_ = std::make_shared<config::settings>();
  actors::lane_actor lane_;
  actors::pinned<actors::lane_actor::base>* lane_object_ = nullptr;
  client::site_ptr site_;
  acceptor acceptor_;
  std::optional<net::socket> refusing_;
  std::optional<acceptor> deaf_;
  std::vector<std::unique_ptr<net::socket>> before_;
  std::vector<std::unique_ptr<far_end>> backends_;
  std::vector<far_end> clients_;
  int nowhere_;
  telemetry::access_log_output log_output_;
  telemetry::access_log log_;
  server::lifecycle life_;
  server::route_table table_;
  server::worker worker_;
  net::wake_ptr gate_ = net::make_local<net::wake_point>();
  call* held_call_ = nullptr;
  work what_;
  server::exchange* current_ = nullptr;
};

/// What a request's targets are asked, and what they answer.
class scripted_targets final : public targets {
public:
  explicit scripted_targets(proxy_rig& rig) : rig_(rig) {}

  std::vector<onward> next;           ///< in order; after them `none`
  std::optional<std::string> instead; ///< of the client's body
  /// "404 no" for answers, "unreachable" or "lost" without one.
  std::vector<std::string> misses;

  const client::site_ptr& site() const noexcept override { return rig_.site(); }
  const std::string* body() override { return instead ? &*instead : nullptr; }
  net::task<onward> after(miss what) override;

private:
  proxy_rig& rig_;
};

// ---- requests ----

/// POST with a body of a chat or any other one, complete.
std::string post(std::string_view path, std::string_view body, std::string_view fields = {});
std::string get(std::string_view path, std::string_view fields = {});
/// The whole answer of a backend.
std::string json_answer(std::string_view body, std::string_view fields = {});
std::string chunk_of_bytes(std::string_view payload);

void PrintTo(step value, std::ostream* out);
void PrintTo(forward_end value, std::ostream* out);
void PrintTo(mishap value, std::ostream* out);

} // namespace synapse::proxy

namespace synapse::http {
inline void PrintTo(response_detail value, std::ostream* out) {
  *out << to_string(value);
}
} // namespace synapse::http
