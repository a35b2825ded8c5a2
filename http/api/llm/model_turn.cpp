#include "http/api/llm/model_turn.hpp"

#include "actors/models/router/catalog.hpp"
#include "http/api/models/model_questions.hpp"
#include "http/api/request/desk_wait.hpp"
#include "http/api/request/refusal.hpp"
#include "http/core/json/json_text.hpp"
#include "http/core/local_reply.hpp"
#include "http/proxy/downstream/error_answer.hpp"
#include "telemetry/gateway_metrics.hpp"

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include <vector>

namespace synapse::api {

using actors::model_denial;
using http::response_detail;

namespace {
response_detail detail_of(model_denial why) {
  switch (why) {
  case model_denial::unknown_model:
    return response_detail::model_not_found;
  case model_denial::loading:
    return response_detail::model_loading;
  case model_denial::load_failed:
    return response_detail::model_load_failed;
  case model_denial::load_timeout:
    return response_detail::model_load_timeout;
  case model_denial::wait_timeout:
    return response_detail::model_busy;
  case model_denial::queue_full:
    return response_detail::upstream_overflow;
  case model_denial::router_unavailable:
    return response_detail::upstream_connection_failure;
  case model_denial::router_error:
    return response_detail::upstream_protocol_error;
  default:
    return response_detail::draining;
  }
}

/// OpenAI's object, with the field at fault and how far a load has come.
std::string loading_body(const std::string& message, double progress) {
  nlohmann::ordered_json error;
  error["message"] = message;
  error["type"] = "server_error";
  error["param"] = "model";
  error["code"] = "model_loading";
  error["progress"] = progress < 0 ? nlohmann::ordered_json() : nlohmann::ordered_json(progress);
  nlohmann::ordered_json body;
  body["error"] = std::move(error);
  return http::dump(body);
}
} // namespace

model_turn::model_turn(server::exchange& exchange, client::site_ptr site)
    : ex_(exchange), site_(std::move(site)) {}

model_turn::~model_turn() {
  end();
}

void model_turn::end() {
  if (std::exchange(held_, false))
    desk().leave(model_);
}

bool model_turn::take_at_once(std::string_view model) {
  const auto* found = desk().view()->find(model);
  if (found == nullptr || !desk().enter(found->first))
    return false;
  held_ = true;
  model_ = found->first;
  id_ = found->second.id;
  return true;
}

net::task<model_turn::outcome> model_turn::take(wish what) {
  const auto number = ++ex_.owner().last_request;
  const auto& desk_actor = site_->entry->desks[ex_.owner().io.index()];
  actors::question<actors::model_grant> question;
  question.ask(ex_.actor(), desk_actor,
               actors::model_request(number, what.model, what.wait, what.anew));
  unanswered_request<actors::model_desk_actor, actors::model_abandoned> unanswered{desk_actor,
                                                                                   number};
  const auto asked = net::io_thread::now();
  wait_comments comments;
  comments.every = comment_interval(ex_, what.stream);
  comments.text = [&] { return "waiting for model " + what.model + in_the_way(what.model); };
  comments.site = site_.get();
  const auto end = co_await wait_with_comments(
      ex_, [&question] { return question.done(); }, what.due, std::move(comments));
  if (end != wait_end::done)
    co_return end == wait_end::late ? outcome::late : outcome::gone;
  unanswered.has_answer();
  site_->metrics->model_wait.observe_ns(net::io_thread::now() - asked);
  actors::model_grant answer;
  answer.why = model_denial::retired; // what an error means: the desk has ended
  if (question.answer())
    answer = std::move(*question.answer());
  if (answer.why == model_denial::none) {
    desk().take(number);
    held_ = true;
    model_ = std::move(answer.model);
    id_ = std::move(answer.id);
    managed_ = answer.managed;
  } else if (what.quiet) {
    denial_ = answer.why;
    why_not_ = answer.detail.empty() ? std::string{http::info(detail_of(answer.why)).message}
                                     : answer.detail;
    co_return outcome::denied;
  } else {
    co_await refuse_with(answer);
    co_return outcome::answered;
  }
  co_return outcome::granted;
}

/// What the view tells of why it takes so long.
net::task<void> model_turn::suspect(unsigned heals) {
  constexpr net::time_ns first_pause = 100'000'000; // doubles from then on
  spdlog::info("request {}: backend {} has not got model {} any more", ex_.id(), site_->name(),
               model_);
  desk().suspect(model_);
  end();
  // A router shows a model for a moment longer than it has it. A client that leaves meanwhile is
  // noticed by whatever comes next.
  if (heals > 0)
    co_await pause(ex_, first_pause << (heals - 1));
}

std::string model_turn::in_the_way(const std::string& model) {
  const auto* mine = desk().view()->find(model);
  for (const auto& [name, other] : desk().view()->models)
    if (other.closing != 0 && (mine == nullptr || name != mine->first))
      return ", while model " + name + " finishes its requests";
  return {};
}

/// Names those that may have been meant.
std::string model_turn::unknown_model(const actors::model_grant& denied) {
  const auto& view = *desk().view();
  std::vector<std::string_view> names;
  for (const auto& one : view.models)
    if (one.first != denied.model)
      names.push_back(one.first);
  for (const auto& one : view.names)
    if (!models::split_of(one.first))
      names.push_back(one.first);
  for (const auto& one : ex_.settings().models.aliases)
    names.push_back(one.first);
  const auto sentence = unknown_model_sentence(denied.model, "the router has", names);
  // What the router itself said of a model that its list has.
  const bool own_words = view.models.contains(denied.model) && !denied.detail.empty();
  return own_words ? sentence + ": " + denied.detail : sentence;
}

net::task<void> model_turn::refuse_with(const actors::model_grant& denied) {
  const auto detail = detail_of(denied.why);
  const auto status = http::info(detail).status;
  const auto message = denied.detail.empty() ? std::string{http::info(detail).message}
                                             : "model " + denied.model + ": " + denied.detail;
  if (status >= 500 && detail != response_detail::model_loading)
    spdlog::warn("request {}: backend {}: {} ({})", ex_.id(), site_->name(), message,
                 http::to_string(detail));
  std::optional<unsigned> retry_after;
  if (status == 503 || status == 429)
    retry_after = std::max(1u, denied.retry_after_s);
  if (detail != response_detail::model_loading || ex_.begun()) {
    if (detail != response_detail::model_not_found) {
      co_await proxy::reply_or_end(ex_, detail, message, retry_after);
      co_return;
    }
    auto sentence = unknown_model(denied);
    if (ex_.begun()) {
      co_await proxy::reply_or_end(ex_, detail, sentence);
      co_return;
    }
    refusal why{detail, std::move(sentence), "model"};
    co_await refuse(ex_, std::move(why));
    co_return;
  }
  const auto fields = "Retry-After: " + std::to_string(*retry_after) + "\r\n";
  const auto body = loading_body(message, denied.progress);
  co_await ex_.reply(status, "application/json", body, fields);
  ex_.record().detail = detail;
}

net::task<bool> pause(server::exchange& ex, net::time_ns length) {
  wait_rules rules;
  rules.due = net::io_thread::now() + length;
  co_await wait_until(
      ex, [] { return false; }, rules);
  co_return !ex.given_up();
}

} // namespace synapse::api
