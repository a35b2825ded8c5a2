#include "actors/models/context_change.hpp"

#include "actors/models/actor_time.hpp"
#include "actors/protocol/error.hpp"

#include <utility>

namespace synapse::actors {

namespace {
using std::chrono::milliseconds;

constexpr milliseconds check_limit{30'000};
/// Beyond the controller's own limit, which is the one that counts.
constexpr milliseconds controller_slack{5'000};
} // namespace

// ---- step by step ----

caf::result<runtime_applied> context_change::begin(const apply_runtime& what,
                                                   const std::string& model) {
  if (has_size(model, what.ctx_size))
    return runtime_applied{};
  if (!parts_.runtime)
    return caf::make_error(ec::not_in_cluster);
  if (change_)
    return caf::make_error(ec::unavailable, std::string{"the router is being changed already"});
  change_.emplace();
  change_->promise = self_->make_response_promise<runtime_applied>();
  change_->wanted = what;
  change_->model = model;
  auto promise = change_->promise;
  self_->request(parts_.runtime, check_limit, check_atom::value)
      .then([this](bool) { close_all(); }, [this](caf::error& error) { fail(std::move(error)); });
  return promise;
}

void context_change::close_all() {
  change_->at = step::closing;
  change_->ticket = turns_.ask({}, models::purpose::everything, actor_time(self_));
  parts_.follow();
}

bool context_change::decided(const models::verdict& verdict) {
  if (!change_ || change_->at != step::closing || change_->ticket != verdict.ticket)
    return false;
  if (verdict.why == models::denial::none)
    apply();
  else
    fail(caf::make_error(
        ec::rollout_timeout,
        std::string{"requests run on the router for as long as one may wait; nothing was "
                    "changed"}));
  return true;
}

void context_change::apply() {
  change_->at = step::applying;
  change_->due = actor_time(self_) + std::chrono::nanoseconds{parts_.limit}.count();
  self_->request(parts_.runtime, milliseconds{parts_.limit} + controller_slack, change_->wanted)
      .then(
          [this](const runtime_applied& applied) {
            change_->at = step::reporting;
            change_->applied = applied;
            parts_.look();
          },
          [this](caf::error& error) {
            if (error.category() == caf::atom("system")) // it did not answer at all
              error = caf::make_error(ec::rollout_timeout, render(error));
            fail(std::move(error));
          });
}

// ---- what the router reports ----

bool context_change::has_size(const std::string& model, std::int64_t ctx_size) const {
  const auto& known = turns_.known();
  const auto* name = known ? known->find(model) : nullptr;
  return name != nullptr && known->models.at(*name).ctx_size == ctx_size;
}

void context_change::listed() {
  if (!change_ || change_->at != step::reporting ||
      !has_size(change_->model, change_->wanted.ctx_size))
    return;
  auto finished = finish();
  finished.promise.deliver(finished.applied);
}

void context_change::list_refused(const std::string& problem) {
  if (change_ && change_->at == step::reporting)
    fail(caf::make_error(ec::rollout_failed, "the router runs anew, but " + problem));
}

void context_change::tick() {
  if (change_ && change_->at == step::reporting && actor_time(self_) >= change_->due)
    fail(caf::make_error(ec::rollout_timeout,
                         std::string{"the router does not report the new context size"}));
}

// ---- its end ----

context_change::change context_change::finish() {
  auto finished = std::move(*change_);
  change_.reset();
  turns_.release(actor_time(self_));
  return finished;
}

void context_change::fail(caf::error why) {
  finish().promise.deliver(std::move(why));
  parts_.follow();
}

void context_change::let_go(const caf::error& why) {
  if (change_)
    change_->promise.deliver(why);
  change_.reset();
  parts_ = {};
}

} // namespace synapse::actors
