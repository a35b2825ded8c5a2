#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace synapse::backends {

/// Which models are in memory, and who may use them. Time comes from the caller; one thread.
class ollama_scheduler {
public:
  using time_point = std::chrono::steady_clock::time_point;
  using milliseconds = std::chrono::milliseconds;

  struct limits {
    std::size_t max_loaded = 3; ///< models at a time
    std::size_t parallel = 1;   ///< requests per model at a time
    milliseconds load_time{300};
  };

  /// A model in memory.
  struct resident {
    std::size_t num_ctx = 0;
    time_point ready;   ///< loaded from then on
    time_point expires; ///< unloaded then, unless it is used
    std::size_t users = 0;
  };

  /// What a request may do.
  struct step {
    bool granted = false;
    time_point look_again = time_point::max(); ///< if not granted: then, or when something changes
  };

  explicit ollama_scheduler(limits given) : limits_(given) {}

  /// Asks for a model: loads it, evicting the idle one that was not used for longest, and loads it
  /// anew for another context. To be asked again until it is granted; then leave() must follow.
  step enter(const std::string& name, std::size_t num_ctx, time_point now);

  /// Ends a use. @param keep negative: for ever; 0: unloads once nobody uses it
  void leave(const std::string& name, milliseconds keep, time_point now);

  /// Unloads a model that nobody uses; one in use goes when its users have left.
  void unload(const std::string& name, time_point now);

  /// Says that somebody waits for a model, so that it is not evicted before its turn.
  void wait_begins(const std::string& name) { ++waiting_[name]; }
  void wait_ends(const std::string& name);

  /// @returns the models in memory and loaded, by name.
  const std::map<std::string, resident>& loaded(time_point now);

private:
  void expire(time_point now);
  bool make_room(time_point now);

  limits limits_;
  std::map<std::string, resident> residents_;
  std::map<std::string, std::size_t> waiting_;
  std::map<std::string, time_point> last_used_;
};

} // namespace synapse::backends
