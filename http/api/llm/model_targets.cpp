#include "http/api/llm/model_targets.hpp"

#include "http/api/llm/model_places.hpp"

#include <spdlog/spdlog.h>

namespace synapse::api {

using proxy::onward;

/// Texts of llama.cpp's router, which answers so instead of a model that has gone: after a restart,
/// or when somebody else had another one loaded. Nothing of the request has been worked on then,
/// but for the last text: a model that is sent away lets go of requests that have just come. That
/// may also be one that the request itself has killed, so it is believed only once.
bool says_not_there(const proxy::collected_answer& answer, bool first) {
  const auto has = [&](std::string_view text) {
    return answer.body.find(text) != std::string::npos;
  };
  if (answer.status == 400)
    return has("model is not loaded") || has("is not running");
  if (answer.status == 503)
    return has("Loading model");
  return answer.status == 500 && (has("proxy error: Could not establish connection") ||
                                  (first && has("proxy error: Failed to read connection")));
}

bool is_managed(const client::backend_site& site) {
  return site.desk != nullptr && site.desk->view()->managed;
}

model_targets::model_targets(server::exchange& exchange, model_request& request, bool wants_stream)
    : ex_(exchange), request_(request), wants_stream_(wants_stream) {}

bool model_targets::begin_at_once() {
  const auto& plan = request_.plan();
  if (plan.targets.empty())
    return false;
  site_ = ex_.routes()->site(plan.targets.front());
  if (!enter_at_once())
    return false;
  make_body();
  return true;
}

net::task<model_targets::found> model_targets::begin() {
  if (!site_) {
    auto place = co_await find_model_place(ex_, request_.model());
    if (place.gone)
      co_return found::ended;
    if (!place.site)
      co_return found::nobody;
    site_ = std::move(place.site);
  }
  const auto how = co_await arrive();
  co_return how;
}

/// At `site_`: takes a turn there, where models take turns, unless that means to wait.
bool model_targets::enter_at_once() {
  turn_.reset();
  if (!is_managed(*site_))
    return true;
  ex_.record().model.assign(request_.model());
  turn_.emplace(ex_, site_);
  return heals_ == 0 && turn_->take_at_once(request_.model());
}

net::task<model_targets::found> model_targets::arrive() {
  if (!enter_at_once()) {
    model_turn::wish wish;
    wish.model = request_.model();
    wish.wait = request_.waits();
    wish.stream = wants_stream_;
    wish.anew = heals_ > 0;
    if (co_await turn_->take(std::move(wish)) != model_turn::outcome::granted)
      co_return found::ended;
  }
  make_body();
  co_return found::ready;
}

void model_targets::make_body() {
  if (!turn_)
    edited_ = edited_ || request_.rename(request_.model(), body_);
  else
    edited_ = turn_->managed() &&
              request_.fill(turn_->id(), turn_->desk().view()->profile(turn_->model()), body_);
}

net::task<onward> model_targets::after(proxy::miss what) {
  return turn_ ? once_more(what) : another(what);
}

/// The router should have the model: sent again once a newer list has it.
net::task<onward> model_targets::once_more(proxy::miss what) {
  const bool missing =
      what.answer != nullptr ? says_not_there(*what.answer, heals_ == 0) : what.unreachable;
  if (!missing || heals_ == model_turn::most_heals)
    co_return onward::none;
  co_await turn_->suspect(heals_++);
  const auto how = co_await arrive();
  co_return how == found::ready ? onward::target : onward::ended;
}

/// The backend that lists the model says that it has not got it (any more): another may, by now.
net::task<onward> model_targets::another(proxy::miss what) {
  if (what.answer == nullptr || what.answer->status != 404 || looked_again_)
    co_return onward::none;
  looked_again_ = true;
  auto place = co_await find_model_place(ex_, request_.model(), true);
  if (!place.site || place.site == site_)
    co_return onward::none;
  site_ = std::move(place.site);
  const auto how = co_await arrive();
  co_return how == found::ready ? onward::target : onward::ended;
}

} // namespace synapse::api
