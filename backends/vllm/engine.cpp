#include "backends/vllm/engine.hpp"

#include <algorithm>

namespace synapse::backends {

engine_word vllm_engine::word() const {
  if (dead_)
    return engine_word::broken;
  return sleeping() ? engine_word::hold : engine_word::go_on;
}

void vllm_engine::sleep(int level, bool busy) {
  if (dead_ || sleeping())
    return;
  if (busy) {
    dead_ = true;
    return;
  }
  weights_ = kv_cache_ = false;
  if (level >= 2)
    sound_ = false;
}

std::string vllm_engine::wake(const std::vector<std::string>& tags) {
  if (dead_)
    return "EngineCore encountered an issue. See stack trace (above) for the root cause.";
  if (!sleeping())
    return {};
  if (failing_ > 0) {
    --failing_;
    return "CUDA Error: out of memory at cumem_allocator.cpp";
  }
  auto named = [&](std::string_view what) {
    return tags.empty() || std::find(tags.begin(), tags.end(), what) != tags.end();
  };
  weights_ = weights_ || named("weights");
  kv_cache_ = kv_cache_ || named("kv_cache");
  return {};
}

void vllm_engine::asked() {
  if (sleeping() && traps_.dies_when_asked_asleep)
    dead_ = true;
}

bool vllm_engine::reload_weights() {
  if (dead_ || !weights_)
    return false;
  sound_ = true;
  return true;
}

void vllm_engine::restart() {
  *this = vllm_engine{traps_};
}

} // namespace synapse::backends
