#pragma once

#include "backends/standin/telling.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace synapse::backends {

/// What is behind a vLLM server: awake, asleep or dead. One thread; knows no time.
class vllm_engine {
public:
  struct traps {
    bool dies_when_asked_asleep = false; ///< a generation while it sleeps ends it
    std::size_t failing_wakes = 0;       ///< so many wakes run out of memory
  };

  explicit vllm_engine(traps given) : traps_(given), failing_(given.failing_wakes) {}

  bool dead() const { return dead_; }
  bool sleeping() const { return !dead_ && !(weights_ && kv_cache_); }

  /// @returns false after a sleep of level 2 until the weights were loaded again: it answers, but
  /// nonsense.
  bool makes_sense() const { return sound_; }

  /// @returns what a running generation may do.
  engine_word word() const;

  /// Goes to sleep. @param level 0 keeps everything but stands still, 1 keeps the weights, 2
  /// nothing
  /// @param busy requests are running: that kills it
  void sleep(int level, bool busy);

  /// Wakes what is named, everything if nothing is.
  /// @returns an empty text, or why it could not
  std::string wake(const std::vector<std::string>& tags);

  /// A generation came. Kills it if it sleeps and that trap is set.
  void asked();

  /// `reload_weights`: true if the weights have memory to be loaded into.
  bool reload_weights();

  void kill() { dead_ = true; }

  /// As after its start.
  void restart();

private:
  traps traps_;
  std::size_t failing_;
  bool dead_ = false;
  bool weights_ = true;
  bool kv_cache_ = true;
  bool sound_ = true;
};

} // namespace synapse::backends
