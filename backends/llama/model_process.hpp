#pragma once

#include "backends/llama/metrics_text.hpp"
#include "backends/server/exchange.hpp"
#include "backends/text/text_models.hpp"
#include "backends/text/tokenizer.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

namespace synapse::backends {

/// A place in which one answer is made at a time.
struct slot {
  std::size_t id = 0;
  bool busy = false;
  std::uint64_t task = 0;
  std::size_t decoded = 0;
  std::vector<token_id> cache; ///< the last prompt, to tell how much of the next is known
};

/// What stands behind a loaded model: in llama.cpp a child process with its slots.
struct model_process {
  model_process(const text_model& served, std::size_t slot_count)
      : model(served), slots(slot_count) {
    for (std::size_t i = 0; i < slot_count; ++i)
      slots[i].id = i;
  }

  const text_model& model;
  bool plain_errors = true; ///< the router tells of its death in plain text, else as an object
  bool alive = true;        ///< false from the moment it is told to stop: connections to it break
  std::vector<slot> slots;
  std::deque<exchange*> waiting;       ///< for a slot, first come first served
  std::unordered_set<exchange*> users; ///< requests it is working on or that wait for a slot
  exchange::clock::time_point last_used = exchange::clock::now();
  std::uint64_t next_task = 0;
  llama_metrics metrics;

  /// Stops working: whoever uses it is woken and finds alive == false.
  void kill();

  std::size_t free_slots() const;
};

/// Holds a slot of a process; gives it to the next in line when it goes.
class slot_lease {
public:
  slot_lease() = default;
  slot_lease(std::shared_ptr<model_process> process, slot& held);
  slot_lease(slot_lease&& other) noexcept;
  slot_lease& operator=(slot_lease&& other) noexcept;
  ~slot_lease();

  explicit operator bool() const { return held_ != nullptr; }
  slot& operator*() const { return *held_; }
  slot* operator->() const { return held_; }

private:
  void release();

  std::shared_ptr<model_process> process_;
  slot* held_ = nullptr;
};

/// Waits for a free slot in turn. Empty if the client left or the process died first.
asio::awaitable<slot_lease> acquire_slot(std::shared_ptr<model_process> process, exchange& out);

} // namespace synapse::backends
