#include "actors/runtime/ask.hpp"
#include "config/derived_routes.hpp"
#include "config/route_defaults.hpp"
#include "http/handlers/api_handlers.hpp"
#include "http/handlers/api_routes.hpp"
#include "http/handlers/dashboard_gate.hpp"
#include "http/handlers/model_questions.hpp"
#include "http/handlers/refusal.hpp"
#include "http/handlers/voice_questions.hpp"
#include "http/net/file_source.hpp"
#include "telemetry/gateway_metrics.hpp"
#include "telemetry/health_history.hpp"

#include <boost/asio/ip/address.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <deque>
#include <map>
#include <vector>

namespace synapse::handlers {

namespace {
using http::response_detail;
using json = nlohmann::ordered_json;
using system_clock = std::chrono::system_clock;

/// Actors of our own answer within milliseconds.
constexpr net::time_ns overview_patience = 5'000'000'000;
constexpr std::size_t max_file_name = 128;

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             system_clock::now().time_since_epoch())
      .count();
}

net::task<void> reply_json(server::exchange& ex, json answer) {
  const auto body = dump(answer);
  co_await ex.reply(200, "application/json", body, "Cache-Control: no-store\r\n");
}

/// Waits until all questions are answered. @returns false when the client has left or somebody does
/// not answer: the client has its answer then.
template <class Questions>
net::task<bool> all_answered(server::exchange& ex, Questions& questions) {
  const auto due = net::io_thread::now() + overview_patience;
  const auto waiting = [&] {
    return std::any_of(questions.begin(), questions.end(),
                       [](const auto& one) { return !one.done(); });
  };
  while (waiting() && net::io_thread::now() < due) {
    if (ex.given_up())
      co_return false;
    ex.alarm(due);
    co_await ex.changed();
  }
  ex.alarm(0);
  const bool good = !waiting() && std::all_of(questions.begin(), questions.end(), [](auto& one) {
    return static_cast<bool>(one.answer());
  });
  if (!good)
    co_await ex.reply_error(response_detail::draining, "a part of the gateway does not answer", 1);
  co_return good;
}

std::string_view text_of(actors::circuit state) {
  return state == actors::circuit::closed      ? "closed"
         : state == actors::circuit::half_open ? "half_open"
                                               : "open";
}

std::string_view text_of(actors::attempt_result result) {
  switch (result) {
  case actors::attempt_result::connect_failure:
    return "connect_failure";
  case actors::attempt_result::connect_timeout:
    return "connect_timeout";
  case actors::attempt_result::reset_before_head:
    return "reset_before_head";
  case actors::attempt_result::reset_after_head:
    return "reset_after_head";
  case actors::attempt_result::response_timeout:
    return "response_timeout";
  case actors::attempt_result::bad_response:
    return "bad_response";
  default:
    return "ok";
  }
}

std::string_view text_of(actors::member_state state) {
  switch (state) {
  case actors::member_state::up:
    return "up";
  case actors::member_state::down:
    return "down";
  case actors::member_state::refused:
    return "refused";
  case actors::member_state::connecting:
    break;
  }
  return "connecting";
}

std::string_view text_of(actors::running_request::phase state) {
  using phase = actors::running_request::phase;
  return state == phase::receiving ? "receiving"
         : state == phase::waiting ? "waiting"
                                   : "answering";
}

std::string text_of(const actors::backend_address& address) {
  namespace ip = boost::asio::ip;
  if (address.v6) {
    ip::address_v6::bytes_type bytes;
    std::copy(address.ip.begin(), address.ip.end(), bytes.begin());
    return "[" + ip::address_v6{bytes}.to_string() + "]:" + std::to_string(address.port);
  }
  ip::address_v4::bytes_type bytes;
  std::copy_n(address.ip.begin(), bytes.size(), bytes.begin());
  return ip::address_v4{bytes}.to_string() + ":" + std::to_string(address.port);
}

json describe(const std::optional<telemetry::percentiles>& times) {
  if (!times)
    return nullptr;
  return {{"p50", times->p50}, {"p95", times->p95}, {"p99", times->p99}};
}

json describe(const telemetry::traffic_sample& sample) {
  return {{"at", sample.at_ms},
          {"requests", sample.requests},
          {"client_errors", sample.client_errors},
          {"server_errors", sample.server_errors},
          {"in_flight", sample.in_flight},
          {"duration_ms", describe(sample.duration)},
          {"first_token_ms", describe(sample.first_token)}};
}

json latency_of(const telemetry::health_sample& sample) {
  if (sample.latency_ms < 0)
    return nullptr;
  return sample.latency_ms;
}

json describe_health(const config::backend_settings& backend,
                     const std::deque<telemetry::health_sample>& samples) {
  auto history = json::array();
  for (const auto& one : samples)
    history.push_back({{"at", one.at_ms},
                       {"status", telemetry::to_string(one.health)},
                       {"latency_ms", latency_of(one)}});
  const auto last = samples.empty() ? telemetry::health_sample{} : samples.back();
  return {{"name", backend.name},
          {"title", backend.title.empty() ? backend.name : backend.title},
          {"status", telemetry::to_string(last.health)},
          {"latency_ms", latency_of(last)},
          {"history", std::move(history)}};
}

json describe(const actors::backend_note& note) {
  return {{"name", note.backend}, {"circuit", text_of(note.state)}, {"healthy", note.healthy}};
}

json describe(const actors::cluster_member& member) {
  const auto known = [](std::int64_t value) { return value < 0 ? json(nullptr) : json(value); };
  auto backends = json::array();
  for (const auto& note : member.backends)
    backends.push_back(describe(note));
  json answer{{"instance", member.instance},
              {"self", member.self},
              {"address", member.address},
              {"state", text_of(member.state)},
              {"version", member.version},
              {"since", member.since_us > 0 ? json(member.since_us / 1000) : json(nullptr)},
              {"last_seen_ms", known(member.last_seen_ms)},
              {"round_trip_ms", nullptr},
              {"reason", member.reason},
              {"backends", std::move(backends)}};
  if (member.round_trip_us >= 0)
    answer["round_trip_ms"] = static_cast<double>(member.round_trip_us) / 1000;
  return answer;
}

/// Everyone in the cluster; this replica alone where there is none.
net::task<bool> ask_members(const services& all, server::exchange& ex,
                            std::vector<actors::cluster_member>& members) {
  if (all.cluster) {
    std::deque<actors::question<std::vector<actors::cluster_member>>> question(1);
    question.front().ask(ex.actor(), all.cluster, actors::list_atom::value);
    const bool answered = co_await all_answered(ex, question);
    if (answered)
      members = std::move(*question.front().answer());
    co_return answered;
  }
  actors::cluster_member self;
  self.instance = all.process->instance_id;
  self.self = true;
  self.state = actors::member_state::up;
  self.version = all.version;
  self.since_us =
      std::chrono::duration_cast<std::chrono::microseconds>(all.started.time_since_epoch()).count();
  self.last_seen_ms = 0;
  members.push_back(std::move(self));
  co_return true;
}

json describe(const std::vector<actors::peer_opinion>& peers) {
  auto result = json::array();
  for (const auto& one : peers)
    result.push_back(
        {{"instance", one.instance}, {"circuit", text_of(one.state)}, {"healthy", one.healthy}});
  return result;
}

json describe(const config::backend_settings& settings, const actors::backend_snapshot& state,
              const telemetry::backend_metrics& counted, const std::string& found_path) {
  auto addresses = json::array();
  for (const auto& address : state.addresses)
    addresses.push_back(text_of(address));
  std::uint64_t attempts = 0;
  for (std::size_t i = 0; i < telemetry::attempt_result_texts.size(); ++i)
    attempts += counted.attempts[static_cast<telemetry::attempt_result>(i)].value();
  const auto well = counted.attempts[telemetry::attempt_result::ok].value() +
                    counted.attempts[telemetry::attempt_result::canceled].value();
  json answer{{"name", settings.name},
              {"title", settings.title.empty() ? settings.name : settings.title},
              {"type", config::to_string(settings.type)},
              {"url", settings.url.to_string()},
              {"health_path", found_path.empty() ? settings.health.path : found_path},
              {"circuit", text_of(state.state)},
              {"open_for_ms", state.open_for_ms},
              {"in_flight", counted.in_flight.value()},
              {"permits",
               {{"limit", settings.concurrency.max_requests},
                {"in_use", counted.in_flight.value()},
                {"waiting", state.waiting}}},
              {"resolved", state.resolved},
              {"addresses", std::move(addresses)},
              {"pool", {{"idle", counted.pool_idle.value()}}},
              {"attempts", attempts},
              {"failures", attempts > well ? attempts - well : 0},
              {"last_error", nullptr},
              {"peers", describe(state.peers)}};
  if (state.last_failure_ms > 0)
    answer["last_error"] =
        json{{"at", state.last_failure_ms}, {"what", text_of(state.last_failure)}};
  return answer;
}

/// Puts a route into the group of that title.
void add_route(json& backend, std::string_view group, std::string_view method,
               std::string_view path) {
  auto& groups = backend["groups"];
  auto found = std::find_if(groups.begin(), groups.end(),
                            [&](const json& one) { return one["title"] == group; });
  if (found == groups.end()) {
    groups.push_back({{"title", group}, {"routes", json::array()}});
    found = groups.end() - 1;
  }
  (*found)["routes"].push_back({{"method", method}, {"path", path}});
}
} // namespace

net::task<void> api_session(const services& all, server::exchange& ex) {
  const auto end = all.gate->session_end(ex.head(), system_clock::now());
  json answer{{"instance", all.process->instance_id},
              {"version", all.version},
              {"gate", all.gate->has_token() ? "token" : "loopback"},
              {"expires_at", nullptr},
              {"feed_mode", all.process->terminal_feed.mode},
              {"bus_mode", all.process->terminal_feed.bus_mode}};
  if (end)
    answer["expires_at"] =
        std::chrono::duration_cast<std::chrono::seconds>(end->time_since_epoch()).count();
  co_await reply_json(ex, std::move(answer));
}

net::task<void> api_overview(const services& all, server::exchange& ex) {
  std::int64_t since = 0;
  if (const auto text = form_value(ex.head().query, "since"); text && !text->empty()) {
    const auto [stop, problem] = std::from_chars(text->data(), text->data() + text->size(), since);
    if (problem != std::errc{} || stop != text->data() + text->size()) {
      co_await ex.reply_error(response_detail::bad_request,
                              "since: must be a time in milliseconds since 1970");
      co_return;
    }
  }
  auto samples = json::array();
  for (const auto& sample : all.traffic->since(since))
    samples.push_back(describe(sample));
  auto backends = json::array();
  const auto health = all.health->all();
  if (health.empty())
    all.check_health(); // the first one who looks does not wait for the next round
  for (const auto& [name, settings] : ex.settings().backends) {
    const auto found = health.find(name);
    backends.push_back(describe_health(
        settings, found == health.end() ? std::deque<telemetry::health_sample>{} : found->second));
  }
  const auto uptime =
      std::chrono::duration_cast<std::chrono::seconds>(system_clock::now() - all.started);
  json answer{{"instance", all.process->instance_id},
              {"version", all.version},
              {"now", now_ms()},
              {"uptime_seconds", uptime.count()},
              {"ready", all.life->ready.load(std::memory_order_relaxed)},
              {"draining", all.life->draining.load(std::memory_order_relaxed)},
              {"in_flight", all.requests_in_flight()},
              {"connections", all.life->connections.load(std::memory_order_relaxed)},
              {"interval_seconds", telemetry::traffic_history::interval_seconds},
              {"samples", std::move(samples)},
              {"backends", std::move(backends)}};
  co_await reply_json(ex, std::move(answer));
}

net::task<void> api_backends(const services& all, server::exchange& ex) {
  std::deque<actors::question<std::vector<actors::backend_snapshot>>> question(1);
  question.front().ask(ex.actor(), ex.routes()->snapshot->router, actors::snap_atom::value);
  const bool answered = co_await all_answered(ex, question);
  if (!answered)
    co_return;
  const auto& states = *question.front().answer();
  auto backends = json::array();
  for (const auto& [name, settings] : ex.settings().backends) {
    const auto state = std::find_if(states.begin(), states.end(),
                                    [&name = name](const auto& one) { return one.name == name; });
    if (state != states.end())
      backends.push_back(describe(settings, *state, ex.owner().metrics->backend(name),
                                  all.health->last(name).path));
  }
  json answer{{"backends", std::move(backends)}};
  co_await reply_json(ex, std::move(answer));
}

net::task<void> api_backend_routes(const services&, server::exchange& ex) {
  const auto& settings = ex.settings();
  auto answer = json::object();
  for (const auto& [name, backend] : settings.backends)
    answer[name] = {{"title", backend.title.empty() ? name : backend.title},
                    {"groups", json::array()}};
  std::vector<std::string_view> served;
  for (const auto& route : api_routes()) {
    const auto* configured =
        route.backend.empty() ? nullptr : config::find_route(settings, route.path);
    if (configured == nullptr)
      continue;
    if (configured->backend == config::by_model)
      for (const auto name : config::backends_with_models(settings))
        add_route(answer[std::string{name}], route.tag, route.method, route.path);
    else if (answer.contains(configured->backend))
      add_route(answer[configured->backend], route.tag, route.method, route.path);
    else
      continue;
    served.push_back(route.path);
  }
  // What only the configuration knows is passed on, whatever its method.
  for (const auto& route : settings.routes)
    if (answer.contains(route.backend) &&
        std::find(served.begin(), served.end(), route.path) == served.end())
      add_route(answer[route.backend], "Passed on", "*", route.path);
  co_await reply_json(ex, std::move(answer));
}

net::task<void> api_requests(const services& all, server::exchange& ex) {
  std::deque<actors::question<std::vector<actors::running_request>>> questions(
      all.traffic_desks.size());
  for (std::size_t i = 0; i < questions.size(); ++i)
    questions[i].ask(ex.actor(), all.traffic_desks[i], actors::list_atom::value);
  const bool answered = co_await all_answered(ex, questions);
  if (!answered)
    co_return;
  auto requests = json::array();
  for (auto& one : questions)
    for (const auto& request : *one.answer()) {
      if (request.id == ex.id())
        continue; // this very question
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
    }
  json answer{{"requests", std::move(requests)}, {"total", all.requests_in_flight() - 1}};
  co_await reply_json(ex, std::move(answer));
}

net::task<void> api_cancel_request(const services& all, server::exchange& ex) {
  const auto id = percent_decoded(ex.parameter("id"));
  std::deque<actors::question<bool>> questions(all.traffic_desks.size());
  for (std::size_t i = 0; i < questions.size(); ++i)
    questions[i].ask(ex.actor(), all.traffic_desks[i], actors::cancel_atom::value, id);
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

net::task<void> cluster_members(const services& all, server::exchange& ex) {
  std::vector<actors::cluster_member> members;
  const bool known = co_await ask_members(all, ex, members);
  if (!known)
    co_return;
  auto list = json::array();
  for (const auto& member : members)
    list.push_back(describe(member));
  json answer{{"instance", all.process->instance_id},
              {"bus_mode", all.process->terminal_feed.bus_mode},
              {"members", std::move(list)}};
  co_await reply_json(ex, std::move(answer));
}

net::task<void> api_voice_reference(const services& all, server::exchange& ex) {
  const auto name = percent_decoded(ex.parameter("file"));
  actors::question<actors::voice_location> question;
  const auto voice = percent_decoded(ex.parameter("voice_id"));
  question.ask(ex.actor(), library_of(ex), actors::find_atom::value, voice);
  const bool found = co_await library_answered(ex, question, voice);
  if (!found)
    co_return;
  const auto& location = *question.answer();
  const auto& names = location.voice.references;
  if (name.size() > max_file_name || std::find(names.begin(), names.end(), name) == names.end()) {
    auto why = no_such_voice(voice, "it has no reference of this name");
    co_await refuse(ex, std::move(why));
    co_return;
  }
  // All references lie beside the first one, and the name is one of the library's own.
  const auto folder = location.reference_path.substr(0, location.reference_path.rfind('/') + 1);
  const auto file =
      net::make_local<net::file_source>(ex.owner().io, *all.blocking, folder + name, ex.wake());
  while (!file->opened() && file->error() == 0)
    co_await ex.changed();
  if (file->error() != 0) {
    co_await ex.reply_error(response_detail::storage_failed, "the recording cannot be read");
    co_return;
  }
  std::string head;
  http::reply_head reply;
  reply.content_type = "audio/wav";
  reply.content_length = file->size();
  reply.request_id = ex.id();
  reply.connection = ex.decide_connection();
  reply.date = ex.owner().date();
  reply.extra = "Cache-Control: private, no-cache\r\nX-Content-Type-Options: nosniff\r\n";
  http::append_reply_head(head, reply);
  ex.record().status = 200;
  std::string_view piece = head;
  bool sent = ex.write({&piece, 1});
  if (!sent)
    sent = co_await ex.finish_write();
  if (ex.method() == http::verb::head)
    co_return;
  while (sent && !file->done() && file->error() == 0 && !ex.given_up()) {
    piece = file->bytes();
    if (piece.empty()) {
      co_await ex.changed();
      continue;
    }
    sent = ex.write({&piece, 1});
    if (!sent)
      sent = co_await ex.finish_write();
    file->consume(piece.size());
  }
  if (!file->done())
    ex.abort();
}

} // namespace synapse::handlers
