/// @file
/// What the gateway says to a vLLM about sleep.
#pragma once

#include "actors/gpus/gpu_card.hpp"
#include "actors/gpus/turns/card.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace synapse::actors {

/// Part of an actor and used on its thread only: the calls with their time limits. Decides nothing.
/// Every `then` is called in every case but the actor's end, never before the call returns. What a
/// member is reached by is taken when the call begins.
class vllm_client {
public:
  using seen = std::function<void(gpus::sighting what, std::string why)>;
  using counted = std::function<void(std::optional<std::uint64_t> requests, std::string why)>;
  using answered = std::function<void(gpus::outcome how, std::string why)>;

  /// Between looks whether a backend's name is resolved, when it has just been started.
  static constexpr std::chrono::milliseconds address_again{50};

  explicit vllm_client(gpu_coordinator_actor::pointer self) : self_(self) {}
  vllm_client(const vllm_client&) = delete;
  vllm_client& operator=(const vllm_client&) = delete;

  /// Does it sleep?
  void look(const gpu_card::member& whom, seen then);
  /// How many requests does it have, running and waiting?
  void measure(const gpu_card::member& whom, counted then);
  void sleep(const gpu_card::member& whom, unsigned level, answered then);
  /// @param tags which part of it; empty: all
  void wake(const gpu_card::member& whom, const std::string& tags, answered then);
  /// After a sleep of level 2.
  void reload_weights(const gpu_card::member& whom, answered then);
  /// One token of its first model.
  void warm_up(const gpu_card::member& whom, answered then);

  /// Calls wait for an address: `try_again` is wanted after `address_again`.
  bool wants_address() const noexcept { return !unresolved_.empty(); }
  void try_again();

  /// The actor ends: drops handles and calls.
  void let_go() { unresolved_.clear(); }

private:
  using replied = std::function<void(const http_reply&)>;
  struct call {
    http_call what;
    std::chrono::milliseconds limit{0};
    gpus::time_ns since = 0;
    backend_actor control;
    http_link_actor link;
    replied then;
  };
  using call_ptr = std::shared_ptr<call>;

  void begin(const gpu_card::member& whom, http_call what, std::chrono::milliseconds limit,
             replied then);
  void command(const gpu_card::member& whom, http_call what, std::chrono::milliseconds limit,
               answered then);
  void find_address(const call_ptr& one);
  void on_address(const call_ptr& one, const backend_snapshot& state);

  gpu_coordinator_actor::pointer self_;
  std::vector<call_ptr> unresolved_;
};

} // namespace synapse::actors
