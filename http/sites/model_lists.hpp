/// @file
/// The index of models of one I/O thread, and the one request that asks for them on behalf of all.
#pragma once

#include "actors/runtime/pinned.hpp"
#include "http/net/local_ptr.hpp"
#include "http/net/task.hpp"
#include "routing/model_index.hpp"

#include <utility>
#include <vector>

namespace synapse::client {

/// Own thread only; begins empty with every configuration.
class model_lists final : public net::local_counted {
public:
  routing::model_index index;

  /// Held by the one request of many that asks the backends; the others wait for its end.
  class asking {
  public:
    /// @param unit of the same thread.
    asking(net::local_ptr<model_lists> lists, actors::io_unit& unit)
        : lists_(std::move(lists)), unit_(unit) {
      lists_->asked_ = true;
    }
    asking(const asking&) = delete;
    asking& operator=(const asking&) = delete;
    ~asking() {
      lists_->asked_ = false;
      for (auto& waiter : std::exchange(lists_->waiting_, {}))
        unit_.defer(std::move(waiter));
    }

  private:
    net::local_ptr<model_lists> lists_;
    actors::io_unit& unit_;
  };
  bool is_asked() const noexcept { return asked_; }
  /// Wakes it, once, when nobody asks any more. @pre is_asked()
  void wait(net::wake_ptr waiter) { waiting_.push_back(std::move(waiter)); }

private:
  bool asked_ = false;
  std::vector<net::wake_ptr> waiting_;
};

} // namespace synapse::client
