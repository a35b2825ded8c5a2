#include "http/proxy/upstream/upstream_request.hpp"

#include "http/client/connector.hpp"
#include "http/client/endpoint.hpp"
#include "http/core/head/head_writer.hpp"
#include "http/proxy/own_credentials.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>

namespace synapse::proxy {

using actors::attempt_result;
using client::head_step;
using client::open_step;
using http::response_detail;
using telemetry::request_phase;
using counted_result = telemetry::attempt_result;

namespace {
constexpr http::head_limits answer_limits{64 * 1024, 8 * 1024, 100};
} // namespace

upstream_request::upstream_request(call& of, permit_slot& permit, request_body& body,
                                   net::time_ns begun)
    : call_(of), permit_(permit), source_(body), answer_(of.ex.scratch().answer()),
      attempt_due_(deadline_of(begun, of.timeouts.total)) {}

net::task<step> upstream_request::send(bool may_reuse) {
  if (call_.ex.given_up())
    co_return leave(request_phase::connecting);
  // A body that goes out while it comes in cannot be sent again when a kept connection turns out
  // to be stale: it gets a fresh one.
  if (may_reuse && !call_.streams_body)
    connection_ = client::take_kept(
        *call_.site->pool, client::to_endpoint(permit_.granted().address), call_.ex.wake());
  if (!connection_)
    if (const auto how = co_await open(); how != step::done)
      co_return how;
  if (!write_request())
    if (const auto how = co_await finish_request(); how != step::done)
      co_return how;
  call_.sent = sent_at_;
  if (const auto how = co_await read_head(); how != step::done)
    co_return how;
  if (!may_be_proxys())
    permit_.tell_head();
  call_.ex.record().answered = net::io_thread::recent();
  call_.answer_unknown = false;
  body_.begin(answer_, call_.options.request ? http::verb::post : call_.ex.method());
  call_.down.be_quiet_from(sent_at_);
  // What it makes of half a request is no answer to the whole one.
  if (call_.options.request && answer_.status / 100 == 2 && !has_whole_request())
    co_return call_.fail(mishap::answered_half_request);
  co_return step::done;
}

http::lost_request upstream_request::lost() const noexcept {
  http::lost_request lost;
  lost.method = call_.options.request ? http::verb::post : call_.ex.method();
  lost.repeatable = !source_.started();
  lost.sent_whole = call_.streams_body ? source_.sent() : sent_whole_;
  lost.kept_connection = connection_ && connection_->reused();
  return lost;
}

// ---- connecting ----

net::task<step> upstream_request::open() {
  auto& pool = *call_.site->pool;
  const auto started = net::io_thread::now();
  const auto due = sooner(deadline_of(started, call_.timeouts.connect), total_due());
  connection_ = pool.open(client::to_endpoint(permit_.granted().address), call_.ex.wake());
  for (;;) {
    const auto how = client::open_further(pool, *connection_);
    if (how == open_step::open)
      break;
    if (how == open_step::failed) {
      const auto what = connection_->is_tls() ? mishap::tls_failure : mishap::connect_failure;
      co_return call_.fail(what, std::string{row_of(what).sentence} + ": " +
                                     connection_->open_error().message());
    }
    if (call_.ex.given_up())
      co_return leave(request_phase::connecting);
    if (passed(due))
      co_return call_.fail(past_deadline() ? mishap::deadline_passed : mishap::connect_timeout);
    co_await call_.wait(due);
  }
  call_.metrics.connect.observe_ns(net::io_thread::now() - started);
  co_return step::done;
}

// ---- the request ----

/// Writes the head and a body that is here already. @returns true when all of it was taken at once.
bool upstream_request::write_request() {
  const auto& ex = call_.ex;
  const auto& site = *call_.site;
  http::upstream_head_options head;
  head.authority = site.authority;
  head.base_path = call_.settings.url.base_path;
  head.request_id = ex.id();
  head.client_ip = ex.client_ip();
  head.client_scheme = ex.over_tls() ? "https" : "http";
  head.forward_authorization = call_.settings.authorization.forward;
  head.bearer = site.entry->bearer;
  head.bearer_field = site.key_field;
  head.own = own_credentials_of(ex);
  // Events have to be read on their way, and backends on one machine or cluster gain nothing.
  head.drop_accept_encoding = call_.options.openai_stream || call_.options.translator != nullptr;
  if (const auto* own = call_.options.request) {
    head.method = "POST";
    head.target = own->target;
    head.content_type = own->content_type;
  } else if (!call_.options.target.empty()) {
    head.target = call_.options.target;
  }
  head.extra = call_.options.request_fields;
  source_.describe(head);
  auto& out = call_.ex.scratch().upstream_out;
  http::write_upstream_request_head(out, ex.head(), head);
  const std::array<std::string_view, 2> pieces{out, call_.streams_body ? std::string_view{}
                                                                       : source_.at_hand()};
  sent_at_ = net::io_thread::recent();
  call_.ex.record().sent = sent_at_;
  const bool taken = connection_->write(pieces);
  sent_whole_ = taken && !connection_->write_error();
  return taken && !call_.streams_body;
}

net::time_ns upstream_request::sending_due() const noexcept {
  return deadline_of(connection_->last_written(), call_.timeouts.idle);
}

/// `done` here means: sent, as far as the backend took it.
net::task<step> upstream_request::finish_request() {
  while (connection_->writing()) {
    if (call_.ex.given_up())
      co_return leave(request_phase::waiting);
    // A backend may answer before it has read everything; then that answer counts. (The head of a
    // streamed body goes out in any case: nothing else can be written before it.)
    if (!call_.streams_body && !connection_->input().empty())
      break;
    const auto due = sooner(sending_due(), total_due());
    if (passed(due))
      co_return call_.fail(mishap::request_not_taken);
    connection_->read();
    co_await call_.wait(due);
  }
  if (call_.streams_body)
    co_return co_await pump_body();
  sent_whole_ = !connection_->writing() && !connection_->write_error();
  sent_at_ = net::io_thread::recent();
  co_return step::done;
}

/// Looks whether the backend has answered while the request is still going out. Interim answers
/// (1xx) are none.
bool upstream_request::answered_early() {
  client::head_reader reader{answer_limits};
  return reader.look(*connection_, answer_) != head_step::more || connection_->full();
}

/// Gives the request up and tells the client why.
net::task<step> upstream_request::refuse_body(response_detail detail) {
  drop();
  permit_.give_back(attempt_result::canceled);
  co_await call_.ex.reply_error(detail);
  co_return step::gone;
}

net::task<step> upstream_request::pump_body() {
  using pull = request_body::pull;
  source_.begin();
  // An early answer ends the upload: the rest of the body is nobody's any more.
  while (!answered_early() && !connection_->ended()) {
    std::span<const std::string_view> pieces;
    const auto next = source_.next(pieces);
    if (next == pull::sent)
      break;
    if (next == pull::failed) {
      // Nothing has been answered: the client gets its 400, the backend a broken request.
      if (call_.options.request)
        co_return step::refused;
      co_return co_await refuse_body(response_detail::bad_request_body);
    }
    if (next == pull::too_large)
      co_return co_await refuse_body(response_detail::body_too_large);
    if (next == pull::wait) {
      if (call_.ex.given_up())
        co_return leave(request_phase::reading);
      const auto due = source_.due();
      if (passed(due))
        co_return co_await refuse_body(response_detail::body_timeout);
      connection_->read();
      co_await call_.wait(due);
      continue;
    }
    if (!connection_->write(pieces))
      while (connection_->writing() && !answered_early()) {
        if (call_.ex.given_up())
          co_return leave(request_phase::reading);
        const auto due = sending_due();
        if (passed(due))
          co_return call_.fail(mishap::request_not_taken);
        connection_->read();
        co_await call_.wait(due);
      }
    if (connection_->writing() || connection_->write_error())
      break; // answered before it had all of it, or gone: what it said is read now
    if (source_.was_last()) {
      source_.mark_sent();
      break;
    }
    source_.release();
  }
  if (!connection_->writing())
    source_.look_for_end();
  sent_at_ = net::io_thread::now();
  call_.uploading = false;
  call_.down.heard(sent_at_); // until now it was the client that spoke
  co_return step::done;
}

// ---- the answer's head ----

/// Looks for a head in what has arrived. @returns what that comes to; nothing: more is needed.
std::optional<step> upstream_request::take_head(client::head_reader& reader) {
  const auto found = reader.step(*connection_, answer_);
  if (found == head_step::more)
    return {};
  if (found == head_step::ready)
    return step::done;
  if (found == head_step::switched)
    return call_.fail(mishap::protocol_switched);
  if (found == head_step::malformed)
    return call_.fail(mishap::not_http, std::string{row_of(mishap::not_http).sentence} + ": " +
                                            std::string{http::message_of(reader.error())});
  return call_.fail(found == head_step::ended_before ? mishap::reset_before_answer
                                                     : mishap::reset_within_head);
}

net::task<step> upstream_request::read_head() {
  client::head_reader reader{answer_limits};
  const auto due = sooner(deadline_of(sent_at_, call_.timeouts.response), total_due());
  for (;;) {
    if (const auto found = take_head(reader)) {
      if (*found != step::done)
        co_return *found;
      break;
    }
    if (call_.ex.given_up())
      co_return leave(request_phase::waiting);
    if (passed(due))
      co_return call_.fail(late_silent(mishap::response_timeout));
    connection_->read();
    co_await call_.wait(due);
  }
  // The buffer is reused for the body; the head's fields are needed until ours is written.
  const auto input = connection_->input();
  auto& bytes = call_.ex.scratch().answer_bytes;
  bytes.assign(input.data(), answer_.size);
  http::rebase(answer_, input.data(), bytes.data());
  connection_->consume(answer_.size);
  co_return step::done;
}

// ---- clocks ----

/// An answer that has begun is not cut off because it took long to begin.
net::time_ns upstream_request::total_due() const noexcept {
  return call_.committed ? attempt_due_ : sooner(attempt_due_, call_.options.deadline);
}

bool upstream_request::past_deadline() const noexcept {
  return !call_.committed && passed(call_.options.deadline);
}

/// Which clock it was that has run out before the answer's head. @param usual that of the step
mishap upstream_request::late_silent(mishap usual) const noexcept {
  if (past_deadline())
    return mishap::deadline_passed;
  return passed(attempt_due_) ? mishap::total_timeout_silent : usual;
}

// ---- the answer's body ----

net::time_ns upstream_request::silence_due() const noexcept {
  return deadline_of(std::max(connection_->last_read(), call_.down.quiet_since()),
                     call_.timeouts.idle);
}

std::optional<mishap> upstream_request::overdue(bool answering) const noexcept {
  if (past_deadline())
    return mishap::deadline_passed;
  if (passed(attempt_due_))
    return answering ? mishap::total_timeout_answering : mishap::total_timeout_silent;
  if (passed(silence_due()))
    return mishap::silence_within_answer;
  return {};
}

waiting upstream_request::more(net::time_ns due) {
  const auto silence = silence_due(); // before the read, which may find something
  connection_->read();
  return call_.wait(sooner(due, sooner(silence, total_due())));
}

// ---- its end ----

void upstream_request::drop() {
  if (!connection_)
    return;
  call_.site->pool->discard(std::move(connection_));
  connection_.reset();
}

void upstream_request::release() {
  if (!connection_)
    return;
  const bool whole = !call_.streams_body || source_.sent();
  const bool keep =
      body_.leaves_connection() && whole && !connection_->writing() && !connection_->write_error();
  if (!keep) {
    drop();
    return;
  }
  call_.site->pool->give_back(std::move(connection_));
  connection_.reset();
}

void upstream_request::answered_well() {
  call_.metrics.attempts[counted_result::ok].increment();
  permit_.give_back(attempt_result::ok);
}

/// A status with which a proxy says that it has not got the backend. Where a deployment was asked,
/// its body decides.
bool upstream_request::may_be_proxys() const noexcept {
  return call_.options.cell != 0 && call_.options.elsewhere_decides && answer_.status >= 502;
}

void upstream_request::answered_by(const collected_answer& what) {
  const bool lost = may_be_proxys() && call_.options.elsewhere->is_proxys(what);
  call_.metrics.attempts[counted_result::ok].increment();
  permit_.give_back(lost ? attempt_result::bad_gateway : attempt_result::ok);
}

void upstream_request::answered_badly(const mishap_row& row) {
  call_.ended_badly = &row;
  call_.metrics.attempts[row.counted].increment();
  permit_.give_back(call_.told_of(row));
}

step upstream_request::cut_off(mishap what) {
  const auto& row = row_of(what);
  spdlog::warn("request {}: backend {} broke off its answer ({})", call_.ex.id(),
               call_.settings.name, http::to_string(row.detail));
  drop();
  answered_badly(row);
  call_.ex.record().detail = row.detail;
  call_.ex.abort();
  return step::done;
}

step upstream_request::leave(request_phase phase) {
  const auto seen = net::io_thread::now();
  drop();
  return call_.leave(phase, seen);
}

} // namespace synapse::proxy
