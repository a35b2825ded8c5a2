#include "http/api/deployments/gpu_turn.hpp"

#include "http/api/request/desk_wait.hpp"

#include <utility>

namespace synapse::api {

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

net::task<gpu_turn::outcome> gpu_turn::take(net::time_ns due, bool streams) {
  const auto number = ++ex_.owner().last_request;
  const auto& desk_actor = site_->entry->gpu_desks[ex_.owner().io.index()];
  actors::question<actors::gpu_grant> question;
  question.ask(ex_.actor(), desk_actor, actors::gpu_request(number, site_->name()));
  unanswered_request<actors::gpu_desk_actor, actors::gpu_abandoned> unanswered{desk_actor, number};
  wait_comments comments;
  comments.every = comment_interval(ex_, streams);
  comments.text = [this] { return "waiting for backend " + site_->name(); };
  const auto end = co_await wait_with_comments(
      ex_, [&question] { return question.done(); }, due, std::move(comments));
  if (end != wait_end::done)
    co_return end == wait_end::late ? outcome::late : outcome::gone;
  unanswered.has_answer();
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
