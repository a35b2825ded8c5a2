#include "http/api/models/model_questions.hpp"
#include "http/api/request/refusal.hpp"
#include "http/api/voices/voice_questions.hpp"
#include "http/dashboard/answer_parts.hpp"
#include "http/dashboard/dashboard_handlers.hpp"
#include "http/dashboard/gate/gate.hpp"
#include "http/net/blocking_pool.hpp"
#include "http/net/file_source.hpp"
#include "http/server/connection/worker.hpp"
#include "telemetry/traffic_history.hpp"

#include <charconv>

namespace synapse::api {

namespace {
using http::response_detail;
using json = nlohmann::ordered_json;
using system_clock = std::chrono::system_clock;

constexpr std::size_t max_file_name = 128;
constexpr std::size_t max_route_text = 512;

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             system_clock::now().time_since_epoch())
      .count();
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
          {"left", sample.left},
          {"in_flight", sample.in_flight},
          {"duration_ms", describe(sample.duration)},
          {"first_token_ms", describe(sample.first_token)}};
}

json describe(const telemetry::route_summary& one) {
  json answer{{"route", one.route}};
  answer.update(describe(one.sum));
  return answer;
}

json latency_of(const telemetry::health_sample& sample) {
  if (sample.latency_ms < 0)
    return nullptr;
  return sample.latency_ms;
}

json describe_health(const config::backend_settings& backend, const actors::backend_snapshot* state,
                     const health_samples& health) {
  auto history = json::array();
  if (const auto found = health.find(backend.name); found != health.end())
    for (const auto& one : found->second)
      history.push_back({{"at", one.at_ms},
                         {"status", telemetry::to_string(one.health)},
                         {"reason", one.reason},
                         {"latency_ms", latency_of(one)}});
  const auto last = last_of(health, backend.name);
  auto condition = condition_of(state, last);
  return {{"name", backend.name},
          {"title", backend.title.empty() ? backend.name : backend.title},
          {"status", condition.status},
          {"reason", std::move(condition.reason)},
          {"circuit", state == nullptr ? json(nullptr) : json(word_of(state->state))},
          {"latency_ms", latency_of(last)},
          {"history", std::move(history)}};
}

json describe(const actors::backend_note& note) {
  return {{"name", note.backend}, {"circuit", word_of(note.state)}, {"healthy", note.healthy}};
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
net::task<bool> ask_members(const replica_services& replica, server::exchange& ex,
                            std::vector<actors::cluster_member>& members) {
  if (replica.cluster) {
    std::deque<actors::question<std::vector<actors::cluster_member>>> question(1);
    question.front().ask(ex.actor(), replica.cluster, actors::list_atom::value);
    const bool answered = co_await all_answered(ex, question);
    if (answered)
      members = std::move(*question.front().answer());
    co_return answered;
  }
  actors::cluster_member self;
  self.instance = replica.process->instance_id;
  self.self = true;
  self.state = actors::member_state::up;
  self.version = replica.version;
  self.since_us =
      std::chrono::duration_cast<std::chrono::microseconds>(replica.started.time_since_epoch())
          .count();
  self.last_seen_ms = 0;
  members.push_back(std::move(self));
  co_return true;
}

} // namespace

net::task<void> api_session(const session_services& session, server::exchange& ex) {
  const auto& replica = *session.replica;
  const auto end = session.gate->session_end(ex.head(), system_clock::now());
  json answer{{"instance", replica.process->instance_id},
              {"version", replica.version},
              {"gate", session.gate->has_token() ? "token" : "loopback"},
              {"expires_at", nullptr},
              {"feed_mode", replica.process->terminal_feed.mode},
              {"bus_mode", replica.process->terminal_feed.bus_mode}};
  if (end)
    answer["expires_at"] =
        std::chrono::duration_cast<std::chrono::seconds>(end->time_since_epoch()).count();
  co_await reply_json(ex, std::move(answer));
}

namespace {
/// What the overview's query asks for. @returns what is wrong with it; empty when all is well.
std::string read_overview_query(std::string_view query, std::int64_t& since, std::string& route) {
  if (const auto text = form_value(query, "since"); text && !text->empty()) {
    const auto [stop, problem] = std::from_chars(text->data(), text->data() + text->size(), since);
    if (problem != std::errc{} || stop != text->data() + text->size())
      return "since: must be a time in milliseconds since 1970";
  }
  route = form_value(query, "route").value_or("");
  return route.size() > max_route_text ? "route: is too long" : "";
}
} // namespace

net::task<void> api_overview(const overview_services& all, server::exchange& ex) {
  const auto& replica = *all.replica;
  std::int64_t since = 0;
  std::string route;
  const auto wrong = read_overview_query(ex.head().query, since, route);
  if (!wrong.empty()) {
    co_await ex.reply_error(response_detail::bad_request, wrong);
    co_return;
  }
  std::vector<actors::backend_snapshot> states;
  const bool answered = co_await ask_backends(ex, states);
  if (!answered)
    co_return;
  auto samples = json::array();
  for (const auto& sample : all.traffic->since(since, route))
    samples.push_back(describe(sample));
  auto routes = json::array();
  for (const auto& one : all.traffic->routes())
    routes.push_back(describe(one));
  auto backends = json::array();
  const auto health = all.backends->health->all();
  if (health.empty())
    all.backends->check_health(); // the first one who looks does not wait for the next round
  for (const auto& [name, settings] : ex.settings().backends)
    backends.push_back(describe_health(settings, find_state(states, name), health));
  const auto uptime =
      std::chrono::duration_cast<std::chrono::seconds>(system_clock::now() - replica.started);
  json answer{{"instance", replica.process->instance_id},
              {"version", replica.version},
              {"now", now_ms()},
              {"uptime_seconds", uptime.count()},
              {"ready", replica.life->ready.load(std::memory_order_relaxed)},
              {"draining", replica.life->draining.load(std::memory_order_relaxed)},
              {"in_flight", all.requests->in_flight()},
              {"connections", replica.life->connections.load(std::memory_order_relaxed)},
              {"interval_seconds", telemetry::traffic_history::interval_seconds},
              {"samples", std::move(samples)},
              {"routes", std::move(routes)},
              {"backends", std::move(backends)}};
  co_await reply_json(ex, std::move(answer));
}

net::task<void> cluster_members(const replica_services& replica, server::exchange& ex) {
  std::vector<actors::cluster_member> members;
  const bool known = co_await ask_members(replica, ex, members);
  if (!known)
    co_return;
  auto list = json::array();
  for (const auto& member : members)
    list.push_back(describe(member));
  json answer{{"instance", replica.process->instance_id},
              {"bus_mode", replica.process->terminal_feed.bus_mode},
              {"members", std::move(list)}};
  co_await reply_json(ex, std::move(answer));
}

net::task<void> api_voice_reference(net::blocking_pool& blocking, server::exchange& ex) {
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
      net::make_local<net::file_source>(ex.owner().io, blocking, folder + name, ex.wake());
  const auto opened = [&file] { return file->opened() || file->error() != 0; };
  wait_rules rules;
  rules.also_departed = true;
  rules.is_upstream = false;
  co_await wait_until(ex, opened, rules);
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

} // namespace synapse::api
