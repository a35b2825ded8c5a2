#include "http/api/deployments/deployment_targets.hpp"

#include "actors/backends/lane.hpp"
#include "http/api/deployments/attempt_facts.hpp"
#include "http/api/llm/model_targets.hpp"
#include "http/core/head/head_writer.hpp"
#include "http/core/local_reply.hpp"
#include "http/proxy/downstream/error_answer.hpp"
#include "http/sites/thread_standing.hpp"
#include "routing/catalog.hpp"

#include <algorithm>
#include <chrono>

namespace synapse::api {

using http::response_detail;
using proxy::onward;

namespace {
routing::random_source& random_of_thread() {
  static thread_local routing::random_source source{
      static_cast<std::uint64_t>(net::io_thread::now()) ^
      routing::mix_bits(reinterpret_cast<std::uintptr_t>(&source))};
  return source;
}

std::int64_t wall_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}
} // namespace

deployment_targets::deployment_targets(server::exchange& exchange, const deployment_wish& wish,
                                       deployment_dress& dress)
    : ex_(exchange), wish_(wish), dress_(dress),
      journey_(exchange.routes()->catalog().names(), *wish.name, wish.routing,
               exchange.settings().routing, exchange.routes()->budgets[wish.name->place],
               exchange.routes()->thread, net::io_thread::recent()),
      trace_(exchange, *wish.name) {}

deployment_targets::~deployment_targets() {
  if (record_ != nullptr && begun_)
    trace_.ended(*at_,
                 {.end = telemetry::trace_end::left, .took = net::io_thread::recent() - entered_});
  leave(begun_);
}

bool deployment_targets::begin_at_once() {
  client::thread_standing known{*ex_.routes(), net::io_thread::recent()};
  state_ = settle(journey_.first(known, random_of_thread(), net::io_thread::recent()));
  return state_ == arrival::there;
}

net::task<deployment_targets::found> deployment_targets::begin() {
  return wait_for_turns();
}

/// Goes where the journey leads, and further while there is no room.
deployment_targets::arrival deployment_targets::settle(routing::move next) {
  const auto now = net::io_thread::recent();
  while (next.to != nullptr) {
    std::int64_t full_until = 0;
    const auto how = arrive(next, now, full_until);
    if (how != arrival::nobody)
      return how;
    if (!unasked_)
      trace_.not_asked(*at_, full_until != 0);
    client::thread_standing known{*ex_.routes(), now};
    next = journey_.after_denial(full_until != 0, full_until, known, random_of_thread(), now);
  }
  trace_.nowhere();
  return arrival::nobody;
}

/// @returns `nobody`: the deployment has no room until `full_until`, or cannot be asked for this.
deployment_targets::arrival deployment_targets::arrive(const routing::move& next, std::int64_t now,
                                                       std::int64_t& full_until) {
  if (at_ != next.to)
    heals_ = 0;
  at_ = next.to;
  site_ = ex_.routes()->sites[at_->backend];
  auto& record = ex_.routes()->record(at_->place);
  if (journey_.is_probe() && !record.may_probe(now))
    return arrival::nobody;
  full_until = record.enter(wish_.tokens, now);
  if (full_until != 0)
    return arrival::nobody;
  record_ = &record;
  entered_ = now;
  begun_ = false;
  without_extras_ = next.without_extras;
  const auto asked = journey_.asked().empty() ? std::string_view{wish_.asked} : journey_.asked();
  model_ = routing::served_model(*journey_.name().settings, at_->settings->model, asked);
  turn_.reset();
  card_.reset();
  if (site_->gpu != nullptr) {
    card_.emplace(ex_, site_);
    if (!card_->take_at_once())
      return arrival::waits;
  }
  if (is_managed(*site_)) {
    turn_.emplace(ex_, site_);
    if (!turn_->take_at_once(model_))
      return arrival::waits;
  }
  return ready() ? arrival::there : arrival::nobody;
}

/// The request as this deployment is asked. @returns false: it cannot be
bool deployment_targets::ready() {
  const actors::model_profile* profile = nullptr;
  if (turn_ && turn_->managed()) {
    model_ = turn_->id();
    profile = turn_->desk().view()->profile(turn_->model());
  }
  dressed_ = {};
  unasked_ = dress_.dress({*at_, *site_, model_, without_extras_, profile}, dressed_);
  if (!unasked_) {
    trace_.going(*at_, journey_.why_here());
    return true;
  }
  leave(false);
  return false;
}

/// A deployment whose model is not to be had now.
routing::move deployment_targets::without_turn() {
  const auto now = net::io_thread::recent();
  const auto facts = facts_of(turn_->denial());
  last_error_ = turn_->why_not();
  at_id_ = at_->settings->id;
  record_->note_error(last_error_, wall_ms());
  client::thread_standing known{*ex_.routes(), now};
  if (!facts) {
    leave(false);
    turn_.reset();
    return journey_.after_denial(true, now + 1'000'000'000, known, random_of_thread(), now);
  }
  const auto verdict = routing::judge(*facts);
  judge(verdict, false, true);
  leave(false);
  turn_.reset();
  return journey_.after(verdict, known, random_of_thread(), now);
}

routing::move deployment_targets::after_refusal() {
  const auto now = net::io_thread::recent();
  client::thread_standing known{*ex_.routes(), now};
  return journey_.after_denial(false, 0, known, random_of_thread(), now);
}

/// While the present deployment's model has to be waited for. Somebody else is asked rather than
/// waiting, where there is anybody.
net::task<deployment_targets::found> deployment_targets::wait_for_turns() {
  while (state_ == arrival::waits) {
    bool stayed = false;
    if (turn_)
      stayed = co_await wait_for_model();
    else
      stayed = co_await wait_for_card();
    if (!stayed)
      co_return found::ended;
  }
  co_return state_ == arrival::there ? found::ready : found::nobody;
}

/// @returns false when the client has left.
net::task<bool> deployment_targets::wait_for_model() {
  client::thread_standing known{*ex_.routes(), net::io_thread::recent()};
  model_turn::wish wish;
  wish.model = model_;
  wish.wait = !journey_.has_others(known);
  wish.stream = wish_.streams;
  wish.anew = heals_ > 0;
  wish.quiet = true;
  const auto how = co_await turn_->take(std::move(wish));
  if (how == model_turn::outcome::granted)
    state_ = ready() ? arrival::there : settle(after_refusal());
  else if (how == model_turn::outcome::denied)
    state_ = settle(without_turn());
  else
    co_return false;
  co_return true;
}

/// The backend sleeps: it is woken, and others are asked when that takes too long; it wakes all the
/// same. @returns false when the client has left.
net::task<bool> deployment_targets::wait_for_card() {
  const auto now = net::io_thread::recent();
  client::thread_standing known{*ex_.routes(), now};
  auto due = wish_.routing.deadline;
  if (journey_.has_others(known))
    due = proxy::sooner(due, now + proxy::in_ns(journey_.name().settings->spill.wait));
  const auto how = co_await card_->take(due, wish_.streams);
  if (how == gpu_turn::outcome::gone)
    co_return false;
  if (how == gpu_turn::outcome::granted) {
    state_ = ready() ? arrival::there : settle(after_refusal());
    co_return true;
  }
  const bool late = how == gpu_turn::outcome::late;
  if (!late) {
    last_error_ = card_->why_not();
    at_id_ = at_->settings->id;
    record_->note_error(last_error_, wall_ms());
  }
  leave(false);
  const auto then = net::io_thread::recent();
  client::thread_standing by_now{*ex_.routes(), then};
  state_ =
      settle(journey_.after_denial(late, then + 1'000'000'000, by_now, random_of_thread(), then));
  co_return true;
}

/// The router should have the model, and has not: sent again once a newer list has it. @returns
/// whether it is to be
net::task<bool> deployment_targets::heal(const proxy::miss& what) {
  constexpr unsigned most_heals = 4;
  constexpr net::time_ns first_pause = 100'000'000;
  if (!turn_ || heals_ == most_heals)
    co_return false;
  client::thread_standing known{*ex_.routes(), net::io_thread::recent()};
  // A router that is being started again is worth waiting for where nobody else has the model.
  const bool missing = what.answer != nullptr ? says_not_there(*what.answer, heals_ == 0)
                                              : what.unreachable && !journey_.has_others(known);
  if (!missing)
    co_return false;
  spdlog::info("request {}: backend {} has not got model {} any more", ex_.id(), site_->name(),
               turn_->model());
  turn_->desk().suspect(turn_->model());
  turn_->end();
  if (heals_ > 0)
    co_await pause(ex_, first_pause << (heals_ - 1));
  ++heals_;
  state_ = arrival::waits;
  co_return true;
}

/// The request is no longer there. @param sent it was
void deployment_targets::leave(bool sent) {
  if (record_ == nullptr)
    return;
  const auto now = net::io_thread::recent();
  if (sent) {
    const auto in = dress_.tokens_in();
    const auto out = dress_.tokens_out();
    const auto used =
        in < 0 && out < 0 ? -1 : std::max<std::int64_t>(in, 0) + std::max<std::int64_t>(out, 0);
    record_->leave(wish_.tokens, used, entered_, now);
  } else {
    record_->give_back(wish_.tokens, entered_, now);
  }
  if (begun_)
    record_->meter.end(ex_.routes()->thread);
  if (cell_probe_) {
    actors::cell_report nothing;
    nothing.what = actors::cell_report::news::nothing;
    tell_cell(nothing);
  }
  begun_ = false;
  record_ = nullptr;
  if (turn_)
    turn_->end();
  if (card_)
    card_->end();
}

void deployment_targets::prepare(proxy::forward_options& options) {
  options.body = dressed_.body;
  options.request = dressed_.request;
  options.translator = dressed_.translator;
  options.target = dressed_.target;
  options.request_fields = dressed_.request_fields;
  options.free_with_head = dressed_.free_with_head;
  options.timeouts = &at_->settings->timeouts;
  options.cell = at_->cell_of(wish_.routing.what);
  options.deadline = wish_.routing.deadline;
  if (site_->board->view().limited) {
    client::thread_standing known{*ex_.routes(), net::io_thread::recent()};
    options.permit_wait =
        journey_.has_others(known) ? proxy::in_ns(journey_.name().settings->spill.wait) : 0;
  } else {
    options.permit_wait = 0;
  }
  answer_fields_.clear();
  answer_fields_.reserve(256);
  answer_fields_.append(site_->response_extra);
  answer_fields_.append("X-Synapse-Deployment: ").append(at_->settings->id);
  answer_fields_.append("\r\nX-Synapse-Model: ").append(model_);
  answer_fields_.append("\r\nX-Synapse-Attempts: ");
  http::append_number(answer_fields_, ex_.record().attempts + 1);
  answer_fields_.append("\r\n");
  if (const auto why = routing::to_string(journey_.why_here()); !why.empty())
    answer_fields_.append("X-Synapse-Fallback: ").append(why).append("\r\n");
  answer_fields_ += dress_.answer_fields();
  options.answer_fields = answer_fields_;
  if (ex_.settings().routing.rewrite_model && model_ != wish_.asked) {
    served_json_.clear();
    asked_json_.clear();
    http::append_json_string(served_json_, model_);
    http::append_json_string(asked_json_, wish_.asked);
    options.rename_from = served_json_;
    options.rename_to = asked_json_;
  }
}

void deployment_targets::begun(bool cell_probe) {
  if (begun_) // another connection for the same attempt
    return;
  begun_ = true;
  cell_probe_ = cell_probe;
  record_->meter.begin(ex_.routes()->thread, std::exchange(first_, false),
                       net::io_thread::recent());
}

void deployment_targets::tell_cell(actors::cell_report report) {
  report.cell = report.cell != 0 ? report.cell : at_->cell_of(wish_.routing.what);
  report.probe = cell_probe_;
  report.failures = at_->settings->failures;
  report.cooldown = proxy::in_ns(at_->settings->cooldown);
  report.alone = journey_.name().deployments.size() == 1;
  report.successes =
      static_cast<std::uint32_t>(record_->meter.successes_within(net::io_thread::recent()));
  cell_probe_ = false;
  caf::anon_send(site_->lane, report);
}

void deployment_targets::answered(const proxy::answer_end& how) {
  if (record_ == nullptr)
    return;
  const auto now = net::io_thread::recent();
  auto& meter = record_->meter;
  const auto thread = ex_.routes()->thread;
  if (how.badly != nullptr) {
    const auto verdict = routing::judge(facts_of(*how.badly));
    judge(verdict, false, false);
    note(how.badly->sentence);
    trace_.ended(*at_, {telemetry::trace_end::broken, now - entered_, ex_.record().status, &verdict,
                        how.badly->sentence});
  } else {
    trace_.ended(*at_, {.took = now - entered_});
    meter.succeeded(thread, now);
    if (how.first_content > 0)
      meter.first_token(thread, routing::prompt_class_of(wish_.routing.text_bytes),
                        how.first_content, now);
    meter.set_load(routing::load_state::loaded);
    record_->on_good();
    const auto* cell = site_->board->find_cell(at_->cell_of(wish_.routing.what));
    if (cell_probe_ || (cell != nullptr && cell->suspect)) {
      actors::cell_report good;
      good.what = actors::cell_report::news::success;
      tell_cell(good);
    }
  }
  auto& usage = ex_.record();
  if (usage.prompt_tokens < 0)
    usage.prompt_tokens = dress_.tokens_in(); // a translated answer's
  if (usage.completion_tokens < 0)
    usage.completion_tokens = dress_.tokens_out();
  if (usage.prompt_tokens >= 0 || usage.completion_tokens >= 0)
    meter.used_tokens(
        thread, static_cast<std::uint64_t>(std::max<std::int64_t>(usage.prompt_tokens, 0)),
        static_cast<std::uint64_t>(std::max<std::int64_t>(usage.completion_tokens, 0)));
  leave(true);
}

/// What follows of it for the deployment.
/// @param answered it was an answer: to the lane, which sees no further than connections, a good
/// one
void deployment_targets::judge(const routing::verdict& how, bool timed_out, bool answered) {
  const auto now = net::io_thread::recent();
  const auto thread = ex_.routes()->thread;
  auto& meter = record_->meter;
  record_->counts.ended(how.kind);
  const bool pattern = at_->settings->model.find('*') != std::string::npos;
  if (timed_out)
    meter.timed_out(thread, routing::prompt_class_of(wish_.routing.text_bytes),
                    proxy::in_ns(at_->settings->timeouts.first_token), now);
  else if (how.cell.harm != routing::cell_harm::none)
    meter.failed(thread, now);
  if (how.also.capability_no)
    record_->lacks(wish_.routing.what, now);
  if (how.also.not_loaded)
    meter.set_load(routing::load_state::cold_fits);
  if (how.also.halve_permits)
    record_->on_busy();
  // One name of many that a pattern lets through says nothing of the others.
  const bool one_of_many = pattern && how.also.rediscover;
  actors::cell_report report;
  report.what =
      one_of_many ? actors::cell_report::news::nothing : actors::cell_report::news::failure;
  report.judged = how;
  if (how.cell.scope == routing::cell_scope::backend && !one_of_many &&
      (how.cell.harm == routing::cell_harm::shuts ||
       how.cell.harm == routing::cell_harm::shuts_until_healthy)) {
    actors::cell_report whole = report;
    whole.cell = 0;
    caf::anon_send(site_->lane, whole);
    report.what = actors::cell_report::news::nothing;
  } else if (how.cell.scope == routing::cell_scope::backend && !answered) {
    // The lane has heard of it already.
    report.what = actors::cell_report::news::nothing;
  }
  const bool news = report.what == actors::cell_report::news::failure &&
                    how.cell.harm != routing::cell_harm::none;
  if (news || cell_probe_)
    tell_cell(report);
}

void deployment_targets::note(std::string_view words) {
  last_error_ = words;
  at_id_ = at_->settings->id;
  record_->note_error(words, wall_ms());
}

routing::move deployment_targets::after_denial(const proxy::miss& what) {
  const auto now = net::io_thread::recent();
  leave(false);
  using reason = actors::deny_reason;
  const bool full = what.denied == reason::overflow || what.denied == reason::queue_timeout;
  trace_.not_asked(*at_, full);
  const auto again = now + std::int64_t{what.retry_after_ms} * 1'000'000;
  client::thread_standing known{*ex_.routes(), now};
  return journey_.after_denial(full, again, known, random_of_thread(), now);
}

routing::move deployment_targets::after_attempt(const proxy::miss& what) {
  const auto now = net::io_thread::recent();
  auto facts = facts_of(what);
  facts.our_key = !site_->entry->bearer.empty();
  facts.replayable = facts.replayable && wish_.replayable;
  const auto embeds = wish_.routing.what == routing::kind::embeddings;
  facts.kind = embeds ? routing::request_kind::embeddings : routing::request_kind::chat;
  const auto verdict = routing::judge(facts);
  judge(verdict,
        facts.what == routing::attempt_end::first_token_timeout ||
            facts.what == routing::attempt_end::head_timeout,
        what.answer != nullptr);
  native_ = dressed_.request != nullptr;
  note(what.answer != nullptr ? proxy::sentence_of(*what.answer) : what.failed->message);
  trace_.ended(*at_, {telemetry::trace_end::failed, now - entered_,
                      what.answer != nullptr ? what.answer->status : 0U, &verdict, last_error_});
  leave(true);
  client::thread_standing known{*ex_.routes(), now};
  return journey_.after(verdict, known, random_of_thread(), now);
}

net::task<onward> deployment_targets::after(proxy::miss what) {
  const bool denied = what.denied != actors::deny_reason::none;
  bool healed = false;
  if (!denied)
    healed = co_await heal(what);
  if (!healed) {
    auto next = denied ? after_denial(what) : after_attempt(what);
    // A client that leaves meanwhile is noticed by whatever comes next.
    if (next.wait > 0 && next.to != nullptr)
      co_await pause(ex_, next.wait);
    state_ = settle(next);
  }
  if (state_ == arrival::there)
    co_return onward::target;
  const auto how = co_await wait_for_turns();
  if (how == found::ready)
    co_return onward::target;
  if (how == found::ended)
    co_return onward::ended;
  co_return co_await tell_end(what.answer);
}

} // namespace synapse::api
