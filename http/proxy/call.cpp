#include "http/proxy/call.hpp"

#include "http/proxy/own_credentials.hpp"

#include <array>

namespace synapse::proxy {

call::call(server::exchange& exchange, client::site_ptr to, forward_options wanted)
    : ex(exchange), site(std::move(to)), options(wanted), settings(*site->settings),
      timeouts(wanted.timeouts != nullptr ? *wanted.timeouts : settings.timeouts),
      metrics(*site->metrics), route_metrics(exchange.metrics()),
      streams_body(wanted.request ? wanted.request->source != nullptr
                                  : wanted.stream_body && exchange.has_body()),
      down(exchange, site.get(), wanted.answer_fields), uploading(streams_body) {
  ex.record().backend = settings.name;
}

step call::fail(mishap what, std::string message) {
  failed.what = what;
  failed.message = message.empty() ? std::string{row_of(what).sentence} : std::move(message);
  return step::failed;
}

actors::attempt_result call::told_of(const mishap_row& row) const noexcept {
  using told = actors::attempt_result;
  const bool keeps = options.cell == 0 || row.told == told::ok ||
                     row.told == told::connect_failure || row.told == told::connect_timeout;
  return keeps ? row.told : told::canceled;
}

step call::leave(telemetry::request_phase phase, net::time_ns seen) {
  ex.owner().metrics->cancel_latency.observe_ns(net::io_thread::now() - seen);
  if (route_metrics)
    route_metrics->client_disconnects[phase].increment();
  if (ex.begun())
    ex.abort();
  ex.record().detail = ex.departure();
  if (!ex.begun())
    ex.record().status = 499;
  end = forward_end::gone;
  return step::gone;
}

waiting call::wait(net::time_ns due) {
  const auto from = net::io_thread::now();
  if (answer_unknown) {
    auto* translator = options.translator;
    const bool promised =
        options.wants_stream || (translator && !uploading && translator->promises_events());
    if (promised)
      due =
          sooner(due, down.sign_of_life(from, translator ? translator->client_head().content_type
                                                         : std::string_view{"text/event-stream"}));
  }
  ex.alarm(ex.body_complete() ? due : sooner(due, from + server::exchange::departure_interval));
  return waiting{ex, ex.changed(), from};
}

void call::count_stream_end(telemetry::stream_end kind) {
  if (route_metrics)
    route_metrics->stream_ends[kind].increment();
  ex.record().stream = telemetry::to_string(kind);
}

void call::keep_error(unsigned status, std::string_view body) {
  collected = {};
  collected.status = status;
  collected.body = masked(body);
  collected.within_success = true;
  end = forward_end::collected;
}

std::string call::masked(std::string_view text) const {
  std::string result{text};
  const auto own = own_credentials_of(ex);
  const std::array<std::string_view, 2> further{site->entry->bearer, own.token};
  http::mask_credentials(result, ex.head(), further);
  return result;
}

} // namespace synapse::proxy
