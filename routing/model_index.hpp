/// @file
/// Which backends list which model, as far as that was learned.
#pragma once

#include "routing/target.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace synapse::routing {

/// Filled from the backends' own lists: whoever has asked for them, teaches it. Plain state of one
/// thread and one configuration; times are nanoseconds of any clock that is above 0.
class model_index {
public:
  static constexpr std::size_t max_models = 4096; ///< of one backend; more are not remembered
  static constexpr std::size_t max_name = 512;    ///< longer ones are not remembered
  static constexpr std::int64_t freshness = 1'000'000'000;

  /// What a backend lists now, in the place of what it listed before.
  void learn(backend_place backend, const std::vector<std::string>& models);
  /// The backends that list the model, in order of their names. Valid until the next `learn`.
  std::span<const target> targets_of(std::string_view model) const;
  /// All names, each once.
  std::vector<std::string_view> models() const;

  /// What the backends left unsaid when all were asked the last time.
  struct gap {
    std::string backends; ///< those that did not show their models and why, for people
    bool silent = false;  ///< one of them does not answer at the moment: it may have any model
    bool refused = false; ///< one of them wants another key than who asked had
  };
  /// All backends were asked. @param asker tells keys of clients apart.
  void looked(std::int64_t now, std::size_t asker, gap left) {
    looked_ = now;
    asker_ = asker;
    gap_ = std::move(left);
  }
  /// Whether asking again could tell this asker nothing new: it was done a moment ago.
  bool is_fresh(std::int64_t now, std::size_t asker) const noexcept {
    return looked_ != 0 && now - looked_ < freshness && (!gap_.refused || asker == asker_);
  }
  const gap& last_gap() const noexcept { return gap_; }

private:
  using names = std::set<std::string, std::less<>>;
  void forget(backend_place backend, const std::string& model);

  std::map<backend_place, names> by_backend_;
  std::map<std::string, std::vector<target>, std::less<>> by_model_; ///< none of them is empty
  std::int64_t looked_ = 0;
  std::size_t asker_ = 0;
  gap gap_;
};

} // namespace synapse::routing
