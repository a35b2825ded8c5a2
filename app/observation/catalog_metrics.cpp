#include "app/observation/catalog_metrics.hpp"

#include "http/server/connection/worker.hpp"
#include "http/sites/deployment_state.hpp"
#include "routing/catalog.hpp"
#include "routing/failure/verdict_words.hpp"
#include "routing/records/deployment_record.hpp"
#include "telemetry/metric_families.hpp"

#include <algorithm>
#include <array>

namespace synapse::app {

namespace {
using client::thread_routes;
using telemetry::sample_writer;
using counts = routing::deployment_counts;
constexpr auto most = catalog_metrics::most_labels;
constexpr std::string_view other = "other";

/// One sample for each of the first deployments, and one for all behind them. @param value_of a
/// deployment's @param join of two values @param nothing of no deployment
template <class Value, class Join>
void write_each(const thread_routes& routes, const sample_writer& write, std::string_view label,
                double nothing, Value value_of, Join join) {
  const auto all = routes.catalog().names().deployments();
  const auto put = [&](std::string_view id, double value) {
    if (label.empty())
      write({id}, value);
    else
      write({id, label}, value);
  };
  auto rest = nothing;
  for (const auto& one : all)
    if (one.place < most)
      put(one.settings->id, value_of(one));
    else
      rest = join(rest, value_of(one));
  if (all.size() > most)
    put(other, rest);
}

double sum(double a, double b) {
  return a + b;
}

void write_requests(const thread_routes& routes, const sample_writer& write) {
  const auto good = [&](const auto& one) {
    return static_cast<double>(routes.record(one.place).meter.all().successes);
  };
  write_each(routes, write, "ok", 0, good, sum);
  for (std::size_t i = 0; i < counts::outcome_texts.size(); ++i) {
    const auto bad = [&](const auto& one) {
      return static_cast<double>(
          routes.record(one.place).counts.count(static_cast<counts::outcome>(i)));
    };
    write_each(routes, write, counts::outcome_texts[i], 0, bad, sum);
  }
}

void write_in_flight(const thread_routes& routes, const sample_writer& write) {
  const auto value = [&](const auto& one) {
    return static_cast<double>(routes.record(one.place).meter.all_in_flight());
  };
  write_each(routes, write, {}, 0, value, sum);
}

void write_state(const thread_routes& routes, const sample_writer& write) {
  const auto now = net::io_thread::now();
  const auto value = [&](const auto& one) {
    using word = client::deployment_word;
    const auto is = client::state_of(routes, one, now).word;
    return is == word::ready || is == word::full ? 1.0 : is == word::half_open ? 0.5 : 0.0;
  };
  write_each(routes, write, {}, 1, value, [](double a, double b) { return std::min(a, b); });
}

/// Only of those that had one lately: 0 s would be a lie.
void write_first_token(const thread_routes& routes, const sample_writer& write) {
  const auto now = net::io_thread::now();
  double slowest = 0;
  for (const auto& one : routes.catalog().names().deployments()) {
    const auto seconds = client::first_token_ns(routes, one, now) / 1e9;
    if (one.place >= most)
      slowest = std::max(slowest, seconds);
    else if (seconds > 0)
      write({one.settings->id}, seconds);
  }
  if (slowest > 0)
    write({other}, slowest);
}

void write_shut(const thread_routes& routes, const sample_writer& write) {
  const auto all = routes.catalog().names().deployments();
  for (std::size_t i = 1; i < routing::trouble_count; ++i) {
    const auto why = static_cast<routing::trouble>(i);
    // Somebody is to be called for this one: its first increase has to be seen.
    const bool always = why == routing::trouble::key_refused;
    std::uint64_t rest = 0;
    for (const auto& one : all) {
      const auto count = routes.record(one.place).counts.count(why);
      if (one.place >= most)
        rest += count;
      else if (always || count != 0)
        write({one.settings->id, to_string(why)}, static_cast<double>(count));
    }
    if (all.size() > most && (always || rest != 0))
      write({other, to_string(why)}, static_cast<double>(rest));
  }
}

/// Whether requests for a name could go on like that at all.
bool is_possible(const routing::model_name& name, routing::moved why) {
  using routing::moved;
  switch (why) {
  case moved::order:
  case moved::spill:
    return !name.deployments.empty() &&
           name.deployments.front().settings->order != name.deployments.back().settings->order;
  case moved::any:
    return !name.any.empty();
  case moved::context:
    return !name.context.empty();
  default:
    return why == moved::policy && !name.policy.empty();
  }
}

void write_fallbacks(const thread_routes& routes, const sample_writer& write) {
  const auto names = routes.catalog().names().names();
  for (std::size_t i = 1; i < routing::moved_count; ++i) {
    const auto why = static_cast<routing::moved>(i);
    std::uint64_t rest = 0;
    for (const auto& name : names) {
      std::uint64_t count = 0;
      for (const auto& one : name.deployments)
        count += routes.record(one.place).counts.count(why);
      if (name.place >= most)
        rest += count;
      else if (count != 0 || is_possible(name, why))
        write({name.settings->name, to_string(why)}, static_cast<double>(count));
    }
    if (names.size() > most)
      write({other, to_string(why)}, static_cast<double>(rest));
  }
}
} // namespace

catalog_metrics::catalog_metrics(telemetry::metric_registry& registry,
                                 std::vector<server::worker*> workers)
    : workers_(std::move(workers)) {
  callbacks_.push_back(telemetry::deployment_requests(registry, on_routes(write_requests)));
  callbacks_.push_back(telemetry::deployment_in_flight(registry, on_routes(write_in_flight)));
  callbacks_.push_back(telemetry::deployment_state(registry, on_routes(write_state)));
  callbacks_.push_back(telemetry::deployment_first_token(registry, on_routes(write_first_token)));
  callbacks_.push_back(telemetry::deployment_shut(registry, on_routes(write_shut)));
  callbacks_.push_back(telemetry::fallbacks(registry, on_routes(write_fallbacks)));
}

telemetry::collector catalog_metrics::on_routes(
    void (*write)(const client::thread_routes&, const telemetry::sample_writer&)) const {
  return [workers = workers_, write](const telemetry::sample_writer& out) {
    const auto* thread = net::io_thread::current();
    if (thread == nullptr || thread->index() >= workers.size())
      return;
    if (const auto& routes = workers[thread->index()]->routes)
      write(*routes, out);
  };
}

} // namespace synapse::app
