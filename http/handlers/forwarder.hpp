/// @file
/// Carries one request to a backend and its answer back.
#pragma once

#include "actors/runtime/ask.hpp"
#include "http/client/thread_routes.hpp"
#include "http/core/answer_form.hpp"
#include "http/core/event_relay.hpp"
#include "http/handlers/upstream_parts.hpp"
#include "http/server/exchange.hpp"
#include "telemetry/gateway_metrics.hpp"

#include <array>
#include <string>
#include <string_view>

namespace synapse::http {
class usage_tail;
}

namespace synapse::handlers {

struct forward_options {
  /// Pass the request's body on while it arrives instead of sending `exchange::body()`. Such a
  /// request is not tried again once a byte of its body has gone out.
  bool stream_body = false;
  /// The backend answers with OpenAI chat or completion chunks if it streams: watch their end.
  bool openai_stream = false;
  /// A good answer is JSON that is whole and no error, or such a stream; anything else with a 200
  /// is a failure of the backend's.
  bool openai_answer = false;
  /// The client has asked for a stream: it may get its head and comments while the backend is
  /// silent.
  bool wants_stream = false;
  /// Take no kept connection: one was replaced for this request already.
  bool fresh_connection = false;
  std::uint64_t max_body = 0; ///< of a streamed body, decoded; 413 beyond; 0: no limit
  /// Send this instead of the client's request. Outlives the forwarder.
  const own_request* request = nullptr;
  /// What the client gets for a good answer; without one the handler gets it. Answers other than
  /// 2xx are the handler's in any case. Only with `request`; outlives the forwarder.
  answer_translator* translator = nullptr;
  /// Send this body instead of the client's, with the client's own head. Outlives the forwarder.
  const std::string* body = nullptr;
  /// What may only mean that the backend's model is not there comes back to the handler: small
  /// answers with a 4xx or 5xx status, as `collected`, and failures before any answer, as `failed`.
  bool hold_failures = false;
  /// Label of 502 answers in the envelope of routes beside OpenAI's; empty: the usual one.
  std::string_view label = {};
};

/// What has come of a forwarded request.
enum class forward_end {
  replied,   ///< the client has its answer, or as much as there was
  gone,      ///< the client has left
  refused,   ///< the body's source has failed; nothing was sent to the client
  collected, ///< see `forwarder::answer`; nothing was sent to the client
  failed,    ///< with `hold_failures`: see `forwarder::tell_failure`; nothing was sent
};

/// One forwarded exchange: permit → connection → request → answer → outcome, again for a further
/// attempt where that is allowed (connection-level failures before any byte of the answer, but not
/// when the backend may have carried out what must not be done twice; see http/core/replay.hpp).
/// Replies to the client unless it says otherwise. On the exchange's thread.
class forwarder {
public:
  forwarder(server::exchange& exchange, client::site_ptr site, forward_options options);
  forwarder(const forwarder&) = delete;
  forwarder& operator=(const forwarder&) = delete;
  ~forwarder();

  net::task<forward_end> run();

  /// After `collected`.
  collected_answer& answer() noexcept { return collected_; }
  /// After `collected`, for the client's own request: passes the answer on as it came.
  net::task<void> relay_collected();
  /// After `failed`: tells the client.
  net::task<void> tell_failure() { return reply_failure(); }
  /// After `failed`: the backend could not be reached, or let go of the connection before it had
  /// the whole request. It may be sent again.
  bool unreachable() const noexcept { return retryable_; }

private:
  /// What an attempt came to.
  enum class verdict {
    answered,  ///< see `end_`: usually the client has its answer, or the beginning of one
    failed,    ///< `failure_` says why; nothing was sent to the client
    abandoned, ///< the client has gone
    refused,   ///< the body's source has failed
  };
  struct timer_set {
    net::time_ns sent = 0;    ///< request written
    net::time_ns begun = 0;   ///< attempt began
    net::time_ns reading = 0; ///< the gateway began to look for bytes of the answer
  };

  // attempts
  void ask_permit(actors::question<actors::permit>& question, net::time_ns now);
  bool take_permit(const actors::permit& granted);
  net::task<bool> await_permit(actors::question<actors::permit>& question, net::time_ns asked);
  net::task<verdict> attempt();
  net::task<verdict> open_connection();
  bool begin_request();
  net::task<verdict> finish_request();
  net::task<verdict> pump_body();
  bool answered_early();
  net::task<verdict> refuse_body(http::response_detail detail);
  body_source::state next_piece(std::string_view& piece);
  void release_piece();
  net::task<verdict> read_head();
  net::task<bool> back_off(unsigned attempts_done);
  void return_permit(actors::attempt_result result);
  verdict fail(http::response_detail detail, telemetry::attempt_result counted,
               actors::attempt_result told, std::string message);
  verdict lost_connection();
  net::task<void> reply_failure();
  net::task<void> deny(const actors::permit& refused);
  net::task<void> tell(http::response_detail detail, std::string message,
                       std::optional<unsigned> retry_after = {}, std::string_view label = {});

  // answers of own requests (forwarder_translate.cpp)
  net::task<verdict> relay_translated();
  net::task<verdict> collect();
  net::task<verdict> collect_after_head();
  net::task<void> break_off(http::response_detail detail, std::string message);
  net::task<bool> send_translated(bool last);
  void write_own_head(http::body_framing framing, std::uint64_t length);
  net::task<verdict> translation_failed(http::response_detail detail,
                                        telemetry::attempt_result counted,
                                        actors::attempt_result told, telemetry::stream_end kind,
                                        std::string message);
  void count_stream_end(telemetry::stream_end kind);

  // answers
  net::task<verdict> relay();
  net::task<verdict> relay_body();
  net::task<verdict> await_small_body();
  net::task<bool> await_client();
  bool take_input(std::string& into);
  void write_answer_head(http::body_framing framing, bool event_stream);
  actors::attempt_result result_of_total(bool alive) const;
  verdict cut_off(http::response_detail detail, telemetry::attempt_result counted,
                  actors::attempt_result told);

  // event streams (forwarder_stream.cpp)
  net::task<verdict> relay_stream();
  void look_at_events();
  net::task<bool> send_events(bool last);
  net::task<verdict> stream_late(bool total, bool first);
  net::task<verdict> end_stream();
  net::task<verdict> end_stream_well();
  net::task<verdict> reply_reported_error();
  net::task<verdict> stream_failed(http::response_detail detail, std::string_view message,
                                   telemetry::attempt_result counted, actors::attempt_result told,
                                   telemetry::stream_end kind);
  net::task<verdict> stream_abandoned();
  net::time_ns sign_of_life(net::time_ns now);

  // whole answers that are looked at (forwarder_whole.cpp)
  bool is_judged() const;
  net::task<verdict> relay_judged();
  net::task<verdict> hold_answer();
  net::task<verdict> answer_held();
  net::task<verdict> pass_rest();
  net::task<verdict> answer_as_stream();
  verdict judge(std::string_view held);
  verdict no_answer(std::string why);
  void note_usage(const http::usage_tail& tail);
  std::string masked(std::string_view text) const;
  void release_connection();
  void drop_connection();
  void answered_well();

  // waiting
  /// Waits for anything to happen. What is waited is not our overhead.
  struct waiting {
    server::exchange& exchange;
    net::wake_point::awaiter inner;
    net::time_ns from;
    bool await_ready() const noexcept { return inner.await_ready(); }
    void await_suspend(std::coroutine_handle<> waiter) const noexcept {
      inner.await_suspend(waiter);
    }
    void await_resume() const noexcept {
      exchange.record().upstream_ns += net::io_thread::now() - from;
      if (!exchange.body_complete())
        exchange.look_for_departure();
    }
  };
  /// @param due when to wake up at the latest, 0 for never
  waiting wait(net::time_ns due);
  net::time_ns deadline_of(net::time_ns from, config::milliseconds limit) const;
  void note_departure(telemetry::request_phase phase);

  server::exchange& ex_;
  client::site_ptr site_;
  forward_options options_;
  bool streams_body_;    ///< the request's body goes out while it comes in
  std::uint64_t number_; ///< of the permit
  forward_end end_ = forward_end::replied;
  const config::backend_settings& settings_;
  telemetry::backend_metrics& metrics_;
  telemetry::route_metrics* route_metrics_;

  actors::permit permit_;
  bool permit_held_ = false;
  client::connection_ptr upstream_;
  http::response_head& answer_; ///< in the exchange's scratch
  timer_set time_;
  bool body_started_ = false;
  bool chunked_body_ = false; ///< a streamed body goes out in chunks
  bool body_read_ = false;    ///< its source has come to its end
  std::uint64_t body_bytes_ = 0;
  char chunk_line_[20];     ///< the piece under way; a write may still refer to it
  bool body_sent_ = false;  ///< all of a streamed body has gone out
  bool sent_whole_ = false; ///< all of the request was handed to the kernel
  bool replaced_;           ///< a kept connection was; see http/core/replay.hpp

  http::response_detail failure_ = http::response_detail::internal_error;
  actors::attempt_result told_ = actors::attempt_result::ok;
  std::string message_;
  bool retryable_ = false;

  http::chunk_decoder chunks_;
  std::int64_t body_left_ = 0;

  // own requests
  collected_answer collected_;
  std::string translated_; ///< not yet sent
  bool streaming_;         ///< the answer goes out piece by piece

  // the answer's body
  std::string decoded_;       ///< not yet sent
  bool input_ended_ = false;  ///< the answer's framing says that it is over
  bool input_broken_ = false; ///< the connection ended before that
  bool committed_;            ///< the client has the head
  http::json_follower json_;
  http::answer_form form_ = http::answer_form::unknown;

  // event stream
  http::event_relay stream_;
  net::time_ns first_content_ = 0;
  bool before_answer_ = true; ///< nothing is known of the answer yet
  bool uploading_;            ///< the body's source is not at its end
  net::time_ns silent_since_; ///< when the client was last sent something, or asked
  std::string early_;         ///< what a sign of life has sent
};

/// Forwards the client's own request and replies in every case.
net::task<void> forward(server::exchange& exchange, client::site_ptr site, forward_options options);

/// Forwards the client's own request with a JSON body, checked before, and replies in every case.
/// openai_handler.cpp
net::task<void> forward_whole_json(server::exchange& exchange, client::site_ptr site);

} // namespace synapse::handlers
