/// @file
/// The bridge from a coroutine to actors: one pending question with its answer.
#pragma once

#include "actors/runtime/pinned.hpp"

#include <caf/expected.hpp>

#include <optional>

namespace synapse::actors {

/// A question that a coroutine_actor asked. The coroutine looks at `done()` whenever its wake_point
/// was notified; it keeps its own deadline, because CAF's clock is too dear per request. Dropping
/// the object forgets the answer. Own thread only.
template <class Reply>
class question {
public:
  question() = default;
  question(const question&) = delete;
  question& operator=(const question&) = delete;

  /// Sends `args` from `self` to `destination`.
  template <class Self, class Destination, class... Args>
  void ask(Self& self, const Destination& destination, Args&&... args) {
    auto state = net::make_local<slot>();
    slot_ = state;
    auto* actor = &self;
    self.context(&self.unit());
    // The deadline belongs to the asking coroutine, see above.
    self.request(destination, caf::infinite, std::forward<Args>(args)...)
        .then(
            [state, actor](Reply& reply) {
              state->value.emplace(std::move(reply));
              actor->unit().defer(actor->wake());
            },
            [state, actor](caf::error& error) {
              state->value.emplace(std::move(error));
              actor->unit().defer(actor->wake());
            });
  }

  bool done() const noexcept { return slot_ && slot_->value.has_value(); }
  /// The answer or the error. @pre done()
  caf::expected<Reply>& answer() { return *slot_->value; }

private:
  struct slot : net::local_counted {
    std::optional<caf::expected<Reply>> value;
  };
  net::local_ptr<slot> slot_;
};

} // namespace synapse::actors
