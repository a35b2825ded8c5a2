#include "telemetry/gateway_metrics.hpp"

#include "telemetry/process_metrics.hpp"

namespace synapse::telemetry {

backend_metrics::backend_metrics(const metric_families& f, std::string backend_name,
                                 unsigned backend_id)
    : name(std::move(backend_name)), id(backend_id),
      attempts(attempt_result_texts,
               [&](auto result) {
                 return f.upstream_attempts.with({name, result});
               }),
      retries(f.upstream_retries.with({name})), stale_connections(f.stale_connections.with({name})),
      connect(f.upstream_connect.with({name})), permit_wait(f.permit_wait.with({name})),
      permits_denied(permit_denial_texts,
                     [&](auto reason) {
                       return f.permits_denied.with({name, reason});
                     }),
      model_wait(f.model_wait.with({name})), model_load(f.model_load.with({name})),
      model_loads(f.model_loads.with({name, "ok"})),
      model_load_failures(f.model_loads.with({name, "failed"})),
      models_ready(f.models_ready.with({name})), models_waiting(f.models_waiting.with({name})),
      breaker_state(f.breaker_state.with({name})), breaker_opened(f.breaker_opened.with({name})),
      in_flight(f.upstream_in_flight.with({name})), waiting(f.upstream_waiting.with({name})),
      pool_idle(f.pool_connections.with({name, "idle"})),
      pool_active(f.pool_connections.with({name, "active"})) {}

route_metrics::route_metrics(const metric_families& f, std::string route_name, unsigned shards)
    : durations_(shards), first_tokens_(shards), unwell_(shards, 2), name(std::move(route_name)),
      duration(f.request_duration.with({name}), durations_), overhead(f.overhead.with({name})),
      in_flight(f.requests_in_flight.with({name})),
      stream_ends(stream_end_texts,
                  [&](auto kind) {
                    return f.stream_ends.with({name, kind});
                  }),
      stream_events(f.stream_events.with({name})),
      malformed_events(f.malformed_events.with({name})),
      client_disconnects(request_phase_texts,
                         [&](auto phase) {
                           return f.client_disconnects.with({name, phase});
                         }),
      families_(f) {}

const counter& route_metrics::requests(unsigned status) const {
  constexpr std::size_t other = decltype(by_status_)::size - 1;
  std::size_t index = status >= 100 && status <= 599 ? status - 100 : other;
  return by_status_.at(index, [&]() -> const counter& {
    return families_.requests.with({name, index == other ? "other" : std::to_string(status)});
  });
}

request_times route_metrics::first_token(const backend_metrics& backend) const {
  auto make = [&]() -> const histogram& {
    return families_.first_token.with({name, backend.name});
  };
  // Backends beyond the table (reloads that renamed many) cost a look-up under a lock each time.
  return {backend.id < by_backend_.size ? by_backend_.at(backend.id, make) : make(), first_tokens_};
}

traffic_totals route_metrics::totals() const {
  constexpr std::size_t left_without_answer = 499;
  traffic_totals sum;
  for (std::size_t i = 0; i < decltype(by_status_)::size; ++i) {
    const auto* counted = by_status_.peek(i);
    if (counted == nullptr)
      continue;
    const auto count = counted->value();
    const auto status = i + 100;
    sum.requests += count;
    if (status >= 400 && status < 500 && status != left_without_answer)
      sum.client_errors += count;
    else if (status >= 500 && status < 600)
      sum.server_errors += count;
  }
  sketch_counts unwell;
  unwell_.add_to(unwell);
  if (unwell.size() == 2) {
    sum.left = unwell[0];
    sum.server_errors += unwell[1];
  }
  sum.in_flight = in_flight.value();
  durations_.add_to(sum.duration);
  first_tokens_.add_to(sum.first_token);
  return sum;
}

totals_by_route gateway_metrics::totals(const std::function<bool(std::string_view route)>& counts) {
  std::lock_guard lock(mutex_);
  totals_by_route result;
  for (const auto& [name, one] : routes_) {
    if (!counts(name))
      continue;
    auto totals = one->totals();
    if (totals.requests > 0 || totals.in_flight > 0)
      result.emplace(name, std::move(totals));
  }
  return result;
}

gateway_metrics::gateway_metrics(metric_registry& registry, std::string_view version)
    : registry_(registry), families_(registry) {
  connections_total = families_.connections_total.with({});
  connections_rejected = families_.connections_rejected.with({});
  connections_open = families_.connections.with({"open"});
  connections_idle = families_.connections.with({"idle"});
  cancel_latency = families_.cancel_latency.with({});
  config_reloads = {reload_result_texts,
                    [&](auto result) { return families_.config_reloads.with({result}); }};
  uploads_kept = families_.uploads_kept.with({});
  uploads_unkept = {upload_unkept_texts,
                    [&](auto reason) { return families_.uploads_unkept.with({reason}); }};
  bytes_in = families_.bytes.with({"in"});
  bytes_out = families_.bytes.with({"out"});
  families_.build_info.with({version}).set(1);
  for (unsigned thread = 0; thread < registry.shards(); ++thread)
    loop_delays_.push_back(families_.event_loop_delay.with({std::to_string(thread)}));
  process_ = register_process_metrics(registry);
}

route_metrics& gateway_metrics::route(std::string_view name) {
  std::lock_guard lock(mutex_);
  auto known = routes_.find(name);
  if (known == routes_.end()) {
    std::string key(name);
    auto made = std::make_unique<route_metrics>(families_, key, registry_.shards());
    known = routes_.emplace(std::move(key), std::move(made)).first;
  }
  return *known->second;
}

backend_metrics& gateway_metrics::backend(std::string_view name) {
  std::lock_guard lock(mutex_);
  auto known = backends_.find(name);
  if (known == backends_.end()) {
    std::string key(name);
    auto id = static_cast<unsigned>(backends_.size());
    auto made = std::make_unique<backend_metrics>(families_, key, id);
    known = backends_.emplace(std::move(key), std::move(made)).first;
  }
  return *known->second;
}

const counter& gateway_metrics::local_replies(unsigned id, std::string_view detail) const {
  auto make = [&]() -> const counter& { return families_.local_replies.with({detail}); };
  return id < local_replies_.size ? local_replies_.at(id, make) : make();
}

callback_registration gateway_metrics::count_dropped_lines(std::string log,
                                                           std::function<std::uint64_t()> dropped) {
  return log_lines_dropped(
      registry_, [log = std::move(log), dropped = std::move(dropped)](const sample_writer& write) {
        write({log}, static_cast<double>(dropped()));
      });
}

} // namespace synapse::telemetry
