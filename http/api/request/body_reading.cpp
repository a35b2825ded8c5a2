#include "http/api/request/body_reading.hpp"

#include "http/api/request/head_checks.hpp"
#include "http/core/json/json_body.hpp"
#include "telemetry/gateway_metrics.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace synapse::api {

using http::response_detail;
using json = nlohmann::ordered_json;

std::optional<refusal> refusal_of(server::exchange::body_state state, std::size_t limit) {
  switch (state) {
  case server::exchange::body_state::too_large:
    return refusal{response_detail::body_too_large,
                   "the request body exceeds " + std::to_string(limit) + " bytes",
                   {}};
  case server::exchange::body_state::malformed:
    return refusal{response_detail::bad_request_body, {}, {}};
  case server::exchange::body_state::timeout:
    return refusal{response_detail::body_timeout, {}, {}};
  default:
    return {};
  }
}

void note_departure_while_reading(server::exchange& ex) {
  if (ex.metrics())
    ex.metrics()->client_disconnects[telemetry::request_phase::reading].increment();
  ex.record().detail = response_detail::client_disconnected;
  ex.record().status = 499;
}

net::task<bool> read_json_object(server::exchange& ex, json& into, std::size_t limit) {
  auto refused = check_json_head(ex.head());
  limit = std::min(limit, ex.settings().limits.max_json_body_bytes);
  if (!refused && !ex.take_body_at_hand(limit)) {
    const auto state = co_await ex.read_body(limit);
    if (state == server::exchange::body_state::gone) {
      note_departure_while_reading(ex);
      co_return false;
    }
    refused = refusal_of(state, limit);
  }
  if (!refused) {
    if (const auto inspected = http::inspect_padded_json(ex.body()); !inspected.ok())
      refused = refusal{response_detail::invalid_json, std::string{inspected.message}, {}};
    else
      into = json::parse(ex.body(), nullptr, false);
    if (!refused && !into.is_object())
      refused = refusal{response_detail::invalid_json, {}, {}};
  }
  if (!refused)
    co_return true;
  co_await refuse(ex, std::move(*refused));
  co_return false;
}

void note_departure_while_waiting(server::exchange& exchange) {
  if (exchange.metrics())
    exchange.metrics()->client_disconnects[telemetry::request_phase::model].increment();
  if (exchange.begun())
    exchange.abort();
  else
    exchange.record().status = 499;
  exchange.record().detail = exchange.departure();
  exchange.alarm(0);
}

} // namespace synapse::api
