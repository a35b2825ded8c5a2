#include "backends/llama/model_process.hpp"

#include <algorithm>
#include <utility>

namespace synapse::backends {

void model_process::kill() {
  alive = false;
  for (auto* user : users)
    user->wake();
}

std::size_t model_process::free_slots() const {
  return static_cast<std::size_t>(
      std::count_if(slots.begin(), slots.end(), [](const slot& each) { return !each.busy; }));
}

slot_lease::slot_lease(std::shared_ptr<model_process> process, slot& held)
    : process_(std::move(process)), held_(&held) {
  held.busy = true;
  held.task = ++process_->next_task;
  held.decoded = 0;
  process_->metrics.processing += 1;
}

slot_lease::slot_lease(slot_lease&& other) noexcept
    : process_(std::move(other.process_)), held_(std::exchange(other.held_, nullptr)) {}

slot_lease& slot_lease::operator=(slot_lease&& other) noexcept {
  if (this != &other) {
    release();
    process_ = std::move(other.process_);
    held_ = std::exchange(other.held_, nullptr);
  }
  return *this;
}

slot_lease::~slot_lease() {
  release();
}

void slot_lease::release() {
  if (!held_)
    return;
  held_->busy = false;
  held_ = nullptr;
  process_->metrics.processing -= 1;
  if (!process_->waiting.empty())
    process_->waiting.front()->wake();
}

namespace {

// Keeps a request in the queue for exactly as long as it waits.
class queue_place {
public:
  queue_place(model_process& process, exchange& out) : process_(process), out_(out) {
    process_.waiting.push_back(&out_);
    process_.metrics.deferred += 1;
  }

  queue_place(const queue_place&) = delete;
  queue_place& operator=(const queue_place&) = delete;

  ~queue_place() {
    std::erase(process_.waiting, &out_);
    process_.metrics.deferred -= 1;
    if (!process_.waiting.empty() && process_.free_slots() > 0)
      process_.waiting.front()->wake();
  }

  bool first() const { return process_.waiting.front() == &out_; }

private:
  model_process& process_;
  exchange& out_;
};

slot* free_slot(model_process& process) {
  for (auto& each : process.slots)
    if (!each.busy)
      return &each;
  return nullptr;
}

} // namespace

asio::awaitable<slot_lease> acquire_slot(std::shared_ptr<model_process> process, exchange& out) {
  if (process->waiting.empty() && process->alive)
    if (auto* free = free_slot(*process))
      co_return slot_lease{process, *free};
  queue_place place{*process, out};
  while (process->alive && !out.gone()) {
    auto* free = free_slot(*process);
    if (free && place.first())
      co_return slot_lease{process, *free};
    co_await out.pause_until(exchange::clock::time_point::max());
  }
  co_return slot_lease{};
}

} // namespace synapse::backends
