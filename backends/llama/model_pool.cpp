#include "backends/llama/model_pool.hpp"

#include <algorithm>
#include <utility>

namespace synapse::backends {

using state = pooled_model::state;

namespace {

api_error limit_reached() {
  return {error_type::server, "model limit reached, try again later"};
}

} // namespace

model_lease::model_lease(model_pool& pool, pooled_model& model, exchange& user)
    : pool_(&pool), user_(&user), process_(model.process), id_(model.spec.id) {
  process_->users.insert(user_);
}

model_lease::model_lease(model_lease&& other) noexcept
    : pool_(other.pool_), user_(other.user_), process_(std::move(other.process_)),
      id_(std::move(other.id_)) {}

model_lease::~model_lease() {
  if (!process_)
    return;
  process_->users.erase(user_);
  process_->last_used = exchange::clock::now();
  pool_->released(id_);
}

// Counts a request as waiting for a model, from the first moment to the last.
class model_pool::ticket {
public:
  ticket(model_pool& pool, pooled_model& model, exchange& user)
      : pool_(pool), model_(model), user_(user) {
    pool_.waiting_.insert(&user_);
    ++model_.interested;
  }

  ticket(const ticket&) = delete;
  ticket& operator=(const ticket&) = delete;

  ~ticket() {
    pool_.waiting_.erase(&user_);
    if (--model_.interested == 0)
      std::erase(pool_.queue_, &model_);
    pool_.serve_queue();
  }

private:
  model_pool& pool_;
  pooled_model& model_;
  exchange& user_;
};

model_pool::model_pool(model_pool_options options, std::shared_ptr<const docs_index> index)
    : options_(std::move(options)) {
  texts_.push_back(make_docs_model(index));
  texts_.push_back(make_coder_model(index));
  texts_.push_back(make_echo_model());
  for (const auto& spec : options_.models) {
    auto model = std::make_unique<pooled_model>();
    model->spec = spec;
    model->text = texts_[static_cast<std::size_t>(spec.kind)].get();
    models_.push_back(std::move(model));
  }
  // Newer builds list what is in their folder by name.
  if (options_.behavior == router_behavior::new_builds)
    std::sort(models_.begin(), models_.end(),
              [](const auto& a, const auto& b) { return a->spec.id < b->spec.id; });
}

model_pool::~model_pool() = default;

void model_pool::start(asio::any_io_executor executor) {
  executor_ = std::move(executor);
  for (auto& model : models_)
    model->timer = std::make_unique<asio::steady_timer>(executor_);
}

void model_pool::stop() {
  stopped_ = true;
  for (auto& model : models_)
    if (model->timer)
      model->timer->cancel();
}

asio::awaitable<model_lease> model_pool::ensure(exchange& user, std::string name, bool autoload) {
  bool old = options_.behavior == router_behavior::old_builds;
  auto* model = find(name);
  if (!model)
    throw invalid(old ? "model not found" : "model '" + name + "' not found");
  if (!autoload && (!model->running() || (old && model->now == state::loading)))
    throw invalid("model is not loaded");
  if (!autoload && model->now == state::loading)
    throw api_error{error_type::unavailable, "Loading model"};
  if (old && !model->running() && full() && changing())
    throw limit_reached();
  ticket place{*this, *model, user};
  auto losses = model->load_losses;
  while (!user.gone()) {
    if (model->load_losses != losses)
      throw api_error{error_type::server, "model name=" + model->spec.id + " failed to load"};
    // Who asks for a model that is being evicted waits for its next turn.
    if (model->stopping() && model->now != state::loading && !model->evicted)
      throw api_error{old ? error_type::server : error_type::proxy,
                      "proxy error: Could not establish connection"};
    if (model->now == state::loaded && !model->stopping())
      co_return model_lease{*this, *model, user};
    if (model->now == state::sleeping && !model->stopping())
      wake_up(*model);
    if (!model->running() && std::find(queue_.begin(), queue_.end(), model) == queue_.end()) {
      queue_.push_back(model);
      serve_queue();
      continue;
    }
    co_await user.pause_until(exchange::clock::time_point::max());
  }
  co_return model_lease{};
}

asio::awaitable<void> model_pool::load(exchange& user, std::string name) {
  bool old = options_.behavior == router_behavior::old_builds;
  auto* model = find(name);
  if (!model)
    throw api_error{error_type::not_found, old ? "model is not found" : "File Not Found"};
  if (old && model->now == state::loading)
    co_return;
  if (model->running())
    throw invalid(old ? "model is already loaded" : "model is already running");
  if (full()) {
    // A process that was told to stop still counts until it has ended.
    auto* victim = changing() ? nullptr : least_recently_used(old);
    if (!victim)
      throw limit_reached();
    begin_stop(*victim, true);
    ticket place{*this, *victim, user};
    while (victim->stopping() && !user.gone())
      co_await user.pause_until(exchange::clock::time_point::max());
    if (model->running() || user.gone())
      co_return;
    if (full())
      throw limit_reached();
  }
  start_load(*model);
}

void model_pool::unload(const std::string& name) {
  auto* model = find(name);
  if (!model)
    throw invalid("model is not found");
  if (!model->running())
    throw invalid(options_.behavior == router_behavior::old_builds ? "model is not loaded"
                                                                   : "model is not running");
  if (!model->stopping())
    begin_stop(*model, false);
}

pooled_model* model_pool::find(std::string_view name) {
  for (auto& model : models_)
    if (model->spec.id == name)
      return model.get();
  return nullptr;
}

std::size_t model_pool::running_count() const {
  return static_cast<std::size_t>(std::count_if(
      models_.begin(), models_.end(), [](const auto& model) { return model->running(); }));
}

bool model_pool::full() const {
  return options_.models_max > 0 && running_count() >= options_.models_max;
}

bool model_pool::changing() const {
  return std::any_of(models_.begin(), models_.end(), [](const auto& model) {
    return model->now == state::loading || model->stopping();
  });
}

pooled_model* model_pool::least_recently_used(bool also_busy) {
  pooled_model* best = nullptr;
  for (auto& model : models_) {
    if ((model->now != state::loaded && model->now != state::sleeping) || model->stopping())
      continue;
    if (!also_busy && (!model->process->users.empty() || model->interested > 0))
      continue;
    if (!best || model->process->last_used < best->process->last_used)
      best = model.get();
  }
  return best;
}

void model_pool::after(pooled_model& model, std::chrono::milliseconds delay,
                       void (model_pool::*then)(pooled_model&)) {
  if (stopped_)
    return;
  model.timer->expires_after(delay);
  // The process tells a handler that was queued for an earlier life of the model.
  model.timer->async_wait(
      [this, &model, then, process = model.process](boost::system::error_code code) {
        if (!code && !stopped_ && model.process == process)
          (this->*then)(model);
      });
}

void model_pool::start_load(pooled_model& model) {
  std::erase(queue_, &model);
  model.now = state::loading;
  model.failed = false;
  model.waking = false;
  model.cut = false;
  model.process = std::make_shared<model_process>(*model.text, options_.parallel);
  model.process->plain_errors = options_.behavior == router_behavior::new_builds;
  publish(model, "model_status", {{"status", "loading"}});
  publish_progress(model, 0.0);
  after(model, options_.load_time,
        model.spec.fails ? &model_pool::crashed : &model_pool::on_loaded);
}

void model_pool::wake_up(pooled_model& model) {
  model.now = state::loading;
  model.waking = true;
  publish_progress(model, 0.0);
  after(model, options_.load_time, &model_pool::on_loaded);
}

void model_pool::on_loaded(pooled_model& model) {
  if (model.stopping())
    return;
  model.now = state::loaded;
  model.process->last_used = exchange::clock::now();
  publish_progress(model, 1.0);
  json told = {{"status", "loaded"}};
  if (!model.waking)
    told["info"] = info(model);
  publish(model, "status_change", std::move(told));
  wake_waiters();
  released(model.spec.id);
}

void model_pool::begin_stop(pooled_model& model, bool to_make_room) {
  model.evicted = to_make_room;
  model.cut = model.now == state::loading || !model.process->users.empty();
  model.process->kill();
  after(model, options_.unload_time, &model_pool::exited);
}

void model_pool::exited(pooled_model& model) {
  // Who is stopped in the middle of something does not end with 0.
  on_stopped(model, model.cut && options_.behavior == router_behavior::new_builds);
}

void model_pool::crashed(pooled_model& model) {
  on_stopped(model, true);
}

void model_pool::on_stopped(pooled_model& model, bool failed) {
  if (model.now == state::loading)
    ++model.load_losses;
  model.now = state::unloaded;
  model.failed = failed;
  model.process.reset();
  publish(model, "status_change", {{"status", "unloaded"}, {"exit_code", failed ? 1 : 0}});
  wake_waiters();
  serve_queue();
}

void model_pool::fall_asleep(pooled_model& model) {
  if (model.now != state::loaded || model.stopping() || !model.process->users.empty())
    return;
  model.now = state::sleeping;
  publish(model, "status_change", {{"status", "sleeping"}});
}

void model_pool::released(const std::string& id) {
  auto* model = find(id);
  if (model && model->now == state::loaded && !model->stopping() && model->process->users.empty() &&
      options_.sleep_idle.count() > 0)
    after(*model, options_.sleep_idle, &model_pool::fall_asleep);
  serve_queue();
}

// Loads what is waited for, in turn, as far as there is room; makes room by stopping a model that
// nobody uses. Called after every change that could let the first in line go on.
void model_pool::serve_queue() {
  while (!stopped_ && !queue_.empty()) {
    auto* next = queue_.front();
    if (next->running()) {
      queue_.pop_front();
    } else if (!full()) {
      start_load(*next);
    } else {
      bool old = options_.behavior == router_behavior::old_builds;
      auto* victim = changing() ? nullptr : least_recently_used(old);
      if (victim)
        begin_stop(*victim, true);
      return;
    }
  }
}

void model_pool::wake_waiters() {
  for (auto* user : waiting_)
    user->wake();
}

} // namespace synapse::backends
