#include "actors/runtime/pinned.hpp"

namespace synapse::actors {

namespace {
/// Messages that one actor may handle before others get their turn.
constexpr std::size_t throughput = 64;
/// Rounds of one drain before the sockets get their turn.
constexpr int max_rounds = 16;
} // namespace

io_unit::io_unit(caf::actor_system& system, net::io_thread& thread)
    : caf::execution_unit(&system), thread_(thread) {
  local_.reserve(256);
  batch_.reserve(256);
}

io_unit::~io_unit() = default;

void io_unit::exec_later(caf::resumable* job) {
  if (job->subtype() != caf::resumable::io_actor) {
    system().scheduler().enqueue(job);
    return;
  }
  if (thread_.is_current()) {
    local_.push_back(job);
    arm();
    return;
  }
  bool first = false;
  {
    std::lock_guard guard{mutex_};
    first = remote_.empty();
    remote_.push_back(job);
  }
  // One wake-up of the thread per burst, not per message.
  if (first)
    net::asio::post(thread_.context(), [this] {
      {
        std::lock_guard guard{mutex_};
        local_.insert(local_.end(), remote_.begin(), remote_.end());
        remote_.clear();
      }
      drain();
    });
}

void io_unit::defer(net::wake_ptr waiter) {
  wakes_.push_back(std::move(waiter));
  arm();
}

void io_unit::arm() {
  if (armed_ || draining_)
    return;
  armed_ = true;
  net::asio::post(thread_.context(), [this] {
    armed_ = false;
    drain();
  });
}

void io_unit::drain() {
  if (draining_)
    return;
  draining_ = true;
  for (int round = 0; round < max_rounds && !(local_.empty() && wakes_.empty()); ++round) {
    batch_.swap(local_);
    for (auto* job : batch_)
      run_one(job);
    batch_.clear();
    // By index: a woken coroutine may defer further ones.
    for (std::size_t i = 0; i < wakes_.size(); ++i) { // NOLINT(modernize-loop-convert)
      auto waiter = std::move(wakes_[i]);
      waiter->notify();
    }
    wakes_.clear();
  }
  draining_ = false;
  if (!local_.empty() || !wakes_.empty())
    arm();
}

void io_unit::run_one(caf::resumable* job) {
  switch (job->resume(this, throughput)) {
  case caf::resumable::resume_later:
    local_.push_back(job);
    break;
  case caf::resumable::done:
  case caf::resumable::awaiting_message:
    caf::intrusive_ptr_release(job);
    break;
  case caf::resumable::shutdown_execution_unit:
    break;
  }
}

} // namespace synapse::actors
