#include "http/api/models/model_questions.hpp"
#include "http/dashboard/answer_parts.hpp"
#include "http/dashboard/catalog/trace_view.hpp"
#include "http/dashboard/dashboard_handlers.hpp"
#include "http/dashboard/gate/gate.hpp"
#include "http/dashboard/request_filter.hpp"
#include "telemetry/request_ring.hpp"

namespace synapse::api {

namespace {
using http::response_detail;
using json = nlohmann::ordered_json;

std::string_view text_of(actors::running_request::phase state) {
  using phase = actors::running_request::phase;
  return state == phase::receiving ? "receiving"
         : state == phase::waiting ? "waiting"
                                   : "answering";
}

json describe(const telemetry::finished_request& one, const traces_by_number& traces) {
  const auto known = [](std::int64_t value) { return value < 0 ? json(nullptr) : json(value); };
  const auto in_ms = [](std::int64_t ns) { return static_cast<double>(ns / 1000) / 1000; };
  return {{"id", one.id.view()},
          {"ended_at", one.ended_ms},
          {"method", one.method.view()},
          {"path", one.path.view()},
          {"route", one.route},
          {"model", one.model.view()},
          {"backend", one.backend.view()},
          {"client", one.client.view()},
          {"status", one.status},
          {"outcome", to_string(outcome_of(one))},
          {"detail", one.detail},
          {"stream", one.stream},
          {"attempts", one.attempts},
          {"deployment", one.deployment.view()},
          {"trace", describe_attempts(one, traces)},
          {"duration_ms", in_ms(one.duration_ns)},
          {"overhead_ms", in_ms(one.overhead_ns)},
          {"first_byte_ms", one.first_byte_ns < 0 ? json(nullptr) : json(in_ms(one.first_byte_ns))},
          {"bytes_in", one.bytes_in},
          {"bytes_out", one.bytes_out},
          {"prompt_tokens", known(one.prompt_tokens)},
          {"completion_tokens", known(one.completion_tokens)}};
}
} // namespace

net::task<void> api_requests(const request_services& known, server::exchange& ex) {
  std::deque<actors::question<std::vector<actors::running_request>>> questions(known.desks.size());
  for (std::size_t i = 0; i < questions.size(); ++i)
    questions[i].ask(ex.actor(), known.desks[i], actors::list_atom::value);
  const bool answered = co_await all_answered(ex, questions);
  if (!answered)
    co_return;
  auto requests = json::array();
  for (auto& one : questions)
    for (const auto& request : *one.answer())
      requests.push_back({{"id", request.id},
                          {"method", request.method},
                          {"path", request.path},
                          {"route", request.route},
                          {"backend", request.backend},
                          {"client", request.client},
                          {"age_ms", request.age_ms},
                          {"bytes_in", request.bytes_in},
                          {"bytes_out", request.bytes_out},
                          {"state", text_of(request.state)}});
  const auto listed = static_cast<std::int64_t>(requests.size());
  json answer{{"requests", std::move(requests)}, {"total", std::max(listed, known.in_flight())}};
  co_await reply_json(ex, std::move(answer));
}

net::task<void> api_finished_requests(const request_services& ended, server::exchange& ex) {
  request_filter wanted;
  const auto wrong = read_filter(ex.head().query, wanted);
  if (!wrong.empty()) {
    co_await ex.reply_error(response_detail::bad_request, wrong);
    co_return;
  }
  std::vector<telemetry::finished_request> known;
  for (const auto* ring : ended.finished)
    ring->copy_to(known);
  const auto traces = read_traces(ended.traces);
  const auto kept = select_newest(known, wanted);
  auto requests = json::array();
  for (const auto* one : kept.shown)
    requests.push_back(describe(*one, traces));
  json answer{
      {"requests", std::move(requests)}, {"matching", kept.matching}, {"kept", kept.kept},
      {"routes", kept.routes},           {"backends", kept.backends}, {"models", kept.models}};
  co_await reply_json(ex, std::move(answer));
}

net::task<void> api_cancel_request(const request_services& known, server::exchange& ex) {
  const auto id = percent_decoded(ex.parameter("id"));
  std::deque<actors::question<bool>> questions(known.desks.size());
  for (std::size_t i = 0; i < questions.size(); ++i)
    questions[i].ask(ex.actor(), known.desks[i], actors::cancel_atom::value, id);
  const bool answered = co_await all_answered(ex, questions);
  if (!answered)
    co_return;
  const bool found =
      std::any_of(questions.begin(), questions.end(), [](auto& one) { return *one.answer(); });
  if (!found) {
    co_await ex.reply_error(response_detail::route_not_found,
                            "no request of this id is under way on this replica");
    co_return;
  }
  json answer{{"canceled", true}};
  co_await reply_json(ex, std::move(answer));
}

} // namespace synapse::api
