#include "app/boot/engine.hpp"

#include "app/cluster_setup.hpp"

#include <boost/asio/post.hpp>

namespace synapse::app {

struct engine::system_config : caf::actor_system_config {
  explicit system_config(const config::settings& settings) {
    // Few messages cross threads; stealing would poll (18-27 % of a core at one message per ms).
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", std::size_t{1});
    prepare_cluster(*this, settings);
  }
};

thread_parts::thread_parts(unsigned index, caf::actor_system& system, server::lifecycle& life,
                           const server::route_table& table, instruments& tools)
    : io(index), unit(system, io), log(tools.access_output), work(io, unit, life, table) {
  work.metrics = &tools.metrics;
  work.unmatched = &tools.metrics.route("(none)");
  work.log = &log;
  io.every_quarter_second([this] { log.flush(); });
  io.on_loop_delay([&delay = tools.metrics.event_loop_delay(index)](net::time_ns late) {
    delay.observe_ns(late);
  });
}

engine::engine(unsigned threads, const config::settings& first, server::lifecycle& life,
               const server::route_table& table, instruments& tools)
    : config_(std::make_unique<system_config>(first)),
      system_(std::make_unique<caf::actor_system>(*config_)) {
  for (unsigned i = 0; i < threads; ++i)
    threads_.push_back(std::make_unique<thread_parts>(i, *system_, life, table, tools));
}

engine::~engine() {
  // Threads that still run are the end of the process: with them the system would wait for ever.
  if (!threads_.front()->thread.joinable())
    system_.reset();
}

std::vector<server::worker*> engine::workers() const {
  std::vector<server::worker*> result;
  for (const auto& t : threads_)
    result.push_back(&t->work);
  return result;
}

std::size_t engine::running_requests() const {
  std::size_t sum = 0;
  for (const auto& t : threads_)
    sum += t->work.exchanges.load(std::memory_order_relaxed);
  return sum;
}

void engine::start() {
  for (auto& t : threads_)
    t->thread = std::thread([&t = *t] {
      telemetry::set_shard(t.io.index());
      t.io.run();
      telemetry::clear_shard();
    });
}

void engine::on_each_thread(std::function<void(thread_parts&)> work) {
  for (auto& t : threads_)
    boost::asio::post(t->io.context(), [&t = *t, work] { work(t); });
}

void engine::end() {
  for (auto& t : threads_)
    t->io.release();
  for (auto& t : threads_)
    if (t->thread.joinable())
      t->thread.join();
  system_.reset();
}

} // namespace synapse::app
