/// @file
/// One request and its answer, as a handler sees them.
#pragma once

#include "http/core/body/body_piece.hpp"
#include "http/core/body/chunked.hpp"
#include "http/core/head/head_parser.hpp"
#include "http/core/local_reply.hpp"
#include "http/core/request/path_form.hpp"
#include "http/core/request/request_id.hpp"
#include "http/server/connection/worker.hpp"
#include "http/server/exchange/session.hpp"
#include "http/server/routes/route_table.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::server {

/// Facts for filters: access log, metrics, the list of finished requests. Handlers fill in what
/// they know.
struct exchange_record {
  http::response_detail detail = http::response_detail::local;
  unsigned status = 0;
  std::string_view backend; ///< lives as long as the exchange's routes
  unsigned attempts = 0;
  std::string_view stream;    ///< how the stream ended, if it was one; static text
  std::string_view principal; ///< who asks, as a filter found out; empty: nobody said

  // ---- phases, by the thread's clock; 0: it has not come to that ----
  net::time_ns started = 0;
  net::time_ns permitted = 0;  ///< by the lane of the backend that was asked last
  net::time_ns sent = 0;       ///< the request, to that backend
  net::time_ns answered = 0;   ///< by it, with a head
  net::time_ns first_byte = 0; ///< of the answer, to the client
  net::time_ns ended = 0;
  net::time_ns upstream_ns = 0; ///< time spent waiting for a backend

  // ---- usage, as the backend said; -1: it did not ----
  std::int64_t prompt_tokens = -1;
  std::int64_t completion_tokens = -1;
  telemetry::fixed_text<64> model;      ///< that is asked, aliases and choices resolved
  telemetry::fixed_text<79> deployment; ///< of a catalog's name: that is asked
  std::uint64_t trace = 0;              ///< number of its request_trace; 0: there is none

  // ---- when it has ended ----
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  bool broken = false; ///< see broke_off

  net::time_ns overhead_ns() const noexcept {
    return std::max<net::time_ns>(0, ended - started - upstream_ns);
  }
};

/// How a request has come in, as filters see it.
struct arrival {
  http::path_fault path_fault = http::path_fault::none;
  /// Its connection is beyond a limit and sits in a place that is kept for probes.
  bool reserved = false;
};

/// Memory that a connection lends to its requests one after the other: making it anew costs more
/// than filling it.
struct exchange_scratch {
  http::request_head head;
  std::string head_bytes; ///< what the views of `head` point into
  std::string body;
  std::string out;
  // For the handler that asks a backend.
  std::string upstream_out; ///< head of the request
  /// Head of the answer. Made when it is first asked for: it is large, and connections that only
  /// look on never need it.
  http::response_head& answer() {
    if (!answer_)
      answer_ = std::make_unique<http::response_head>();
    return *answer_;
  }
  std::string answer_bytes; ///< what the views of `answer` point into
  std::string added_fields; ///< see exchange::add_to_answer
  std::string added_head;   ///< a head with them

  /// Lets go of memory that only an unusually large request needed.
  void trim();
  /// Lets go of all that is not in use while an answer is written piece by piece: everything but
  /// the head.
  void release();

private:
  std::unique_ptr<http::response_head> answer_;
};

/// Lives on its connection's thread from the end of the request head to the end of the answer.
/// A handler replies exactly once: `reply`, `reply_error`, or `begin` … `write` … `finish`/`abort`.
class exchange {
public:
  /// @param scratch holds the parsed head. @param client_ip outlives the exchange.
  exchange(worker& owner, net::transport& downstream, net::wake_ptr wake, exchange_scratch& scratch,
           const std::string& client_ip, arrival how = {});
  exchange(const exchange&) = delete;
  exchange& operator=(const exchange&) = delete;

  /// A rest of a body up to this size is read so that the connection can be kept.
  static constexpr std::int64_t discardable = 64 * 1024;

  // ---- the request ----
  const http::request_head& head() const noexcept { return scratch_.head; }
  http::verb method() const noexcept { return scratch_.head.method_id; }
  std::string_view path() const noexcept { return scratch_.head.path; }
  std::string_view id() const noexcept { return id_.view(); }
  /// A path parameter as received; empty if the route has none of that name.
  std::string_view parameter(std::string_view name) const noexcept;
  const std::string& client_ip() const noexcept { return client_ip_; }
  bool over_tls() const noexcept { return downstream_.is_tls(); }
  const arrival& arrived() const noexcept { return arrived_; }

  // ---- its route, once the filters have come to that ----
  /// Null: none takes it.
  const route* matched() const noexcept { return route_; }
  /// The path's methods, if only the method did not fit.
  const std::string& allowed() const noexcept { return allowed_; }
  void set_route(const route* found, route_match& match);
  /// The envelope that its errors have.
  http::error_dialect errors() const noexcept {
    return route_ != nullptr && route_->errors ? *route_->errors : http::dialect_of(path());
  }

  enum class body_state {
    complete,
    too_large, ///< 413
    malformed, ///< broken transfer coding
    timeout,   ///< 408
    gone,      ///< the client left, or the exchange was canceled
  };
  /// Collects the whole body, at most `max` bytes. It is then in `body()`, followed by
  /// http::json_padding readable bytes. May be asked for more than once.
  net::task<body_state> read_body(std::size_t max);
  /// The same for a body that has arrived with its head, as most do. @returns false when it has
  /// not, or is chunked or larger than `max`: nothing has changed then, and `read_body` does the
  /// rest.
  bool take_body_at_hand(std::size_t max);
  std::string_view body() const noexcept { return {scratch_.body.data(), body_size_}; }
  /// After it was read: the same request in other words, which `body()` is from here on.
  void put_body(std::string_view words);
  bool has_body() const noexcept { return scratch_.head.framing() != http::body_framing::none; }
  bool body_complete() const noexcept { return body_done_; }

  /// For bodies that are passed on while they arrive: the next decoded bytes, valid until
  /// `release_piece`. `wait` starts a read.
  http::body_piece next_piece(std::string_view& piece);
  void release_piece();

  // ---- surroundings ----
  worker& owner() noexcept { return owner_; }
  const client::routes_ptr& routes() const noexcept { return routes_; }
  const config::settings& settings() const noexcept { return routes_->settings(); }
  session& actor() noexcept { return *session_.get(); }
  exchange_record& record() noexcept { return record_; }
  /// Of the matched route; null for requests that no route takes.
  telemetry::route_metrics* metrics() const noexcept {
    return route_ != nullptr ? route_->metrics : nullptr;
  }
  std::uint64_t number() const noexcept { return number_; }
  net::transport& downstream() noexcept { return downstream_; }

  // ---- waiting ----
  /// Something may have changed: bytes, the client, a timer, an actor's answer. Look again.
  /// The client is watched meanwhile.
  auto changed() {
    if (body_done_ && !detached_) {
      if (downstream_.ended()) [[unlikely]]
        ask_client();
      else
        downstream_.read();
    }
    return wake_->wait();
  }
  const net::wake_ptr& wake() const noexcept { return wake_; }
  /// Wakes this exchange at `due` at the latest; 0 takes the alarm off.
  void alarm(net::time_ns due);
  /// The client has gone, or the exchange is to be given up for another reason.
  bool given_up() const noexcept { return client_gone() || session_->canceled(); }
  /// A client that has only closed its sending side behind a complete request is not gone: it still
  /// gets its answer. Both look the same until something is sent, so something is (see
  /// `ask_client`): where nobody reads any more, the kernel answers with a reset within a round
  /// trip.
  bool client_gone() const noexcept {
    return departed_ || downstream_.write_error() || (downstream_.ended() && !may_still_read());
  }
  /// While a body is only half read, nothing is read to notice that the client leaves: to be called
  /// every `departure_interval` of such a wait.
  void look_for_departure();
  /// Why nobody waits for its answer: for log and metrics of a request whose client has gone.
  http::response_detail departure() const noexcept;
  static constexpr net::time_ns departure_interval = 100'000'000;

  // ---- the answer ----
  net::task<void> reply(unsigned status, std::string_view content_type, std::string_view body,
                        std::string_view extra_fields = {});
  net::task<void> reply_error(http::response_detail detail, std::string_view message = {},
                              std::optional<unsigned> retry_after = {}, std::string_view allow = {},
                              std::string_view label = {});
  /// Field lines, each with CRLF, that go into the head of whatever answers, behind its status
  /// line.
  void add_to_answer(std::string_view lines) { scratch_.added_fields.append(lines); }
  /// Decides whether the connection outlives this answer, and returns what the answer's Connection
  /// field has to say about it. What was said once holds, even if a drain begins in between.
  http::connection_directive decide_connection() noexcept;
  /// True for an HTTP/1.0 client: it cannot read chunks.
  bool plain_only() const noexcept { return scratch_.head.minor == 0; }
  /// The connection ends after this answer.
  void close_after() noexcept { keep_alive_ = false; }
  bool keep_alive() const noexcept { return keep_alive_; }

  /// The answer is an event stream in chunks (without them for `plain_only`), and whatever is
  /// written ends between two events: a comment of the exchange's own may follow.
  void begin_events() noexcept { events_ = true; }
  /// Writes pieces of an answer that the handler makes itself, heads included. @returns true when
  /// all was taken at once; otherwise `co_await finish_write()` before the pieces change. What is
  /// written before that was taken is kept and follows.
  bool write(std::span<const std::string_view> pieces);
  /// @returns false when the client is gone or does not read for the write time limit.
  net::task<bool> finish_write();
  bool begun() const noexcept { return begun_; }
  /// Scratch for heads that a handler writes.
  std::string& out() noexcept { return scratch_.out; }
  exchange_scratch& scratch() noexcept { return scratch_; }
  /// The answer is incomplete and the client has to notice: the connection ends without the last
  /// chunk, or with a reset where only the connection's end tells the answer's.
  void abort() noexcept;
  /// The answer has no framing of its own: it ends with the connection.
  void until_close() noexcept { until_close_ = true; }
  bool aborted() const noexcept { return aborted_; }
  /// From here on the connection carries no HTTP: what the client sends is the handler's, as it
  /// comes, and so is what goes out; that it closes its side is no departure. The connection ends
  /// with the handler's return. @pre the request's body was read. @returns the transport; what has
  /// come behind the request is in its input
  net::transport& detach() noexcept;
  bool detached() const noexcept { return detached_; }
  /// True if the client did not read for as long as it may take.
  bool write_timed_out() const noexcept { return write_timed_out_; }

private:
  friend class connection;
  struct alarm_timer final : net::timer_node {
    net::wake_point* wake = nullptr;
    void on_timer() override { wake->notify(); }
  };
  body_state take_body(std::size_t max);
  bool write_with_added(std::span<const std::string_view> pieces);
  void send_continue();
  bool may_still_read() const noexcept;
  bool rest_is_here() noexcept;
  void ask_client();

  worker& owner_;
  net::transport& downstream_;
  net::wake_ptr wake_;
  client::routes_ptr routes_;
  session_ref session_;
  exchange_scratch& scratch_;
  http::request_id id_;
  std::vector<path_parameter> parameters_;
  const std::string& client_ip_;
  alarm_timer timer_;
  exchange_record record_;
  const route* route_ = nullptr;
  std::string allowed_;
  arrival arrived_;
  std::uint64_t number_ = 0;

  std::size_t body_size_ = 0;
  std::int64_t body_left_ = 0;
  std::size_t piece_bytes_ = 0; ///< input bytes behind the piece that was handed out
  http::chunk_decoder chunks_;
  bool body_done_ = true;
  bool continue_sent_ = false;
  bool keep_alive_ = false;
  bool departed_ = false;
  bool asked_ = false;  ///< after its FIN the client was sent something
  bool events_ = false; ///< see `begin_events`
  bool begun_ = false;
  bool aborted_ = false;
  bool detached_ = false;
  bool until_close_ = false;
  bool write_timed_out_ = false;
  net::time_ns ended_at_ = 0; ///< when the client's FIN was noticed
  net::time_ns last_write_ = 0;
  alarm_timer grace_;
  std::string deferred_; ///< written while something before it was on its way
  std::string sending_;  ///< what `deferred_` was
};

} // namespace synapse::server
