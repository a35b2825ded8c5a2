#include "http/sites/thread_routes.hpp"

#include "actors/backends/lane.hpp"
#include "actors/gpus/gpu_desk.hpp"
#include "actors/models/model_desk.hpp"
#include "config/backend_types.hpp"
#include "http/sites/shut_counting.hpp"
#include "routing/catalog.hpp"
#include "telemetry/gateway_metrics.hpp"

#include <algorithm>

namespace synapse::client {

namespace {

/// Every reload makes TLS contexts anew, because the files they were made of may have changed: the
/// connections of the old one are not kept.
bool same_pool(const actors::backend_entry& one, const actors::backend_entry& other) {
  const auto& a = *one.settings;
  const auto& b = *other.settings;
  return one.tls == other.tls && a.url.to_string() == b.url.to_string() &&
         a.pool.max_idle == b.pool.max_idle && a.pool.idle_timeout == b.pool.idle_timeout &&
         a.tls.verify == b.tls.verify && a.tls.ca_file == b.tls.ca_file &&
         a.tls.certificate == b.tls.certificate && a.tls.key == b.tls.key &&
         a.tls.server_name == b.tls.server_name;
}

pool_options options_of(const actors::backend_entry& entry,
                        const telemetry::backend_metrics& metrics) {
  const auto& settings = *entry.settings;
  pool_options options;
  options.max_idle = settings.pool.max_idle;
  options.idle_timeout = std::chrono::nanoseconds{settings.pool.idle_timeout}.count();
  options.tls = entry.tls;
  options.verify = settings.tls.verify;
  options.server_name =
      settings.tls.server_name.empty() ? settings.url.host : settings.tls.server_name;
  options.idle = metrics.pool_idle;
  options.active = metrics.pool_active;
  return options;
}

} // namespace

outcome_box::outcome_box(net::io_thread& io, actors::lane_actor lane)
    : io_(io), lane_(std::move(lane)) {
  requests_.reserve(largest);
}

outcome_box::~outcome_box() {
  flush();
}

void outcome_box::add(std::uint64_t request) {
  requests_.push_back(request);
  if (requests_.size() == largest)
    flush();
  else if (!armed())
    io_.arm(*this, net::io_thread::recent() + net::timer_wheel::tick);
}

void outcome_box::flush() {
  if (requests_.empty())
    return;
  caf::anon_send(lane_, actors::completed(requests_));
  requests_.clear();
}

site_ptr thread_routes::site(std::string_view name) const {
  const auto found = std::find_if(sites.begin(), sites.end(),
                                  [&](const site_ptr& s) { return s->settings->name == name; });
  return found == sites.end() ? site_ptr{} : *found;
}

site_ptr thread_routes::site_for_path(std::string_view path) const {
  const auto plan = catalog().plan_for(path);
  return plan.targets.empty() ? site_ptr{} : site(plan.targets.front());
}

routes_ptr make_thread_routes(
    net::io_thread& thread, actors::snapshot_ptr snapshot, const routes_ptr& previous,
    const std::function<telemetry::backend_metrics*(const std::string&)>& metrics_of) {
  auto routes = net::make_local<thread_routes>();
  routes->snapshot = snapshot;
  routes->models = net::make_local<model_lists>();
  routes->thread = static_cast<unsigned>(thread.index());
  const auto& rules = snapshot->settings->routing;
  routing::retry_budget_settings budget;
  budget.percent = static_cast<std::uint32_t>(rules.retry_ratio * 100 + 0.5);
  budget.least = rules.retry_floor;
  if (snapshot->routes) // tests have snapshots without any
    routes->budgets.assign(routes->catalog().names().names().size(), routing::retry_budget{budget});
  for (const auto& entry : snapshot->backends) {
    auto site = net::make_local<backend_site>();
    site->snapshot = snapshot;
    site->entry = &entry;
    site->settings = entry.settings;
    site->place = static_cast<routing::backend_place>(routes->sites.size());
    site->lane = entry.lanes[thread.index()];
    site->board = &actors::lane::behind(site->lane);
    if (!entry.desks.empty())
      site->desk = &model_desk::behind(entry.desks[thread.index()]);
    if (!entry.gpu_desks.empty())
      site->gpu = &gpu_desk::behind(entry.gpu_desks[thread.index()]);
    site->outcomes.emplace(thread, site->lane);
    site->key_field = config::key_field(*entry.settings);
    site->authority = entry.settings->url.authority();
    site->response_extra = "X-Synapse-Backend: " + entry.settings->name + "\r\n";
    site->metrics = metrics_of(entry.settings->name);
    const auto old = previous ? previous->site(entry.settings->name) : site_ptr{};
    if (old && same_pool(*old->entry, entry))
      site->pool = old->pool;
    else
      site->pool = net::make_local<upstream_pool>(thread, options_of(entry, *site->metrics));
    routes->sites.push_back(std::move(site));
  }
  if (snapshot->routes)
    for (const auto& one : routes->catalog().names().deployments())
      routes->sites[one.backend]->in_catalog = true;
  if (routes->thread == 0 && snapshot->records) // tests have snapshots without any
    count_shuts(*routes);
  return routes;
}

} // namespace synapse::client
