#include "http/handlers/forwarder.hpp"

#include "http/core/head_writer.hpp"
#include "http/core/replay.hpp"
#include "http/handlers/deadlines.hpp"
#include "http/handlers/own_credentials.hpp"
#include "http/handlers/refusal.hpp"
#include "http/server/body_pace.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <random>

namespace synapse::handlers {

using actors::attempt_result;
using http::response_detail;
using counted_result = telemetry::attempt_result;

namespace {
constexpr http::head_limits answer_limits{64 * 1024, 8 * 1024, 100};

telemetry::permit_denial denial_of(actors::deny_reason reason) {
  switch (reason) {
  case actors::deny_reason::overflow:
    return telemetry::permit_denial::queue_full;
  case actors::deny_reason::queue_timeout:
    return telemetry::permit_denial::queue_timeout;
  case actors::deny_reason::no_address:
    return telemetry::permit_denial::no_address;
  case actors::deny_reason::retired:
    return telemetry::permit_denial::draining;
  default:
    return telemetry::permit_denial::breaker_open;
  }
}

response_detail detail_of(actors::deny_reason reason) {
  switch (reason) {
  case actors::deny_reason::overflow:
    return response_detail::upstream_overflow;
  case actors::deny_reason::queue_timeout:
    return response_detail::upstream_queue_timeout;
  case actors::deny_reason::no_address:
    return response_detail::upstream_connection_failure;
  case actors::deny_reason::retired:
    return response_detail::draining;
  default:
    return response_detail::no_healthy_upstream;
  }
}

double random_factor(double jitter) {
  static thread_local std::minstd_rand generator{std::random_device{}()};
  return std::uniform_real_distribution<double>{1.0 - jitter, 1.0 + jitter}(generator);
}
} // namespace

net::task<void> forward(server::exchange& exchange, client::site_ptr site,
                        forward_options options) {
  forwarder work{exchange, std::move(site), options};
  if (co_await work.run() == forward_end::collected)
    co_await work.relay_collected();
}

namespace {
/// A request that is repeated needs its own number: the permit of the first may still be on its
/// way back.
std::uint64_t permit_number(server::exchange& exchange, const forward_options& options) {
  return options.request || options.hold_failures ? ++exchange.owner().last_request
                                                  : exchange.number();
}
} // namespace

forwarder::forwarder(server::exchange& exchange, client::site_ptr site, forward_options options)
    : ex_(exchange), site_(std::move(site)), options_(options),
      streams_body_(options.request ? options.request->source != nullptr
                                    : options.stream_body && exchange.has_body()),
      number_(permit_number(exchange, options)), settings_(*site_->settings),
      metrics_(*site_->metrics), route_metrics_(exchange.metrics()),
      answer_(exchange.scratch().answer()), replaced_(options.fresh_connection),
      // An event stream may have begun while a model was waited for.
      streaming_(exchange.begun()), committed_(exchange.begun()),
      stream_(exchange.settings().limits.max_stream_event_bytes), uploading_(streams_body_),
      silent_since_(exchange.begun() ? net::io_thread::recent() : exchange.record().started) {
  ex_.record().backend = settings_.name;
}

forwarder::~forwarder() {
  if (const auto& watch = stream_.watch(); watch.prompt_tokens() >= 0)
    ex_.record().prompt_tokens = watch.prompt_tokens();
  if (const auto& watch = stream_.watch(); watch.completion_tokens() >= 0)
    ex_.record().completion_tokens = watch.completion_tokens();
  // Whatever happened above, the backend's slot and the permit are given back.
  drop_connection();
  if (permit_held_)
    return_permit(attempt_result::canceled);
}

// ---- waiting ----

net::time_ns forwarder::deadline_of(net::time_ns from, config::milliseconds limit) const {
  return limit.count() == 0 ? 0 : from + in_ns(limit);
}

forwarder::waiting forwarder::wait(net::time_ns due) {
  const auto from = net::io_thread::now();
  if (before_answer_)
    due = sooner(due, sign_of_life(from));
  ex_.alarm(ex_.body_complete() ? due : sooner(due, from + server::exchange::departure_interval));
  return waiting{ex_, ex_.changed(), from};
}

void forwarder::note_departure(telemetry::request_phase phase) {
  const auto seen = net::io_thread::now();
  drop_connection();
  ex_.owner().metrics->cancel_latency.observe_ns(net::io_thread::now() - seen);
  if (route_metrics_)
    route_metrics_->client_disconnects[phase].increment();
  if (ex_.begun())
    ex_.abort();
  ex_.record().detail = ex_.write_timed_out()    ? response_detail::client_write_timeout
                        : ex_.actor().canceled() ? response_detail::canceled
                                                 : response_detail::client_disconnected;
  if (!ex_.begun())
    ex_.record().status = 499;
  end_ = forward_end::gone;
}

// ---- attempts ----

net::task<forward_end> forwarder::run() {
  const auto attempts = std::max(1u, settings_.retry.attempts);
  unsigned tried = 0; // an exchange may have made attempts before, in another step
  for (;;) {
    actors::question<actors::permit> question;
    const auto asked = net::io_thread::recent();
    ask_permit(question, asked);
    // Usually the lane has answered by now, and yes.
    if (!(question.done() && question.answer() && take_permit(*question.answer())))
      if (!co_await await_permit(question, asked))
        co_return end_;
    metrics_.permit_wait.observe_ns(net::io_thread::recent() - asked);
    ++ex_.record().attempts;
    if (tried > 0)
      metrics_.retries.increment();
    const auto how = co_await attempt();
    if (how == verdict::abandoned || how == verdict::refused) {
      metrics_.attempts[counted_result::canceled].increment();
      drop_connection();
      return_permit(attempt_result::canceled);
      co_return how == verdict::abandoned ? end_ : forward_end::refused;
    }
    if (how == verdict::answered)
      co_return end_;
    drop_connection();
    return_permit(told_);
    if (!retryable_ || body_started_ || ++tried >= attempts) {
      if (options_.hold_failures)
        co_return forward_end::failed;
      co_await reply_failure();
      co_return forward_end::replied;
    }
    if (!co_await back_off(tried))
      co_return end_;
  }
}

void forwarder::ask_permit(actors::question<actors::permit>& question, net::time_ns now) {
  // The lane lives on this thread: it has its say at the end of this scope.
  actors::io_unit::burst at_once{ex_.owner().unit};
  question.ask(ex_.actor(), site_->lane, actors::permit_request(number_, now));
}

/// @returns whether it is one.
bool forwarder::take_permit(const actors::permit& granted) {
  if (!granted.granted)
    return false;
  permit_ = granted;
  permit_held_ = true;
  metrics_.in_flight.increment();
  return true;
}

/// @returns false when the exchange is over: refused (and replied) or given up.
net::task<bool> forwarder::await_permit(actors::question<actors::permit>& question,
                                        net::time_ns asked) {
  bool queued = false;
  while (!question.done()) {
    if (ex_.given_up()) {
      caf::anon_send(site_->lane, actors::permit_abandoned(number_));
      if (queued)
        metrics_.waiting.decrement();
      note_departure(telemetry::request_phase::permit);
      co_return false;
    }
    if (!queued) {
      queued = true;
      metrics_.waiting.increment();
    }
    co_await wait(0);
  }
  if (queued)
    metrics_.waiting.decrement();
  auto& answer = question.answer();
  if (answer && take_permit(*answer))
    co_return true;
  metrics_.permit_wait.observe_ns(net::io_thread::recent() - asked);
  if (!answer) {
    // The lane has ended: its backend is being replaced.
    co_await tell(response_detail::draining, "the backend is being reconfigured", 1);
    co_return false;
  }
  co_await deny(*answer);
  co_return false;
}

net::task<void> forwarder::deny(const actors::permit& refused) {
  metrics_.permits_denied[denial_of(refused.reason)].increment();
  const auto seconds = std::max(1u, (refused.retry_after_ms + 999) / 1000);
  std::string message;
  switch (refused.reason) {
  case actors::deny_reason::circuit_open:
    message = "backend " + settings_.name + " is taken out of service after repeated failures";
    break;
  case actors::deny_reason::overflow:
    message = "too many requests wait for backend " + settings_.name;
    break;
  case actors::deny_reason::queue_timeout:
    message = "no free slot at backend " + settings_.name + " within the time limit";
    break;
  case actors::deny_reason::no_address:
    message = "the host name of backend " + settings_.name + " does not resolve";
    break;
  default:
    message = "backend " + settings_.name + " is being reconfigured";
  }
  co_await tell(detail_of(refused.reason), std::move(message), seconds);
}

void forwarder::return_permit(attempt_result result) {
  if (!permit_held_)
    return;
  permit_held_ = false;
  metrics_.in_flight.decrement();
  if (result == attempt_result::ok && !permit_.urgent) {
    site_->outcomes->add(number_);
    return;
  }
  // In the order in which things happened: a success before this failure ends the series before it.
  site_->outcomes->flush();
  actors::io_unit::burst at_once{ex_.owner().unit};
  caf::anon_send(site_->lane, actors::outcome(number_, result));
}

forwarder::verdict forwarder::fail(response_detail detail, counted_result counted,
                                   attempt_result told, std::string message) {
  failure_ = detail;
  told_ = told;
  message_ = std::move(message);
  metrics_.attempts[counted].increment();
  retryable_ = told == attempt_result::connect_failure || told == attempt_result::connect_timeout ||
               told == attempt_result::reset_before_head;
  return verdict::failed;
}

net::task<void> forwarder::reply_failure() {
  spdlog::warn("request {}: backend {}: {} ({})", ex_.id(), settings_.name, message_,
               http::to_string(failure_));
  std::optional<unsigned> retry_after;
  const auto status = http::info(failure_).status;
  if (status == 503)
    retry_after = 1;
  co_await tell(failure_, "backend " + settings_.name + ": " + message_, retry_after,
                status == 502 ? options_.label : std::string_view{});
}

/// Answers with an error, or ends a stream that began before the backend has answered.
net::task<void> forwarder::tell(response_detail detail, std::string message,
                                std::optional<unsigned> retry_after, std::string_view label) {
  if (ex_.begun()) {
    const auto kind = http::info(detail).status == 504 ? telemetry::stream_end::timeout
                                                       : telemetry::stream_end::truncated;
    if (route_metrics_)
      route_metrics_->stream_ends[kind].increment();
    ex_.record().stream = telemetry::to_string(kind);
    if (options_.translator) {
      co_await break_off(detail, std::move(message));
      co_return;
    }
  }
  co_await reply_or_end(ex_, detail, message, retry_after, label);
}

/// @returns false when the client left meanwhile.
net::task<bool> forwarder::back_off(unsigned attempts_done) {
  const auto& waits = settings_.retry.waits;
  if (waits.empty())
    co_return true;
  const auto base = waits[std::min<std::size_t>(attempts_done, waits.size()) - 1];
  const auto due =
      net::io_thread::now() + static_cast<net::time_ns>(static_cast<double>(in_ns(base)) *
                                                        random_factor(settings_.retry.jitter));
  while (!passed(due)) {
    if (ex_.given_up()) {
      note_departure(telemetry::request_phase::permit);
      co_return false;
    }
    co_await wait(due);
  }
  co_return true;
}

net::task<forwarder::verdict> forwarder::attempt() {
  time_.begun = net::io_thread::recent();
  before_answer_ = true;
  if (ex_.given_up()) {
    note_departure(telemetry::request_phase::connecting);
    co_return verdict::abandoned;
  }
  const auto address = client::to_endpoint(permit_.address);
  for (;;) {
    // A body that goes out while it comes in cannot be sent again when a kept connection turns out
    // to be stale: it gets a fresh one.
    const bool may_reuse = !streams_body_ && !replaced_;
    upstream_ = may_reuse ? site_->pool->take(address) : client::connection_ptr{};
    if (upstream_) {
      upstream_->attach(ex_.wake());
    } else {
      const auto opened = co_await open_connection();
      if (opened != verdict::answered)
        co_return opened;
    }
    auto how = verdict::answered;
    if (!begin_request())
      how = co_await finish_request();
    if (how == verdict::answered)
      how = co_await read_head();
    if (how == verdict::answered)
      break;
    if (how == verdict::failed && told_ == attempt_result::reset_before_head)
      how = lost_connection();
    if (how != verdict::answered)
      co_return how;
    // `answered` here means: as if nothing had happened, on a fresh connection.
    drop_connection();
  }
  if (permit_.probe)
    caf::anon_send(site_->lane, actors::outcome(number_, attempt_result::head_received));
  co_return co_await relay();
}

/// The connection has ended before a byte of the answer. `answered` here means: once more at once.
forwarder::verdict forwarder::lost_connection() {
  http::lost_request lost;
  lost.method = options_.request ? http::verb::post : ex_.method();
  lost.repeatable = !body_started_;
  lost.sent_whole = streams_body_ ? body_sent_ : sent_whole_;
  lost.kept_connection = upstream_->reused();
  lost.replaced = replaced_;
  const auto what = http::replay_of(lost);
  if (what == http::replay::at_once) {
    // No fault of anybody.
    metrics_.stale_connections.increment();
    replaced_ = true;
    return verdict::answered;
  }
  metrics_.attempts[counted_result::reset_before_head].increment();
  retryable_ = what == http::replay::again;
  if (!retryable_ && lost.sent_whole)
    message_ += "; it may have carried the request out, so that is not sent again";
  return verdict::failed;
}

/// `answered` here means: connected.
net::task<forwarder::verdict> forwarder::open_connection() {
  const auto address = client::to_endpoint(permit_.address);
  const auto started = net::io_thread::now();
  const auto due = sooner(deadline_of(started, settings_.timeouts.connect),
                          deadline_of(time_.begun, settings_.timeouts.total));
  upstream_ = site_->pool->open(address, ex_.wake());
  for (;;) {
    while (upstream_->opening()) {
      if (ex_.given_up()) {
        note_departure(telemetry::request_phase::connecting);
        co_return verdict::abandoned;
      }
      if (passed(due))
        co_return fail(response_detail::upstream_connect_timeout, counted_result::connect_timeout,
                       attempt_result::connect_timeout, "no connection within the time limit");
      co_await wait(due);
    }
    if (upstream_->open_error()) {
      const bool tls = upstream_->is_tls();
      co_return fail(tls ? response_detail::upstream_tls_failure
                         : response_detail::upstream_connection_failure,
                     counted_result::refused, attempt_result::connect_failure,
                     (tls ? "TLS handshake failed: " : "cannot connect: ") +
                         upstream_->open_error().message());
    }
    if (!site_->pool->secure(*upstream_))
      break;
  }
  metrics_.connect.observe_ns(net::io_thread::now() - started);
  co_return verdict::answered;
}

/// Writes the head and a body that is here already. @returns true when all of it was taken at once.
bool forwarder::begin_request() {
  http::upstream_head_options head;
  head.authority = site_->authority;
  head.base_path = settings_.url.base_path;
  head.request_id = ex_.id();
  head.client_ip = ex_.client_ip();
  head.client_scheme = ex_.over_tls() ? "https" : "http";
  head.forward_authorization = settings_.authorization.forward;
  head.bearer = site_->entry->bearer;
  head.own = own_credentials_of(ex_);
  // Events have to be read on their way, and backends on one machine or cluster gain nothing.
  head.drop_accept_encoding = options_.openai_stream;
  auto body = options_.body ? std::string_view{*options_.body} : ex_.body();
  if (const auto* own = options_.request) {
    head.method = "POST";
    head.target = own->target;
    head.content_type = own->content_type;
    body = own->body;
    const auto size = own->source ? own->source->size() : body.size();
    head.framing = size ? http::body_framing::content_length : http::body_framing::chunked;
    head.content_length = size.value_or(0);
    chunked_body_ = !size;
  } else if (streams_body_) {
    head.framing = ex_.head().framing();
    head.content_length =
        static_cast<std::uint64_t>(std::max<std::int64_t>(ex_.head().content_length, 0));
    chunked_body_ = ex_.head().chunked;
  } else if (ex_.has_body()) {
    head.framing = http::body_framing::content_length;
    head.content_length = body.size();
  }
  auto& out = ex_.scratch().upstream_out;
  http::write_upstream_request_head(out, ex_.head(), head);
  const std::array<std::string_view, 2> pieces{out, streams_body_ ? std::string_view{} : body};
  time_.sent = net::io_thread::recent();
  const bool taken = upstream_->write(pieces);
  sent_whole_ = taken && !upstream_->write_error();
  return taken && !streams_body_;
}

body_source::state forwarder::next_piece(std::string_view& piece) {
  if (options_.request)
    return options_.request->source->next(piece);
  switch (ex_.next_piece(piece)) {
  case server::exchange::piece_state::data:
    return body_source::state::data;
  case server::exchange::piece_state::end:
    return body_source::state::end;
  case server::exchange::piece_state::none_yet:
    return body_source::state::wait;
  default:
    return body_source::state::failed;
  }
}

void forwarder::release_piece() {
  if (options_.request)
    options_.request->source->release();
  else
    ex_.release_piece();
}

/// `answered` here means: sent, as far as the backend took it.
net::task<forwarder::verdict> forwarder::finish_request() {
  while (upstream_->writing()) {
    if (ex_.given_up()) {
      note_departure(telemetry::request_phase::waiting);
      co_return verdict::abandoned;
    }
    // A backend may answer before it has read everything; then that answer counts. (The head of a
    // streamed body goes out in any case: nothing else can be written before it.)
    if (!streams_body_ && !upstream_->input().empty())
      break;
    const auto due = sooner(deadline_of(upstream_->last_written(), settings_.timeouts.idle),
                            deadline_of(time_.begun, settings_.timeouts.total));
    if (passed(due))
      co_return fail(response_detail::response_timeout, counted_result::idle_timeout,
                     attempt_result::response_timeout, "it does not take the request");
    upstream_->read();
    co_await wait(due);
  }
  if (streams_body_)
    co_return co_await pump_body();
  sent_whole_ = !upstream_->writing() && !upstream_->write_error();
  time_.sent = net::io_thread::recent();
  co_return verdict::answered;
}

/// Looks whether the backend has answered while the request is still going out. Interim answers
/// (1xx) are none: they are dropped.
bool forwarder::answered_early() {
  while (!upstream_->input().empty()) {
    const auto input = upstream_->input();
    std::size_t scanned = 0;
    const auto parsed =
        http::parse_response(input.data(), input.size(), scanned, answer_limits, answer_);
    if (parsed.need_more())
      return upstream_->full();
    if (parsed.failed() || answer_.status >= 200 || answer_.status == 101)
      return true;
    upstream_->consume(answer_.size);
  }
  return false;
}

/// Gives the request up and tells the client why.
net::task<forwarder::verdict> forwarder::refuse_body(response_detail detail) {
  drop_connection();
  return_permit(attempt_result::canceled);
  co_await ex_.reply_error(detail);
  co_return verdict::abandoned;
}

net::task<forwarder::verdict> forwarder::pump_body() {
  const bool own = options_.request != nullptr;
  const bool from_client = !own || options_.request->source->from_client();
  server::body_pace pace{server::body_pace::rules_of(ex_.settings().limits),
                         ex_.downstream().bytes_read()};
  // An early answer ends the upload: the rest of the body is nobody's any more.
  while (!answered_early() && !upstream_->ended()) {
    std::string_view piece;
    const auto state = next_piece(piece);
    if (state == body_source::state::failed) {
      // Nothing has been answered: the client gets its 400, the backend a broken request.
      if (own)
        co_return verdict::refused;
      co_return co_await refuse_body(response_detail::bad_request_body);
    }
    if (state == body_source::state::wait) {
      if (ex_.given_up()) {
        note_departure(telemetry::request_phase::reading);
        co_return verdict::abandoned;
      }
      // Its silence begins when everything has been read, and a backend that takes its time is no
      // silence of the client.
      const auto due =
          from_client ? pace.wait(net::io_thread::now(), ex_.downstream().bytes_read()) : 0;
      if (passed(due))
        co_return co_await refuse_body(response_detail::body_timeout);
      upstream_->read();
      co_await wait(due);
      continue;
    }
    pace.go_on(net::io_thread::recent());
    body_read_ = state == body_source::state::end;
    if (body_read_ && !chunked_body_) {
      body_sent_ = true;
      break;
    }
    body_bytes_ += piece.size();
    if (options_.max_body != 0 && body_bytes_ > options_.max_body)
      co_return co_await refuse_body(response_detail::body_too_large);
    body_started_ = true;
    std::array<std::string_view, 3> pieces;
    if (body_read_)
      pieces = {http::last_chunk, {}, {}};
    else if (chunked_body_)
      pieces = {http::chunk_head(piece.size(), chunk_line_), piece, "\r\n"};
    else
      pieces = {piece, {}, {}};
    if (!upstream_->write(pieces))
      while (upstream_->writing() && !answered_early()) {
        if (ex_.given_up()) {
          note_departure(telemetry::request_phase::reading);
          co_return verdict::abandoned;
        }
        const auto due = deadline_of(upstream_->last_written(), settings_.timeouts.idle);
        if (passed(due))
          co_return fail(response_detail::response_timeout, counted_result::idle_timeout,
                         attempt_result::response_timeout, "it does not take the request");
        upstream_->read();
        co_await wait(due);
      }
    if (upstream_->writing() || upstream_->write_error())
      break; // answered before it had all of it, or gone: what it said is read now
    body_sent_ = body_read_;
    if (body_sent_)
      break;
    release_piece();
  }
  // It may have seen the end of a form before the end of the body: that is no early answer.
  if (std::string_view piece; !body_read_ && own && !upstream_->writing())
    body_read_ = next_piece(piece) == body_source::state::end;
  time_.sent = net::io_thread::now();
  uploading_ = false;
  silent_since_ = time_.sent; // until now it was the client that spoke
  co_return verdict::answered;
}

net::task<forwarder::verdict> forwarder::read_head() {
  std::size_t scanned = 0;
  const auto response_due = deadline_of(time_.sent, settings_.timeouts.response);
  const auto total_due = deadline_of(time_.begun, settings_.timeouts.total);
  const auto due = sooner(response_due, total_due);
  for (;;) {
    const auto input = upstream_->input();
    if (!input.empty()) {
      const auto parsed =
          http::parse_response(input.data(), input.size(), scanned, answer_limits, answer_);
      if (parsed.failed())
        co_return fail(response_detail::upstream_protocol_error, counted_result::bad_response,
                       attempt_result::bad_response,
                       "its answer is not HTTP: " + std::string{http::message_of(parsed.error)});
      if (parsed.ok()) {
        if (answer_.status == 101)
          co_return fail(response_detail::upstream_protocol_error, counted_result::bad_response,
                         attempt_result::bad_response, "it switched protocols unasked");
        if (answer_.status >= 200)
          break;
        upstream_->consume(answer_.size);
        scanned = 0;
        continue;
      }
      if (upstream_->full())
        upstream_->reserve(answer_limits.max_bytes + 1);
    }
    if (upstream_->ended()) {
      failure_ = input.empty() ? response_detail::upstream_reset_before_response_started
                               : response_detail::upstream_protocol_error;
      // Counted by the caller: on a kept connection it is no failure of the backend.
      told_ = input.empty() ? attempt_result::reset_before_head : attempt_result::bad_response;
      if (!input.empty())
        co_return fail(failure_, counted_result::bad_response, told_,
                       "it closed the connection within the head of its answer");
      message_ = "it closed the connection without an answer";
      co_return verdict::failed;
    }
    if (ex_.given_up()) {
      note_departure(telemetry::request_phase::waiting);
      co_return verdict::abandoned;
    }
    if (passed(due)) {
      if (passed(total_due))
        co_return fail(response_detail::total_timeout, counted_result::total_timeout,
                       attempt_result::response_timeout,
                       "no complete answer within the time limit");
      co_return fail(response_detail::response_timeout, counted_result::response_timeout,
                     attempt_result::response_timeout, "no answer within the time limit");
    }
    upstream_->read();
    co_await wait(due);
  }
  time_.reading = time_.sent;
  // The buffer is reused for the body; the head's fields are needed until ours is written.
  const auto input = upstream_->input();
  auto& bytes = ex_.scratch().answer_bytes;
  bytes.assign(input.data(), answer_.size);
  http::rebase(answer_, input.data(), bytes.data());
  upstream_->consume(answer_.size);
  co_return verdict::answered;
}

/// What a backend says, without the credentials that it may have been sent.
std::string forwarder::masked(std::string_view text) const {
  std::string result{text};
  const auto own = own_credentials_of(ex_);
  const std::array<std::string_view, 2> further{site_->entry->bearer, own.token};
  http::mask_credentials(result, ex_.head(), further);
  return result;
}

// ---- connections ----

void forwarder::drop_connection() {
  if (!upstream_)
    return;
  site_->pool->discard(std::move(upstream_));
  upstream_.reset();
}

/// The answer was read to its end: keep the connection if both sides want that.
void forwarder::release_connection() {
  if (!upstream_)
    return;
  const bool keep = answer_.keep_alive && !upstream_->writing() && !upstream_->write_error() &&
                    (body_sent_ || !streams_body_);
  if (keep)
    site_->pool->give_back(std::move(upstream_));
  else
    drop_connection();
  upstream_.reset();
}

void forwarder::answered_well() {
  metrics_.attempts[counted_result::ok].increment();
  return_permit(attempt_result::ok);
}

} // namespace synapse::handlers
