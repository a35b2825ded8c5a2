// Answers that are read to their end for the handler. One that is longer than anybody wants to read
// is cut off.
#include "http/proxy/relay/relay.hpp"

namespace synapse::proxy {

namespace {
/// What is kept of an answer that no translator takes: of an error, as much as says enough; of a
/// good one all of it (Chatterbox lists every reference it has ever been given).
constexpr std::size_t max_error = 256 * 1024;
constexpr std::size_t max_good = 16 * 1024 * 1024;
} // namespace

net::task<step> collect(call& of, upstream_request& from) {
  const auto& answer = from.answer();
  auto& into = of.collected;
  into = {};
  into.status = answer.status;
  into.retry_after = answer.fields.value_of(http::known_field::retry_after);
  if (answer.status == 205) // RFC 9110 section 15.3.6
    from.body().end();
  const bool good = answer.status / 100 == 2;
  const auto most = good ? max_good : max_error;
  while (!from.body().ended()) {
    from.take(into.body);
    if (from.body().ended())
      break;
    const bool whole = good || of.options.elsewhere != nullptr;
    if (whole && into.body.size() > most)
      co_return of.fail(mishap::answer_too_long);
    // Half of an error still says something, unless it is passed on for a whole one.
    if (!whole && (from.body().broken() || into.body.size() > most))
      break;
    if (from.body().broken())
      co_return of.fail(mishap::reset_within_answer);
    if (of.ex.given_up())
      co_return from.leave(telemetry::request_phase::responding);
    if (const auto late = from.overdue(!into.body.empty()))
      co_return of.fail(*late);
    co_await from.more();
  }
  if (into.body.size() > most)
    into.body.resize(most);
  if (!good) // its words go to log and client: what it was sent must not
    into.body = of.masked(into.body);
  from.release();
  from.answered_by(into);
  of.end = forward_end::collected;
  co_return step::done;
}

} // namespace synapse::proxy
