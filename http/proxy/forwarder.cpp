#include "http/proxy/forwarder.hpp"

#include "http/proxy/downstream/error_answer.hpp"
#include "http/proxy/relay/relay.hpp"
#include "http/proxy/upstream/upstream_request.hpp"

#include <spdlog/spdlog.h>

#include <random>

namespace synapse::proxy {

using actors::attempt_result;
using http::response_detail;
using telemetry::stream_end;
using counted_result = telemetry::attempt_result;

namespace {
double random_factor(double jitter) {
  static thread_local std::minstd_rand generator{std::random_device{}()};
  return std::uniform_real_distribution<double>{1.0 - jitter, 1.0 + jitter}(generator);
}

/// A request that is repeated needs its own number: the permit of the first may still be on its
/// way back.
std::uint64_t permit_number(server::exchange& exchange, const forward_options& options) {
  return options.request || options.hold_failures ? ++exchange.owner().last_request
                                                  : exchange.number();
}
} // namespace

net::task<void> forward(server::exchange& exchange, client::site_ptr site,
                        forward_options options) {
  forwarder work{exchange, std::move(site), options};
  if (co_await work.run() == forward_end::collected)
    co_await work.relay_collected();
}

forwarder::forwarder(server::exchange& exchange, client::site_ptr site, forward_options options)
    : call_(exchange, std::move(site), options), body_(call_),
      policy_(call_.settings.retry, options.fresh_connection),
      number_(permit_number(exchange, options)) {}

/// The loop of attempts.
net::task<forward_end> forwarder::run() {
  for (;;) {
    permit_slot permit{call_, number_};
    // Usually the lane has answered by now, and yes.
    if (!permit.take()) {
      const auto how = co_await permit.await();
      if (how == step::failed) {
        auto why = permit.why();
        co_await tell(why.detail, std::move(why.message), why.retry_after);
      }
      if (how != step::done)
        co_return call_.end;
    }
    if (policy_.failed() > 0)
      call_.metrics.retries.increment();
    ++call_.ex.record().attempts;

    const auto how = co_await attempt(permit);
    if (how == step::done)
      co_return call_.end;
    if (how != step::failed) {
      call_.metrics.attempts[counted_result::canceled].increment();
      permit.give_back(attempt_result::canceled);
      co_return how == step::gone ? call_.end : forward_end::refused;
    }
    permit.give_back(call_.failed.row().told);
    if (policy_.next() == retry::stop)
      break;
    if (!co_await pause())
      co_return call_.end;
  }
  if (call_.options.hold_failures)
    co_return forward_end::failed;
  co_await tell_failure();
  co_return forward_end::replied;
}

/// With one permit; over a second connection if the first one was stale.
net::task<step> forwarder::attempt(permit_slot& permit) {
  const auto begun = net::io_thread::recent();
  call_.answer_unknown = true;
  for (;;) {
    upstream_request request{call_, permit, body_, begun};
    auto how = co_await request.send(policy_.may_reuse());
    if (how == step::done)
      how = co_await relay(call_, request);
    if (how != step::failed)
      co_return how;
    const auto lost = request.lost();
    if (policy_.after(call_.failed.what, lost) != retry::same) {
      call_.metrics.attempts[call_.failed.row().counted].increment();
      if (call_.failed.what == mishap::reset_before_answer && !policy_.repeatable() &&
          lost.sent_whole)
        call_.failed.message += "; it may have carried the request out, so that is not sent again";
      co_return step::failed;
    }
    // No fault of anybody.
    call_.metrics.stale_connections.increment();
  }
}

/// Before the next attempt. @returns false when the client left meanwhile.
net::task<bool> forwarder::pause() {
  const auto length = policy_.pause(random_factor(call_.settings.retry.jitter));
  if (length == 0)
    co_return true;
  const auto due = net::io_thread::now() + length;
  while (!passed(due)) {
    if (call_.ex.given_up()) {
      call_.leave(telemetry::request_phase::permit);
      co_return false;
    }
    co_await call_.wait(due);
  }
  co_return true;
}

net::task<void> forwarder::tell_failure() {
  const auto detail = call_.failed.row().detail;
  spdlog::warn("request {}: backend {}: {} ({})", call_.ex.id(), call_.settings.name,
               call_.failed.message, http::to_string(detail));
  std::optional<unsigned> retry_after;
  const auto status = http::info(detail).status;
  if (status == 503)
    retry_after = 1;
  co_await tell(detail, call_.named(call_.failed.message), retry_after,
                status == 502 ? call_.options.label : std::string_view{});
}

/// Answers with an error, or ends a stream that began before the backend has answered.
net::task<void> forwarder::tell(response_detail detail, std::string message,
                                std::optional<unsigned> retry_after, std::string_view label) {
  if (call_.ex.begun()) {
    call_.count_stream_end(http::info(detail).status == 504 ? stream_end::timeout
                                                            : stream_end::truncated);
    if (call_.options.translator) {
      co_await break_off(call_, detail, std::move(message));
      co_return;
    }
  }
  co_await reply_or_end(call_.ex, detail, message, retry_after, label);
}

net::task<void> forwarder::relay_collected() {
  auto& answer = call_.ex.scratch().answer();
  if (call_.ex.begun()) {
    spdlog::warn("request {}: backend {} answered {} to a stream that had begun", call_.ex.id(),
                 call_.settings.name, answer.status);
    call_.count_stream_end(stream_end::upstream_error);
    co_await end_begun_stream(call_.ex, call_.collected);
    co_return;
  }
  if (!call_.down.send_whole(answer, call_.collected.body) && !co_await call_.down.drained())
    call_.leave(telemetry::request_phase::responding);
}

} // namespace synapse::proxy
