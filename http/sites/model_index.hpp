/// @file
/// Which backend lists which model, as one I/O thread has learned it.
#pragma once

#include "actors/runtime/pinned.hpp"
#include "http/net/local_ptr.hpp"
#include "http/net/task.hpp"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace synapse::client {

/// Filled from the backends' own lists: whoever has asked for them, teaches it. Own thread only.
class model_index final : public net::local_counted {
public:
  static constexpr std::size_t max_models = 4096; ///< of one backend; more are not remembered
  static constexpr std::size_t max_name = 512;    ///< longer ones are not remembered
  static constexpr net::time_ns freshness = 1'000'000'000;

  /// What a backend lists now, in the place of what it listed before.
  void learn(const std::string& backend, const std::vector<std::string>& models);
  /// The backend that lists the model, of several the first one by name; null when none does.
  const std::string* backend_of(std::string_view model) const;
  /// All names, each once.
  std::vector<std::string_view> models() const;

  /// What the backends left unsaid when all were asked the last time.
  struct gap {
    std::string backends; ///< those that did not show their models and why, for people
    bool silent = false;  ///< one of them does not answer at the moment: it may have any model
    bool refused = false; ///< one of them wants another key than who asked had
  };
  /// All backends were asked. @param asker tells keys of clients apart.
  void looked(net::time_ns now, std::size_t asker, gap left) {
    looked_ = now;
    asker_ = asker;
    gap_ = std::move(left);
  }
  /// Whether asking again could tell this asker nothing new: it was done a moment ago.
  bool is_fresh(net::time_ns now, std::size_t asker) const noexcept {
    return looked_ != 0 && now - looked_ < freshness && (!gap_.refused || asker == asker_);
  }
  const gap& last_gap() const noexcept { return gap_; }

  /// Held by the one request of many that asks the backends; the others wait for its end.
  class asking {
  public:
    /// @param unit of the same thread.
    asking(net::local_ptr<model_index> index, actors::io_unit& unit)
        : index_(std::move(index)), unit_(unit) {
      index_->asked_ = true;
    }
    asking(const asking&) = delete;
    asking& operator=(const asking&) = delete;
    ~asking() {
      index_->asked_ = false;
      for (auto& waiter : std::exchange(index_->waiting_, {}))
        unit_.defer(std::move(waiter));
    }

  private:
    net::local_ptr<model_index> index_;
    actors::io_unit& unit_;
  };
  bool is_asked() const noexcept { return asked_; }
  /// Wakes it, once, when nobody asks any more. @pre is_asked()
  void wait(net::wake_ptr waiter) { waiting_.push_back(std::move(waiter)); }

private:
  std::map<std::string, std::set<std::string, std::less<>>> by_backend_;
  net::time_ns looked_ = 0;
  std::size_t asker_ = 0;
  gap gap_;
  bool asked_ = false;
  std::vector<net::wake_ptr> waiting_;
};

} // namespace synapse::client
