#include "http/api/deployments/deployment_targets.hpp"

#include "actors/backends/lane.hpp"
#include "http/api/deployments/attempt_facts.hpp"
#include "http/core/head/head_writer.hpp"
#include "http/proxy/downstream/error_answer.hpp"
#include "http/sites/thread_standing.hpp"
#include "routing/catalog.hpp"

#include <algorithm>
#include <chrono>

namespace synapse::api {

using http::response_detail;
using proxy::onward;

namespace {
routing::request_kind kind_for_words(routing::kind what) {
  switch (what) {
  case routing::kind::embeddings:
    return routing::request_kind::embeddings;
  case routing::kind::speech:
  case routing::kind::transcription:
    return routing::request_kind::other;
  default:
    return routing::request_kind::chat;
  }
}

bool is_clients(unsigned status) {
  return status >= 400 && status < 500 && status != 404;
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
  sign(); // a request that is canceled is answered by its connection
  leave(begun_);
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
  options.permit_wait.reset();
  if (site_->board->view().limited) {
    client::thread_standing known{*ex_.routes(), net::io_thread::recent()};
    if (journey_.has_others(known))
      options.permit_wait = proxy::in_ns(journey_.name().settings->spill.wait);
  }
  write_fields(answer_fields_, ex_.record().attempts + 1);
  options.answer_fields = answer_fields_;
  if (ex_.settings().routing.rewrite_model && model_ != wish_.routing.asked) {
    served_json_.clear();
    asked_json_.clear();
    http::append_json_string(served_json_, model_);
    http::append_json_string(asked_json_, wish_.routing.asked);
    options.rename_from = served_json_;
    options.rename_to = asked_json_;
  }
}

/// What an answer's head says of the present deployment.
void deployment_targets::write_fields(std::string& into, unsigned attempts) const {
  into.clear();
  into.reserve(256);
  into.append(site_->response_extra);
  into.append("X-Synapse-Deployment: ").append(at_->settings->id);
  into.append("\r\nX-Synapse-Model: ").append(model_);
  into.append("\r\nX-Synapse-Attempts: ");
  http::append_number(into, attempts);
  into.append("\r\n");
  if (const auto why = routing::to_string(journey_.why_here()); !why.empty())
    into.append("X-Synapse-Fallback: ").append(why).append("\r\n");
  into += dress_.answer_fields();
}

bool deployment_targets::is_proxys(const proxy::collected_answer& what) const {
  proxy::miss seen;
  seen.answer = &what;
  return routing::judge(facts_of(seen)).cell.why == routing::trouble::proxy_error;
}

void deployment_targets::begun(bool cell_probe) {
  if (begun_) // another connection for the same attempt
    return;
  begun_ = true;
  cell_probe_ = cell_probe;
  const auto thread = ex_.routes()->thread;
  record_->meter.begin(thread, std::exchange(first_, false));
  if (counted_ == record_)
    return;
  const auto now = net::io_thread::recent();
  if (counted_ != nullptr)
    counted_->meter.went_on(thread, now);
  counted_ = record_;
  record_->meter.came(thread, now);
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
/// @param unheard the lane knows nothing of it: nobody has asked the backend
void deployment_targets::judge(const routing::verdict& how, bool timed_out, bool unheard) {
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
  if (how.cell.scope == routing::cell_scope::backend) {
    // What counts the lane has heard of already, by the attempt's own end.
    if (!one_of_many && (unheard || how.cell.harm != routing::cell_harm::counts))
      caf::anon_send(site_->lane, report); // names no cell: it is about the whole backend
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
  write_fields(told_fields_, ex_.record().attempts);
  record_->note_error(words, wall_ms());
}

routing::move deployment_targets::after_denial(const proxy::miss& what) {
  leave(false);
  using reason = actors::deny_reason;
  const bool full = what.denied == reason::overflow || what.denied == reason::queue_timeout;
  trace_.not_asked(*at_, full);
  return denied(full, net::io_thread::recent() + std::int64_t{what.retry_after_ms} * 1'000'000);
}

routing::move deployment_targets::after_attempt(const proxy::miss& what) {
  const auto now = net::io_thread::recent();
  auto facts = facts_of(what);
  facts.our_key = !site_->entry->bearer.empty();
  facts.replayable = dress_.replayable(facts.replayable) && wish_.replayable;
  facts.kind = kind_for_words(wish_.routing.what);
  last_answer_ = what.answer;
  read_.reset();
  own_words_ = dressed_.request != nullptr || dressed_.translator != nullptr ||
               state_ == arrival::unprepared;
  if (what.answer != nullptr && !what.answer->within_success)
    read_ = dress_.read(place(), *what.answer);
  if (read_ && is_clients(read_->status) && (facts.status == 400 || facts.status >= 500)) {
    // The backend may well say so in a way that only its dialect knows.
    facts.status = static_cast<std::uint16_t>(read_->status);
    facts.words = read_->text;
    facts.html = false;
  }
  auto verdict = routing::judge(facts);
  if (verdict.next == routing::remedy::same_without_extras && !dress_.has_extras(place())) {
    facts.repeated = true; // the same bytes would be refused in the same words
    verdict = routing::judge(facts);
  }
  judge(verdict,
        facts.what == routing::attempt_end::first_token_timeout ||
            facts.what == routing::attempt_end::head_timeout,
        false);
  note(read_                    ? std::string_view{read_->text}
       : what.answer != nullptr ? proxy::sentence_of(*what.answer)
                                : what.failed->message);
  trace_.ended(*at_, {telemetry::trace_end::failed, now - entered_,
                      what.answer != nullptr ? what.answer->status : 0U, &verdict, last_error_});
  leave(true);
  client::thread_standing known{*ex_.routes(), now};
  return journey_.after(verdict, known, random_of_requests(), now);
}

net::task<onward> deployment_targets::after(proxy::miss what) {
  bool again = false;
  if (what.denied == actors::deny_reason::none) {
    again = co_await heal(what);
    again = again || corrects(what);
  }
  if (!again) {
    const auto next =
        what.denied != actors::deny_reason::none ? after_denial(what) : after_attempt(what);
    co_await go_on(next);
  }
  const auto how = co_await come_there();
  last_answer_ = nullptr;
  co_return how;
}

} // namespace synapse::api
