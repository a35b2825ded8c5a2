#pragma once

#include "backends/server/counters.hpp"
#include "backends/server/misbehavior.hpp"
#include "backends/server/request.hpp"
#include "backends/server/service.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace synapse::backends {

/// For awaiting without exceptions: the error code is part of the result.
inline constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

/// What an event of a stream is, so that a misbehavior can leave it out.
enum class event_kind { content, finish, done };

/// One request's answer: writes it, notices that the client has gone, misbehaves on request.
/// Lives on the host's thread. Calls that write return false once no more can be written.
class exchange {
public:
  using clock = std::chrono::steady_clock;

  struct environment {
    asio::ip::tcp::socket& socket;
    const service& owner;
    service_counters& counters;
    asio::thread_pool& workers;
    bool close_wanted; ///< the connection ends with this answer
  };

  exchange(environment env, const request& in, std::optional<misbehavior_plan> plan);
  ~exchange();

  /// Sends a whole answer.
  asio::awaitable<bool> reply(response answer);

  /// Sends the head of a streamed answer; its body is chunked (or ends the connection in 1.0).
  asio::awaitable<bool> begin_stream(response head);

  /// Sends one server-sent event `data: <payload>`, in one write.
  asio::awaitable<bool> event(std::string payload, event_kind kind = event_kind::content);

  /// Sends one server-sent event with a name, in one write, with the service's line ends.
  asio::awaitable<bool> named_event(std::string_view name, std::string payload,
                                    event_kind kind = event_kind::content);

  /// Sends one line of a stream of JSON lines, in one write.
  asio::awaitable<bool> line(std::string payload, event_kind kind = event_kind::content);

  /// Sends bytes of a stream as they are, in one write.
  asio::awaitable<bool> raw(std::string bytes);

  /// Ends a stream properly.
  asio::awaitable<bool> end_stream();

  /// Sleeps until `when`, or until wake() or client_gone() is called, also if that was before.
  /// Callers loop over their condition.
  asio::awaitable<void> pause_until(clock::time_point when);

  /// Runs `work` on a worker thread; its result must be default-constructible.
  template <class F>
  asio::awaitable<std::invoke_result_t<F>> offload(F work) {
    using result = std::invoke_result_t<F>;
    // Named: g++ 12 destroys a temporary function object inside the co_await expression twice.
    auto run = [work = std::move(work)]() mutable -> asio::awaitable<result> { co_return work(); };
    co_return co_await asio::co_spawn(env_.workers, std::move(run), asio::use_awaitable);
  }

  /// Called once when the client has gone, at once if it has already; may be empty.
  void when_gone(std::function<void()> then);

  void wake();
  void client_gone();

  bool gone() const { return gone_; }
  bool started() const { return started_; }
  bool complete() const { return complete_; }
  bool will_close() const { return env_.close_wanted; }
  /// @returns true if the connection must end now, whatever the headers said.
  bool must_close() const { return must_close_ || !complete_; }
  clock::time_point last_write() const { return last_write_; }
  std::optional<std::chrono::milliseconds> refuse_wanted() const { return plan_.refuse; }
  std::optional<std::chrono::milliseconds> idle_wanted() const { return plan_.close_idle; }
  service_counters& counters() { return env_.counters; }
  /// @returns what is to go wrong, for what only the service itself can do.
  const misbehavior_plan& plan() const { return plan_; }

  /// @returns the answer a misbehavior puts in the place of the service's.
  std::optional<response> forced_answer() const;

private:
  asio::awaitable<bool> send_head(std::string head);
  asio::awaitable<bool> send_body(std::string_view bytes);
  asio::awaitable<bool> send_pieces(std::string_view body);
  asio::awaitable<bool> write(std::string_view bytes);
  asio::awaitable<bool> before_event();
  bool leaves_out(event_kind kind) const;
  std::string spoiled(std::string payload);
  std::string event_text(const std::string& payload) const;
  const std::string& line_end() const;
  asio::awaitable<bool> framed(std::string bytes);
  asio::awaitable<bool> linger(std::chrono::milliseconds duration);
  asio::awaitable<bool> hang();
  std::string head_text(const response& answer, std::optional<std::uint64_t> length);
  void fin();
  void reset();

  environment env_;
  const request& in_;
  misbehavior_plan plan_;
  bool misbehaves_;
  asio::steady_timer timer_;
  std::function<void()> when_gone_;
  bool wake_pending_ = false;
  bool gone_ = false;
  bool broken_ = false;
  bool started_ = false;
  bool complete_ = false;
  bool must_close_ = false;
  bool chunked_ = false;
  bool streaming_ = false;
  bool in_lines_ = false; ///< events are lines, not server-sent
  std::uint64_t events_ = 0;
  std::uint64_t body_sent_ = 0;
  clock::time_point last_write_;
};

} // namespace synapse::backends
