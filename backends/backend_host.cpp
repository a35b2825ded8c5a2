#include "backends/backend_host.hpp"

#include "backends/server/http_server.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <future>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <utility>

namespace synapse::backends {

namespace {

// A service with all that belongs to it.
struct served {
  std::unique_ptr<service> what;
  service_counters counters;
  std::unique_ptr<http_server> server;
};

} // namespace

struct backend_host::running {
  explicit running(host_options given) : options(std::move(given)) {}

  void add(std::unique_ptr<service> what, const host_options::listening& where) {
    auto entry = std::make_unique<served>();
    entry->what = std::move(what);
    http_server_options server_options;
    server_options.host = options.host;
    server_options.port = where.port;
    server_options.allow_misbehave = options.allow_misbehave;
    server_options.log = options.log;
    entry->server = std::make_unique<http_server>(context, workers, *entry->what,
                                                  std::move(server_options), entry->counters);
    for (const auto& each : where.misbehaviors)
      entry->server->misbehaviors().add(each, 0);
    entries.push_back(std::move(entry));
  }

  served* find(std::string_view name) const {
    for (const auto& entry : entries)
      if (entry->what->name() == name)
        return entry.get();
    return nullptr;
  }

  host_options options;
  asio::io_context context{1};
  asio::thread_pool workers{4}; // a long recording must not hold up the other services
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> guard;
  std::vector<std::unique_ptr<served>> entries;
  std::thread thread;
};

backend_host::backend_host(host_options options)
    : running_(std::make_unique<running>(std::move(options))) {
  auto& mine = *running_;
  auto add = [&mine]<class Service>(std::type_identity<Service>, const auto& wanted) {
    if (wanted)
      mine.add(std::make_unique<Service>(wanted->second), wanted->first);
  };
  add(std::type_identity<llama_embed>{}, mine.options.llama_embed);
  add(std::type_identity<llama_router>{}, mine.options.llama_router);
  add(std::type_identity<chatterbox_tts>{}, mine.options.chatterbox_tts);
  add(std::type_identity<whisper_stt>{}, mine.options.whisper_stt);
  add(std::type_identity<pyannote_speaker>{}, mine.options.pyannote_speaker);
  add(std::type_identity<deepfilter_audio>{}, mine.options.deepfilter_audio);
  add(std::type_identity<ollama>{}, mine.options.ollama);
  add(std::type_identity<vllm>{}, mine.options.vllm);
  add(std::type_identity<speaches>{}, mine.options.speaches);
  add(std::type_identity<piper>{}, mine.options.piper);
}

backend_host::~backend_host() {
  stop();
}

std::string backend_host::start() {
  auto& mine = *running_;
  for (auto& entry : mine.entries) {
    auto problem = entry->server->listen();
    if (!problem.empty()) {
      for (auto& each : mine.entries)
        each->server->stop();
      return std::string(entry->what->name()) + ": " + problem;
    }
  }
  for (auto& entry : mine.entries) {
    entry->what->start(mine.context.get_executor());
    auto closed = entry->what->closed_at_start();
    if (closed.count() > 0)
      entry->server->refuse(closed);
    else
      entry->server->run();
  }
  mine.guard.emplace(mine.context.get_executor());
  mine.thread = std::thread([&mine] { mine.context.run(); });
  return {};
}

void backend_host::stop() {
  auto& mine = *running_;
  if (!mine.thread.joinable())
    return;
  asio::post(mine.context, [&mine] {
    for (auto& entry : mine.entries) {
      entry->server->stop();
      entry->what->stop();
    }
    mine.guard.reset();
  });
  mine.thread.join();
  mine.workers.join();
}

std::vector<std::string> backend_host::services() const {
  std::vector<std::string> out;
  for (const auto& entry : running_->entries)
    out.emplace_back(entry->what->name());
  return out;
}

std::vector<std::string> backend_host::notices() const {
  std::vector<std::string> out;
  for (const auto& entry : running_->entries)
    for (const auto& notice : entry->what->notices())
      out.push_back(std::string(entry->what->name()) + ": " + notice);
  return out;
}

std::uint16_t backend_host::port(std::string_view service) const {
  auto* entry = running_->find(service);
  return entry ? entry->server->port() : 0;
}

std::string backend_host::url(std::string_view service) const {
  const auto& host = running_->options.host;
  bool wide = host.find(':') != std::string::npos;
  return "http://" + (wide ? "[" + host + "]" : host) + ":" + std::to_string(port(service));
}

const service_counters& backend_host::counters(std::string_view service) const {
  auto* entry = running_->find(service);
  if (!entry)
    throw std::out_of_range("no such service: " + std::string(service));
  return entry->counters;
}

std::string backend_host::misbehave(std::string_view service, std::string_view spec,
                                    std::uint64_t times) {
  auto* entry = running_->find(service);
  if (!entry)
    return "no such service: " + std::string(service);
  std::string problem;
  auto parsed = parse_misbehavior(spec, problem);
  if (!parsed)
    return problem;
  std::promise<void> done;
  asio::post(running_->context, [&] {
    if (parsed->plan.refuse)
      entry->server->refuse(*parsed->plan.refuse);
    else
      entry->server->misbehaviors().add(std::move(*parsed), times);
    done.set_value();
  });
  done.get_future().wait();
  return {};
}

} // namespace synapse::backends
