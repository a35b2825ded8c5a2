#include "actors/backends/health/prober.hpp"

#include "actors/backends/permit_ledger.hpp"
#include "http/client/endpoint.hpp"
#include "providers/provider_table.hpp"

#include <caf/typed_response_promise.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace synapse::actors {

namespace {
/// A backend whose every slot has a request at work is not waited for any longer.
constexpr net::time_ns busy_patience = 500'000'000;
/// Between looks whether the backend's name is resolved, when it has just been started.
constexpr std::chrono::milliseconds address_poll{20};

constexpr int not_there = 404;

probe_result unreachable(const std::string& backend, std::string error) {
  probe_result result;
  result.backend = backend;
  result.error = std::move(error);
  return result;
}
} // namespace

prober::prober(caf::actor_config& config, io_unit& unit, backend_actor backend,
               config::backend_settings settings, std::shared_ptr<net::asio::ssl::context> tls,
               std::string bearer)
    : pinned(config, unit), backend_(std::move(backend)), settings_(std::move(settings)),
      bearer_(std::move(bearer)) {
  options_.max_idle = 1;
  options_.tls = std::move(tls);
  options_.verify = settings_.tls.verify;
  options_.server_name =
      settings_.tls.server_name.empty() ? settings_.url.host : settings_.tls.server_name;
  for (const auto path : providers::health_paths(settings_))
    if (!path.empty())
      paths_.emplace_back(path);
}

prober::~prober() = default;

void prober::on_exit() {
  backend_ = nullptr;
  waiting_.clear();
  pool_.reset();
  // Not from in here: what a probe's end touches is just being taken down.
  if (cancel_)
    net::asio::post(unit().thread().executor(),
                    [cancel = std::exchange(cancel_, nullptr)] { cancel->cancel(); });
}

waiting_prober::behavior_type prober::make_behavior() {
  return {[this](check_atom) { return check(); }, [this](tick_atom) { on_tick(); }};
}

// ---- where the backend is ----

caf::result<probe_result> prober::check() {
  if (!pool_) {
    pool_ = net::make_local<client::upstream_pool>(unit().thread(), options_);
    cancel_ = net::make_local<client::canceler>();
  }
  auto promise = make_response_promise<probe_result>();
  look_for_address({promise, net::io_thread::now() +
                                 std::chrono::nanoseconds{settings_.health.timeout}.count()});
  return promise;
}

/// A gateway that has just started may be asked how its backends are before their names are
/// resolved; that says nothing about them yet.
void prober::look_for_address(probe what) {
  request(backend_, settings_.health.timeout, snap_atom::value)
      .then(
          [this, what](const backend_snapshot& state) mutable {
            if (!state.resolved && net::io_thread::now() < what.due) {
              if (waiting_.empty())
                delayed_send(this, address_poll, tick_atom::value);
              waiting_.push_back(std::move(what));
              return;
            }
            if (state.addresses.empty()) {
              what.promise.deliver(unreachable(settings_.name, "the host name does not resolve"));
              return;
            }
            const auto most = settings_.concurrency.max_requests;
            net::spawn(
                run(caf::actor_cast<caf::strong_actor_ptr>(this), this, std::move(what.promise),
                    client::to_endpoint(state.addresses.front()),
                    most != 0 && most <= permit_ledger::most_scarce && state.leased >= most));
          },
          [this, what](const caf::error&) mutable {
            what.promise.deliver(unreachable(settings_.name, "the backend's actor did not answer"));
          });
}

void prober::on_tick() {
  for (auto& one : std::exchange(waiting_, {}))
    look_for_address(std::move(one));
}

// ---- how it is ----

client::fetch_request prober::ask_at(std::string_view path, net::time_ns deadline) const {
  client::fetch_request request;
  request.target = settings_.url.base_path + std::string{path};
  request.authority = settings_.url.authority();
  request.fields = providers::key_line(settings_, bearer_);
  request.deadline = deadline;
  request.max_body = 1024 * 1024;
  return request;
}

net::task<client::fetch_result> prober::ask(net::tcp::endpoint address, net::time_ns deadline) {
  auto pool = pool_;
  auto cancel = cancel_;
  if (paths_.empty()) {
    auto connected = co_await client::try_connection(*pool, address, deadline, cancel);
    co_return connected;
  }
  const std::string asked = found_path_.empty() ? paths_.front() : found_path_;
  auto request = ask_at(asked, deadline);
  auto answer = co_await client::fetch(*pool, address, std::move(request), cancel);
  if (answer.status != not_there || paths_.size() == 1)
    co_return answer;
  found_path_.clear();
  for (const auto& path : paths_) {
    if (path == asked)
      continue;
    auto other = ask_at(path, deadline);
    auto said = co_await client::fetch(*pool, address, std::move(other), cancel);
    // A list of models over the bound is one all the same.
    if (said.status != 200)
      continue;
    found_path_ = path == paths_.front() ? std::string{} : path;
    co_return said;
  }
  co_return answer;
}

void prober::judge(const client::fetch_result& answer, probe_result& into) const {
  into.code = static_cast<std::int32_t>(answer.status);
  into.unasked = paths_.empty();
  into.disconnected = answer.error == client::fetch_error::connect_failure ||
                      answer.error == client::fetch_error::reset;
  if (const auto& path = found_path_.empty() && !paths_.empty() ? paths_.front() : found_path_;
      path != settings_.health.path)
    into.path = path;
  // A body over the bound says nothing against the status.
  if (!answer.ok() && answer.error != client::fetch_error::too_large) {
    into.code = 0;
    into.error = answer.message;
  } else if (answer.status == 200 &&
             providers::judge_health(settings_, answer.status, answer.body) !=
                 providers::wellness::well) {
    into.error = "it answers that it has no model";
  }
}

/// Runs on this actor's thread. `saturated`: the backend works at all that it takes at once; some
/// (Chatterbox) answer nothing meanwhile, and that says nothing against them. `keep` keeps the
/// object alive over the fetches.
net::task<void> prober::run([[maybe_unused]] caf::strong_actor_ptr keep, prober* self,
                            caf::typed_response_promise<probe_result> promise,
                            net::tcp::endpoint address, bool saturated) {
  const auto started = net::io_thread::now();
  auto deadline = started + std::chrono::nanoseconds{self->settings_.health.timeout}.count();
  if (saturated)
    deadline = std::min(deadline, started + busy_patience);
  const auto answer = co_await self->ask(address, deadline);
  probe_result result;
  result.backend = self->settings_.name;
  self->judge(answer, result);
  result.busy = saturated && answer.error == client::fetch_error::timeout;
  result.duration_us = static_cast<std::uint64_t>((net::io_thread::now() - started) / 1000);
  // The message below is sent from a coroutine: let it go out through this thread's unit.
  if (self->pool_)
    promise.deliver(std::move(result));
}

} // namespace synapse::actors
