#pragma once

#include "backends/llama/api.hpp"
#include "backends/llama/model_process.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace synapse::backends {

enum class model_kind { docs, coder, echo };

/// One model the router offers.
struct model_spec {
  std::string id;
  model_kind kind = model_kind::docs;
  bool fails = false; ///< its process dies while loading
};

/// Which builds of the router are imitated where they differ.
enum class router_behavior { old_builds, new_builds };

struct model_pool_options {
  std::vector<model_spec> models;
  std::size_t models_max = 4; ///< running at a time; 0 = any number
  std::size_t parallel = 4;   ///< slots per model
  std::size_t ctx_size = 16384;
  std::chrono::milliseconds load_time{300};
  std::chrono::milliseconds unload_time{50}; ///< from the order to stop to the process's end
  std::chrono::milliseconds sleep_idle{0};   ///< until an idle model sleeps; 0 = never
  router_behavior behavior = router_behavior::new_builds;
};

class model_pool;

/// One model's state. Only the pool changes it.
struct pooled_model {
  enum class state { unloaded, loading, loaded, sleeping };

  model_spec spec;
  const text_model* text = nullptr;
  state now = state::unloaded;
  bool failed = false;
  bool waking = false;           ///< loading after a sleep
  bool cut = false;              ///< stopped while it worked or was loading
  bool evicted = false;          ///< stopped to make room, not because a client said so
  std::uint64_t load_losses = 0; ///< loads that did not end in a loaded model
  std::size_t interested = 0;    ///< requests waiting for it to be loaded
  std::shared_ptr<model_process> process;
  std::unique_ptr<asio::steady_timer> timer;

  bool running() const { return now != state::unloaded; }
  bool stopping() const { return process && !process->alive; }
};

/// A request's hold on a running model: while it exists the model counts as busy.
class model_lease {
public:
  model_lease() = default;
  model_lease(model_pool& pool, pooled_model& model, exchange& user);
  model_lease(model_lease&& other) noexcept;
  model_lease& operator=(model_lease&&) = delete;
  ~model_lease();

  explicit operator bool() const { return process_ != nullptr; }
  const std::shared_ptr<model_process>& process() const { return process_; }
  const std::string& id() const { return id_; }

private:
  model_pool* pool_ = nullptr;
  exchange* user_ = nullptr;
  std::shared_ptr<model_process> process_;
  std::string id_;
};

/// Loads, unloads and evicts models the way llama.cpp's router does with its child processes.
class model_pool {
public:
  model_pool(model_pool_options options, std::shared_ptr<const docs_index> index);
  ~model_pool();

  void start(asio::any_io_executor executor);
  void stop();

  /// Gives a request its model, loading it if `autoload`. Empty if the client left.
  /// @throws api_error the router's texts
  asio::awaitable<model_lease> ensure(exchange& user, std::string name, bool autoload);

  /// `POST /models/load`. @throws api_error
  asio::awaitable<void> load(exchange& user, std::string name);

  /// `POST /models/unload`. @throws api_error
  void unload(const std::string& name);

  /// @returns the `data` array of `GET /models`.
  json list() const;

  /// Whether it is that model, asleep: its properties are answered without waking it.
  bool sleeps(std::string_view name) const;

  /// @returns the answer to `GET /slots` of a running process.
  json slots(const model_process& process) const;

  /// A listener of `GET /models/sse`; its queue holds the newest events.
  struct listener {
    exchange* user;
    std::deque<std::string> events;
  };
  void subscribe(listener& who) { listeners_.insert(&who); }
  void unsubscribe(listener& who) { listeners_.erase(&who); }

  const model_pool_options& options() const { return options_; }

private:
  friend class model_lease;
  class ticket;

  pooled_model* find(std::string_view name);
  std::size_t running_count() const;
  bool full() const;
  bool changing() const;
  pooled_model* least_recently_used(bool also_busy);
  void start_load(pooled_model& model);
  void publish_progress(const pooled_model& model, double value);
  void wake_up(pooled_model& model);
  void on_loaded(pooled_model& model);
  void begin_stop(pooled_model& model, bool to_make_room);
  void on_stopped(pooled_model& model, bool failed);
  void after(pooled_model& model, std::chrono::milliseconds delay,
             void (model_pool::*then)(pooled_model&));
  void exited(pooled_model& model);
  void crashed(pooled_model& model);
  void fall_asleep(pooled_model& model);
  void released(const std::string& id);
  void serve_queue();
  void wake_waiters();
  void publish(const pooled_model& model, std::string_view event, json data);
  json status(const pooled_model& model) const;
  json info(const pooled_model& model) const;

  model_pool_options options_;
  std::vector<std::unique_ptr<text_model>> texts_;
  std::vector<std::unique_ptr<pooled_model>> models_;
  asio::any_io_executor executor_;
  std::deque<pooled_model*> queue_; ///< models to be loaded as soon as there is room, in turn
  std::unordered_set<exchange*> waiting_;
  std::unordered_set<listener*> listeners_;
  bool stopped_ = false;
};

} // namespace synapse::backends
