#include "http/api/deployments/gpu_turn.hpp"

#include "actors/runtime/ask.hpp"
#include "http/api/request/body_reading.hpp"
#include "http/core/body/sse.hpp"
#include "http/proxy/deadlines.hpp"
#include "http/proxy/downstream/downstream_writer.hpp"
#include "telemetry/gateway_metrics.hpp"

#include <utility>

namespace synapse::api {

namespace {
/// Whatever ends the wait without an answer, the desk is told: a use that nobody ends would keep
/// the backend awake for ever.
struct unanswered_wake {
  unanswered_wake(actors::gpu_desk_actor to, std::uint64_t request)
      : desk(std::move(to)), number(request) {}
  unanswered_wake(const unanswered_wake&) = delete;
  unanswered_wake& operator=(const unanswered_wake&) = delete;
  ~unanswered_wake() {
    if (armed)
      caf::anon_send(desk, actors::gpu_abandoned(number));
  }

  actors::gpu_desk_actor desk;
  std::uint64_t number;
  bool armed = true;
};
} // namespace

gpu_turn::gpu_turn(server::exchange& exchange, client::site_ptr site)
    : ex_(exchange), site_(std::move(site)) {}

bool gpu_turn::take_at_once() {
  held_ = site_->gpu->enter(site_->name());
  return held_;
}

void gpu_turn::end() {
  if (std::exchange(held_, false))
    site_->gpu->leave(site_->name());
}

/// Sends a comment, with the head of the event stream before the first one.
net::task<bool> gpu_turn::keep_alive() {
  std::string comment;
  http::append_comment(comment, "waiting for backend " + site_->name());
  proxy::downstream_writer down{ex_, nullptr};
  if (!down.begun())
    down.write_head(proxy::event_head("text/event-stream"));
  bool sent = down.send(comment, false);
  if (!sent)
    sent = co_await down.drained();
  co_return sent;
}

net::task<gpu_turn::outcome> gpu_turn::take(net::time_ns due, bool streams) {
  const auto number = ++ex_.owner().last_request;
  const auto& desk_actor = site_->entry->gpu_desks[ex_.owner().io.index()];
  actors::question<actors::gpu_grant> question;
  question.ask(ex_.actor(), desk_actor, actors::gpu_request(number, site_->name()));
  unanswered_wake unanswered{desk_actor, number};
  const auto every = proxy::in_ns(ex_.settings().models.keepalive);
  auto comment_due = streams && every != 0 ? net::io_thread::now() + every : 0;
  while (!question.done()) {
    if (ex_.given_up()) {
      note_departure_while_waiting(ex_);
      co_return outcome::gone;
    }
    if (proxy::passed(due))
      co_return outcome::late;
    if (proxy::passed(comment_due)) {
      comment_due = net::io_thread::now() + every;
      const bool sent = co_await keep_alive();
      if (!sent) { // it has gone, or does not read
        note_departure_while_waiting(ex_);
        co_return outcome::gone;
      }
      continue;
    }
    const auto from = net::io_thread::now();
    ex_.alarm(proxy::sooner(due, comment_due));
    co_await ex_.changed();
    ex_.record().upstream_ns += net::io_thread::now() - from;
  }
  ex_.alarm(0);
  unanswered.armed = false;
  if (!question.answer()) {
    why_not_ = "the card is being reconfigured";
    co_return outcome::denied;
  }
  const auto& grant = *question.answer();
  if (grant.why != actors::gpu_denial::none) {
    why_not_ = grant.detail.empty() ? "it is not to be had now" : grant.detail;
    co_return outcome::denied;
  }
  site_->gpu->take(number);
  held_ = true;
  co_return outcome::granted;
}

} // namespace synapse::api
