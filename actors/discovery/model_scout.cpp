#include "actors/discovery/model_scout.hpp"

#include "actors/backends/permit_ledger.hpp"
#include "actors/protocol/gateway_snapshot.hpp"
#include "config/backend_types.hpp"
#include "http/client/endpoint.hpp"
#include "providers/provider_table.hpp"
#include "routing/catalog.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace synapse::actors {

namespace {
constexpr std::chrono::seconds tick{2};
constexpr std::size_t max_details = 512;    ///< models of which more is asked
constexpr std::size_t details_at_once = 16; ///< questions of one round
constexpr std::int64_t details_again = 60'000'000'000;
constexpr std::size_t max_reported = 64;

bool is_absent(const client::fetch_result& answer) {
  return answer.status == 404 || answer.status == 405 || answer.status == 501;
}

std::string problem_of(const client::fetch_result& answer) {
  if (!answer.ok())
    return answer.message;
  return answer.status == 200 ? std::string{}
                              : "it answers with status " + std::to_string(answer.status);
}

/// What somebody is paid for is not asked, whatever path its file has for probes.
providers::path_list health_paths_of(const config::backend_settings& backend) {
  return config::row_of(backend.type).paid ? providers::path_list{}
                                           : providers::health_paths(backend);
}
} // namespace

model_scout::model_scout(caf::actor_config& config, io_unit& unit, model_scout_parts parts)
    : pinned(config, unit), parts_(std::move(parts)),
      what_(providers::descriptor_of(parts_.backend.type)),
      health_paths_(health_paths_of(parts_.backend)), agenda_(what_, !health_paths_[0].empty()) {
  const auto& tls = parts_.backend.tls;
  options_.max_idle = 1;
  options_.tls = parts_.tls;
  options_.verify = tls.verify;
  options_.server_name = tls.server_name.empty() ? parts_.backend.url.host : tls.server_name;
}

model_scout::~model_scout() = default;

void model_scout::on_exit() {
  parts_.control = nullptr;
  parts_.report = [](const std::string&) {};
  writer_ = {};
  pool_.reset();
  // Not from in here: what a question's end touches is just being taken down.
  if (cancel_)
    net::asio::post(unit().thread().executor(),
                    [cancel = std::exchange(cancel_, nullptr)] { cancel->cancel(); });
}

model_scout_actor::behavior_type model_scout::make_behavior() {
  return {[this](const snapshot_ptr& snapshot) { on_snapshot(snapshot); },
          [this](tick_atom) { on_tick(); }};
}

// ---- when ----

void model_scout::on_snapshot(const snapshot_ptr& snapshot) {
  writer_ = record_writer{snapshot->routes->names(), *snapshot->records, parts_.backend.name};
  // New records know what is known already.
  writer_.write_models(*parts_.names->list());
  if (std::exchange(ticking_, true))
    return;
  pool_ = net::make_local<client::upstream_pool>(unit().thread(), options_);
  cancel_ = net::make_local<client::canceler>();
  on_tick();
}

void model_scout::on_tick() {
  delayed_send(this, tick, tick_atom::value);
  if (running_ || writer_.empty())
    return;
  request(parts_.control, tick, snap_atom::value)
      .then([this](const backend_snapshot& state) { on_state(state); },
            [](const caf::error&) {}); // the next time, then
}

void model_scout::on_state(const backend_snapshot& state) {
  const auto now = net::io_thread::now();
  const bool busy = writer_.is_busy(now);
  const auto most = parts_.backend.concurrency.max_requests;
  // What works at all it takes at once may answer nothing meanwhile.
  const bool saturated = most != 0 && most <= permit_ledger::most_scarce && state.leased >= most;
  if (running_ || saturated || state.addresses.empty())
    return;
  const auto plan = agenda_.plan(busy, state.state == circuit::open, now);
  if (!plan.any())
    return;
  running_ = true;
  net::spawn(run(caf::actor_cast<caf::strong_actor_ptr>(this), this, plan,
                 client::to_endpoint(state.addresses.front())));
}

// ---- what ----

/// `keep` keeps the object alive over the questions.
net::task<void> model_scout::run([[maybe_unused]] caf::strong_actor_ptr keep, model_scout* self,
                                 scout_plan plan, net::tcp::endpoint address) {
  co_await self->work_off(plan, address);
  self->running_ = false;
}

net::task<void> model_scout::work_off(scout_plan plan, net::tcp::endpoint address) {
  if (plan.health) {
    co_await look_for_life(address);
    if (ended() || agenda_.lost())
      co_return;
  }
  if (plan.discovery)
    co_await discover(address);
  if (plan.load && !ended() && !agenda_.lost())
    co_await ask_load(address);
  if (plan.queue && !ended() && !agenda_.lost())
    co_await ask_queue(address);
}

net::task<void> model_scout::look_for_life(net::tcp::endpoint address) {
  const auto answer = co_await ask_one_of(address, health_paths_, health_path_);
  if (ended())
    co_return;
  // A wrong path or key is an answer, too: it ends the silence, but says nothing for the backend.
  if (answer.status == 0 || answer.status >= 500) {
    agenda_.unreachable();
    co_return;
  }
  const bool well = providers::judge_health(parts_.backend, answer.status, answer.body) ==
                    providers::wellness::well;
  if (!agenda_.well() || !well)
    co_return;
  caf::anon_send(parts_.control, return_atom::value);
  writer_.forget_lacks();
}

net::task<void> model_scout::discover(net::tcp::endpoint address) {
  const auto answer = co_await ask_one_of(address, what_.discovery.paths, list_path_);
  if (ended())
    co_return;
  providers::listing list;
  list.problem = problem_of(answer);
  if (list.ok())
    list = what_.discovery.read(answer.body);
  const auto now = net::io_thread::now();
  if (!list.ok()) {
    agenda_.not_discovered(now);
    if (answer.ok())
      note_problem(list.problem);
    co_return;
  }
  agenda_.discovered(now);
  note_problem({});
  co_await add_details(address, list.models);
  if (ended())
    co_return;
  writer_.write_models(list.models);
  writer_.write_memory(list.models, what_.loading_evicts, now);
  parts_.names->set(std::move(list.models));
}

/// What is known of a model already is not asked again until there is another one of that name.
net::task<void> model_scout::add_details(net::tcp::endpoint address, models& into) {
  if (what_.detail.read == nullptr)
    co_return;
  std::size_t asked = 0;
  const auto names = writer_.models();
  for (const auto& name : names) {
    const auto found = std::find_if(into.begin(), into.end(), [&](const auto& one) {
      return one.name == name ||
             std::find(one.further.begin(), one.further.end(), name) != one.further.end();
    });
    if (found == into.end() || (details_.size() == max_details && !details_.contains(name)))
      continue;
    auto& known = details_[name];
    if (may_ask_details(known, found->version) && asked < details_at_once && !agenda_.lost()) {
      ++asked;
      auto request = get(what_.detail.path);
      request.method = "POST";
      request.content_type = "application/json";
      request.body = what_.detail.body_of(found->name);
      const auto answer = co_await ask(address, std::move(request));
      if (ended())
        co_return;
      known.asked = net::io_thread::now();
      providers::discovered_model told;
      known.known = problem_of(answer).empty() && what_.detail.read(answer.body, told).empty();
      known.version = found->version;
      if (known.known)
        known.told = std::move(told);
    }
    if (!known.known || known.version != found->version)
      continue;
    if (known.told.context != 0)
      found->context = known.told.context;
    if (known.told.capabilities != config::capability_set{})
      found->capabilities = known.told.capabilities;
  }
}

bool model_scout::may_ask_details(const details& of, const std::string& version) const {
  if (of.asked == 0 || of.version != version)
    return true;
  return !of.known && net::io_thread::now() >= of.asked + details_again;
}

net::task<void> model_scout::ask_load(net::tcp::endpoint address) {
  auto request = get(what_.load.path);
  const auto answer = co_await ask(address, std::move(request));
  if (ended())
    co_return;
  const auto now = net::io_thread::now();
  agenda_.told_load(is_absent(answer), now);
  if (!answer.ok())
    co_return;
  const auto load = what_.load.read(answer.status, answer.body);
  const auto known = parts_.names->list();
  writer_.write_load(load, *known, what_.loading_evicts, now);
  note_offload(load);
}

net::task<void> model_scout::ask_queue(net::tcp::endpoint address) {
  auto request = get(what_.queue.path);
  const auto answer = co_await ask(address, std::move(request));
  if (ended())
    co_return;
  agenda_.told_queue(is_absent(answer), net::io_thread::now());
  if (answer.ok() && answer.status == 200)
    writer_.write_queue(what_.queue.read(answer.body));
}

// ---- questions ----

net::task<client::fetch_result> model_scout::ask_one_of(net::tcp::endpoint address,
                                                        providers::path_list paths,
                                                        std::size_t& first) {
  auto request = get(paths[first]);
  auto answer = co_await ask(address, std::move(request));
  if (!is_absent(answer))
    co_return answer;
  for (std::size_t i = 0; i < paths.size() && !paths[i].empty() && !ended(); ++i) {
    if (i == first)
      continue;
    auto other = get(paths[i]);
    auto said = co_await ask(address, std::move(other));
    if (said.status != 200)
      continue;
    first = i;
    co_return said;
  }
  co_return answer;
}

net::task<client::fetch_result> model_scout::ask(net::tcp::endpoint address,
                                                 client::fetch_request request) {
  auto pool = pool_;
  auto cancel = cancel_;
  auto answer = co_await client::fetch(*pool, address, std::move(request), cancel);
  using client::fetch_error;
  if (answer.error == fetch_error::connect_failure || answer.error == fetch_error::timeout ||
      answer.error == fetch_error::reset)
    agenda_.unreachable();
  co_return answer;
}

client::fetch_request model_scout::get(std::string_view path) const {
  const auto& backend = parts_.backend;
  client::fetch_request request;
  request.target = backend.url.base_path + std::string{path};
  request.authority = backend.url.authority();
  request.fields = providers::key_line(backend, parts_.key) + std::string{what_.discovery.fields};
  request.deadline =
      net::io_thread::now() + std::chrono::nanoseconds{backend.health.timeout}.count();
  request.max_body = providers::max_answer_bytes;
  return request;
}

// ---- for people ----

void model_scout::note_problem(const std::string& problem) {
  if (problem == problem_)
    return;
  problem_ = problem;
  if (!problem.empty())
    parts_.report("backend " + parts_.backend.name +
                  ": which models it has is not known: " + problem);
}

void model_scout::note_offload(const providers::load_reading& load) {
  for (const auto& one : load.models) {
    if (!one.partly_offloaded) {
      offloaded_.erase(one.name);
    } else if (offloaded_.size() < max_reported && offloaded_.insert(one.name).second) {
      parts_.report("backend " + parts_.backend.name + ": model " + one.name +
                    " does not fit into the graphics card's memory, and a part of it runs on the "
                    "processor");
    }
  }
}

} // namespace synapse::actors
