#include "backends/server/control.hpp"

#include <nlohmann/json.hpp>

#include <utility>

namespace synapse::backends {

namespace {

using nlohmann::json;

response json_answer(int status, const json& body) {
  response out;
  out.status = status;
  out.content_type = "application/json; charset=utf-8";
  out.body = body.dump();
  return out;
}

control_result misbehave(const request& in, misbehavior_book& book) {
  control_result result;
  auto body = json::parse(in.body, nullptr, false);
  if (!body.is_object() || !body.contains("spec") || !body["spec"].is_string()) {
    result.answer = json_answer(400, {{"error", "expected {\"spec\": text, \"times\": number}"}});
    return result;
  }
  std::uint64_t times = 1;
  if (body.contains("times") && body["times"].is_number_unsigned())
    times = body["times"].get<std::uint64_t>();
  std::string problem;
  auto parsed = parse_misbehavior(body["spec"].get_ref<const std::string&>(), problem);
  if (!parsed) {
    result.answer = json_answer(400, {{"error", problem}});
    return result;
  }
  result.refuse = parsed->plan.refuse;
  // A closed listener is a state of the port, not something a later request has to ask for.
  if (!parsed->plan.refuse)
    book.add(std::move(*parsed), times);
  result.answer = json_answer(200, {{"success", true}});
  return result;
}

} // namespace

control_result control_answer(const request& in, misbehavior_book& book,
                              const service_counters& counters) {
  if (in.method == "POST" && in.path == "/__misbehave")
    return misbehave(in, book);
  control_result result;
  if (in.method == "GET" && in.path == "/__counters") {
    json body = {{"connections_opened", counters.connections_opened.load()},
                 {"connections_open", counters.connections_open.load()},
                 {"requests_started", counters.requests_started.load()},
                 {"requests_finished", counters.requests_finished.load()},
                 {"requests_canceled", counters.requests_canceled.load()},
                 {"tokens_generated", counters.tokens_generated.load()}};
    result.answer = json_answer(200, body);
    return result;
  }
  result.answer = json_answer(404, {{"error", "no such control route"}});
  return result;
}

} // namespace synapse::backends
