/// @file
/// One request that is forwarded, as all its attempts and their relays see it.
#pragma once

#include "http/proxy/deadlines.hpp"
#include "http/proxy/downstream/downstream_writer.hpp"
#include "http/proxy/failure.hpp"
#include "http/proxy/targets.hpp"
#include "http/proxy/translation.hpp"
#include "http/server/exchange/exchange.hpp"
#include "http/sites/thread_routes.hpp"
#include "telemetry/gateway_metrics.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace synapse::proxy {

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
  /// The backend has done its work when it begins to answer: who reads slowly keeps nobody from its
  /// turn.
  bool free_with_head = false;
  /// Beginning of the streamed body that was read already. Outlives the forwarder.
  std::string_view body_begun = {};
  std::uint64_t max_body = 0; ///< of a streamed body, decoded; 413 beyond; 0: no limit
  /// Send this instead of the client's request. Outlives the forwarder.
  const own_request* request = nullptr;
  /// What the client gets for a good answer; without one it gets the backend's own, or with
  /// `request` the handler does. Answers other than 2xx are the handler's with `request`, and told
  /// in the envelope of the client's dialect without it. Outlives the forwarder.
  answer_translator* translator = nullptr;
  /// Send this body instead of the client's, with the client's own head. Outlives the forwarder.
  const std::string* body = nullptr;
  /// Where the client's own request may go when its first target turns out not to have what it is
  /// about. Outlives the forwarder.
  targets* elsewhere = nullptr;
  /// Of these targets: they decide about every failure, and answers of any kind come back to them.
  bool elsewhere_decides = false;
  /// Cell of the deployment that is asked; 0: the request is not about one.
  std::uint64_t cell = 0;
  /// Timers of the attempt; null: the backend's. Outlives the forwarder.
  const config::timeout_settings* timeouts = nullptr;
  /// When the client's answer has to have begun, whatever it is; 0: at any time.
  net::time_ns deadline = 0;
  /// Longest wait for a permit, 0: it is there or it is not; nothing: as the backend has it.
  std::optional<net::time_ns> permit_wait;
  /// Path and query of the request in the place of the client's; empty: those. Outlives the
  /// forwarder.
  std::string_view target = {};
  /// Further field lines of the request. Outlives the forwarder.
  std::string_view request_fields = {};
  /// Not empty: the model's name in OpenAI's answers, as JSON, becomes the other one. Both outlive
  /// the forwarder.
  std::string_view rename_from = {};
  std::string_view rename_to = {};
  /// Field lines of the answer in the place of the backend's usual ones. Outlives the forwarder.
  std::string_view answer_fields = {};
  /// Label of 502 answers in the envelope of routes beside OpenAI's; empty: the usual one.
  std::string_view label = {};
};

/// What a step of an attempt has come to.
enum class step : std::uint8_t {
  done,    ///< the next one may begin; of the last one: the client has its answer, or the handler
  failed,  ///< `call::failed` says why; nothing of the answer was sent to the client
  gone,    ///< the client has left, or it was told why its body is not taken
  refused, ///< the body's source has failed; nothing was sent to the client
};

/// What has come of a forwarded request.
enum class forward_end : std::uint8_t {
  replied,   ///< the client has its answer, or as much as there was
  gone,      ///< the client has left
  refused,   ///< the body's source has failed; nothing was sent to the client
  collected, ///< see `forwarder::answer`; nothing was sent to the client
};

/// Waits for anything to happen. What is waited is not our overhead.
struct waiting {
  server::exchange& exchange;
  net::wake_point::awaiter inner;
  net::time_ns from;
  bool await_ready() const noexcept { return inner.await_ready(); }
  void await_suspend(std::coroutine_handle<> waiter) const noexcept { inner.await_suspend(waiter); }
  void await_resume() const noexcept {
    exchange.record().upstream_ns += net::io_thread::now() - from;
    if (!exchange.body_complete())
      exchange.look_for_departure();
  }
};

/// On the exchange's thread; outlived by exchange and options' parts.
class call {
public:
  call(server::exchange& exchange, client::site_ptr site, forward_options wanted);
  call(const call&) = delete;
  call& operator=(const call&) = delete;

  server::exchange& ex;
  const client::site_ptr site;
  const forward_options options;
  const config::backend_settings& settings;
  const config::timeout_settings& timeouts;
  telemetry::backend_metrics& metrics;
  telemetry::route_metrics* const route_metrics; ///< null: no route has taken the request
  /// The request's body goes out while it comes in.
  const bool streams_body;

  downstream_writer down;
  failure failed;                         ///< after `step::failed`
  collected_answer collected;             ///< after `forward_end::collected`
  forward_end end = forward_end::replied; ///< what `step::done` and `step::gone` mean

  /// Nothing is known of the answer: a client that was promised a stream hears something while it
  /// waits.
  bool answer_unknown = true;
  bool uploading; ///< the body's source is not at its end
  /// Something of the backend's answer is the client's: there is no other one any more.
  bool committed = false;
  net::time_ns sent = 0; ///< when all of the request had gone out, as far as it went
  /// The answer is told while it is made: of such a one the first content counts, of others the
  /// head.
  bool streamed = false;
  net::time_ns first_content = 0;          ///< of a streamed answer; 0: it has none yet
  const mishap_row* ended_badly = nullptr; ///< what was wrong with an answer that has begun

  /// What the lane is told of it. Of a deployment the backend itself is only to blame for what
  /// concerns connections: the rest is its cell's.
  actors::attempt_result told_of(const mishap_row& row) const noexcept;

  step fail(mishap what, std::string message = {});
  /// The client has gone: counts that. @param seen when it was noticed; what was open at the
  /// backend has been dropped since
  step leave(telemetry::request_phase phase, net::time_ns seen);
  step leave(telemetry::request_phase phase) { return leave(phase, net::io_thread::now()); }

  /// Until something may have changed. @param due when to wake up at the latest, 0 for never
  waiting wait(net::time_ns due);

  /// How the client's stream has ended, for metrics and log.
  void count_stream_end(telemetry::stream_end kind);
  /// The backend has answered with an error although its status was good: what it says is for
  /// those who decide where the request goes. @param status that it has named; 0: none
  void keep_error(unsigned status, std::string_view body);
  /// What a backend says, without the credentials that it may have been sent.
  std::string masked(std::string_view text) const;
  /// "backend NAME: …"
  std::string named(std::string_view message) const {
    return "backend " + settings.name + ": " + std::string{message};
  }
};

} // namespace synapse::proxy
