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
  return options.request != nullptr || options.elsewhere != nullptr
             ? ++exchange.owner().last_request
             : exchange.number();
}
} // namespace

net::task<void> forward(server::exchange& exchange, client::site_ptr site,
                        forward_options options) {
  forwarder work{exchange, std::move(site), options};
  co_await work.run();
}

net::task<forward_end> forward(server::exchange& exchange, targets& all, forward_options options) {
  options.elsewhere = &all;
  options.elsewhere_decides = all.decide();
  options.body = all.body();
  all.prepare(options);
  forwarder work{exchange, all.site(), options};
  co_return co_await work.run();
}

forwarder::leg::leg(server::exchange& exchange, client::site_ptr site,
                    const forward_options& options, bool fresh)
    : of(exchange, std::move(site), options), body(of), policy(of.settings.retry, fresh),
      number(permit_number(exchange, options)) {}

forwarder::forwarder(server::exchange& exchange, client::site_ptr site, forward_options options) {
  leg_.emplace(exchange, std::move(site), options, false);
}

/// The loop of attempts: over a second connection with the same permit if a kept one was stale,
/// with another permit if the policy says so, and at another target if what came back only means
/// that this one has not got what is asked for.
net::task<forward_end> forwarder::run() {
  for (;;) {
    auto& at = *leg_;
    if (!at.permit) {
      // Usually the lane has answered by the second line, and yes.
      at.permit.emplace(at.of, at.number);
      if (!at.permit->take()) {
        const auto how = co_await at.permit->await();
        if (how == step::failed) {
          const auto next = co_await after_denial();
          if (next == onward::target) {
            go_on();
            continue;
          }
          co_return next == onward::ended ? forward_end::gone : at.of.end;
        }
        if (how != step::done)
          co_return at.of.end;
      }
      begin_attempt();
    }
    auto how = step::failed;
    http::lost_request lost;
    {
      upstream_request request{at.of, *at.permit, at.body, at.begun};
      how = co_await request.send(at.policy.may_reuse());
      if (how == step::done)
        how = co_await relay(at.of, request);
      if (how == step::failed)
        lost = request.lost();
      if (how == step::failed && at.of.collected.within_success) {
        request.answered_well();
        how = step::done;
      }
    }
    if (how == step::failed) {
      const auto next = after_failure(lost);
      if (next == retry::same)
        continue;
      if (next == retry::next) {
        if (!co_await pause())
          co_return at.of.end;
        continue;
      }
    } else if (how != step::done) {
      cancel();
      co_return how == step::gone ? at.of.end : forward_end::refused;
    }
    at.permit.reset();
    if (is_final(how)) {
      tell_answered();
      co_return at.of.end;
    }
    if (at.of.options.elsewhere != nullptr) {
      const auto next = co_await at.of.options.elsewhere->after(miss_of(how, lost));
      if (next == onward::ended)
        co_return forward_end::gone;
      if (next == onward::target) {
        go_on();
        continue;
      }
    }
    if (how == step::failed)
      co_await tell_failure();
    else
      co_await relay_collected();
    co_return forward_end::replied;
  }
}

void forwarder::begin_attempt() {
  auto& at = *leg_;
  if (at.policy.failed() > 0)
    at.of.metrics.retries.increment();
  ++at.of.ex.record().attempts;
  if (at.of.options.elsewhere != nullptr)
    at.of.options.elsewhere->begun(at.permit->granted().cell_probe);
  at.begun = net::io_thread::recent();
  at.of.answer_unknown = true;
}

/// Nothing else can follow: the client has its answer, or the handler that asked in its own words.
bool forwarder::is_final(step how) const {
  const auto& of = leg_->of;
  if (how != step::done)
    return false;
  if (of.end != forward_end::collected)
    return true;
  return of.options.request != nullptr && !of.options.elsewhere_decides;
}

/// Tells the targets how the client's answer has ended.
void forwarder::tell_answered() {
  auto& of = leg_->of;
  if (of.options.elsewhere == nullptr || of.end != forward_end::replied)
    return;
  answer_end how;
  how.badly = of.ended_badly;
  const auto first = of.streamed ? of.first_content : of.ex.record().answered;
  how.first_content = first > of.sent ? first - of.sent : 0;
  of.options.elsewhere->answered(how);
}

/// There was no permit. @returns where the request goes now; `none` and `ended`: the client knows
net::task<onward> forwarder::after_denial() {
  auto& of = leg_->of;
  if (!of.options.elsewhere_decides) {
    co_await tell_denial();
    co_return onward::none;
  }
  miss what;
  what.denied = leg_->permit->reason();
  what.retry_after_ms = leg_->permit->retry_after_ms();
  auto* all = of.options.elsewhere;
  leg_->permit.reset();
  co_return co_await all->after(what);
}

/// Counts it, and gives the permit back unless that serves once more.
retry forwarder::after_failure(const http::lost_request& lost) {
  auto& at = *leg_;
  auto next = at.policy.after(at.of.failed.what, lost);
  if (next == retry::next && at.of.options.elsewhere_decides)
    next = retry::stop;
  if (next == retry::same) {
    // No fault of anybody.
    at.of.metrics.stale_connections.increment();
    return next;
  }
  const auto& row = at.of.failed.row();
  at.of.metrics.attempts[row.counted].increment();
  if (at.of.failed.what == mishap::reset_before_answer && !at.policy.repeatable() &&
      lost.sent_whole && !at.of.options.elsewhere_decides)
    at.of.failed.message += "; it may have carried the request out, so that is not sent again";
  at.permit->give_back(at.of.told_of(row));
  at.permit.reset();
  return next;
}

/// The client has left, or its body has failed: nothing is known of the backend.
void forwarder::cancel() {
  auto& at = *leg_;
  at.of.metrics.attempts[counted_result::canceled].increment();
  at.permit->give_back(attempt_result::canceled);
}

/// Before the next attempt. @returns false when the client left meanwhile.
net::task<bool> forwarder::pause() {
  auto& of = leg_->of;
  const auto length = leg_->policy.pause(random_factor(of.settings.retry.jitter));
  if (length == 0)
    co_return true;
  const auto due = net::io_thread::now() + length;
  while (!passed(due)) {
    if (of.ex.given_up()) {
      of.leave(telemetry::request_phase::permit);
      co_return false;
    }
    co_await of.wait(due);
  }
  co_return true;
}

/// What another target may be there for.
miss forwarder::miss_of(step how, const http::lost_request& lost) {
  miss what;
  what.failed = how == step::failed ? &leg_->of.failed : nullptr;
  what.lost = lost;
  what.answer = how == step::done ? &leg_->of.collected : nullptr;
  what.unreachable = how == step::failed && leg_->policy.repeatable();
  return what;
}

/// To the next target.
void forwarder::go_on() {
  auto& exchange = leg_->of.ex;
  auto options = leg_->of.options;
  const auto before = leg_->of.site;
  const auto site = options.elsewhere->site();
  options.body = options.elsewhere->body();
  options.elsewhere->prepare(options);
  leg_.emplace(exchange, site, options, site == before);
}

net::task<void> forwarder::tell_denial() {
  auto why = leg_->permit->why();
  co_await tell(why.detail, std::move(why.message), why.retry_after);
}

net::task<void> forwarder::tell_failure() {
  auto& of = leg_->of;
  const auto detail = of.failed.row().detail;
  spdlog::warn("request {}: backend {}: {} ({})", of.ex.id(), of.settings.name, of.failed.message,
               http::to_string(detail));
  std::optional<unsigned> retry_after;
  const auto status = http::info(detail).status;
  if (status == 503)
    retry_after = 1;
  co_await tell(detail, of.named(of.failed.message), retry_after,
                status == 502 ? of.options.label : std::string_view{});
}

/// Answers with an error, or ends a stream that began before the backend has answered.
net::task<void> forwarder::tell(response_detail detail, std::string message,
                                std::optional<unsigned> retry_after, std::string_view label) {
  auto& of = leg_->of;
  if (of.ex.begun()) {
    of.count_stream_end(http::info(detail).status == 504 ? stream_end::timeout
                                                         : stream_end::truncated);
    if (of.options.translator) {
      co_await break_off(of, detail, std::move(message));
      co_return;
    }
  }
  co_await reply_or_end(of.ex, detail, message, retry_after, label);
}

/// Passes it on as it came, if the client speaks the backend's dialect.
net::task<void> forwarder::relay_collected() {
  auto& of = leg_->of;
  auto& answer = of.ex.scratch().answer();
  if (of.options.translator != nullptr && !of.ex.begun()) {
    co_await pass_on_error(of.ex, of.collected, {});
    co_return;
  }
  if (of.ex.begun()) {
    spdlog::warn("request {}: backend {} answered {} to a stream that had begun", of.ex.id(),
                 of.settings.name, answer.status);
    of.count_stream_end(stream_end::upstream_error);
    co_await end_begun_stream(of.ex, of.collected);
    co_return;
  }
  if (!of.down.send_whole(answer, of.collected.body) && !co_await of.down.drained())
    of.leave(telemetry::request_phase::responding);
}

} // namespace synapse::proxy
