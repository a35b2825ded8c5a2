// Which deployment of a name a request goes to, out of those that it may go to.
#include "routing/journey/journey.hpp"
#include "routing/pick/strategy.hpp"

#include <algorithm>
#include <memory>

namespace synapse::routing {

namespace {
namespace journey_search {
/// Tokens that a prompt has at least: 3.5 bytes each, and that estimate is a quarter too high.
std::size_t least_tokens(std::size_t bytes) noexcept {
  return static_cast<std::size_t>(static_cast<double>(bytes) / 3.5 * 0.75);
}

bool has_tags(const deployment& one, std::span<const std::string_view> wanted, bool any) noexcept {
  const auto& tags = one.settings->tags;
  const auto has = [&](std::string_view tag) {
    return std::find(tags.begin(), tags.end(), tag) != tags.end();
  };
  if (wanted.empty())
    return true;
  return any ? std::any_of(wanted.begin(), wanted.end(), has)
             : std::all_of(wanted.begin(), wanted.end(), has);
}

/// Whether it is there for such requests at all.
bool may(const wish& what, const deployment& one, const place_state& state) noexcept {
  const unsigned needs = what.needs | config::capability_set::bit(what.what);
  return ((one.capabilities.no | state.capabilities.no) & needs) == 0;
}
} // namespace journey_search
} // namespace

/// The candidates of one tier.
struct journey::search {
  search() noexcept {} // most have a few: the rest of the room stays as it is
  union {
    std::array<candidate, max_candidates> all;
  };
  std::array<const deployment*, max_candidates> whose;
  std::size_t count = 0;
  unsigned tier = 0;

  bool is_over(const deployment& next) const noexcept {
    return count == max_candidates || (count > 0 && next.settings->order != tier);
  }
  /// @param named by its id: then its weight is no matter
  /// @returns false: it has no weight
  bool add(const deployment& one, const place_state& state, bool named) noexcept {
    const auto& settings = *one.settings;
    auto& slot = *std::construct_at(&all[count]);
    slot.meter = state.meter;
    slot.weight = named ? std::max(settings.weight, 1e-6) : settings.weight;
    slot.cost = settings.cost_input + settings.cost_output;
    slot.id_hash = one.id_hash;
    slot.headroom = state.headroom;
    slot.tier = tier = settings.order;
    if (slot.weight > 0)
      whose[count++] = &one;
    return slot.weight > 0;
  }
};

/// Not asked yet, and no other one is meant.
bool journey::is_left(const deployment& one) const noexcept {
  const bool below = name_at_ == 0 && one.settings->order < min_tier_;
  return !below && !tried(one.place) && (wish_.pinned.empty() || one.settings->id == wish_.pinned);
}

/// Whether it does what is asked for, as far as anybody can tell.
bool journey::suits(const deployment& one, const place_state& state, lenience with) noexcept {
  if (!journey_search::may(wish_, one, state))
    return false;
  any_kind_ = true;
  if (!journey_search::has_tags(one, wish_.tags, rules_.any_tag))
    return false;
  any_tags_ = true;
  if (state.context == 0)
    return true;
  if (larger_ && state.context < min_context_)
    return false;
  const bool fits = state.context >= min_context_ &&
                    state.context >= journey_search::least_tokens(wish_.text_bytes);
  misfit_ = misfit_ || !fits;
  return fits || with == lenience::anything;
}

/// Whether it can be asked now.
bool journey::is_free(const place_state& state, std::int64_t now, lenience with) noexcept {
  if (state.drained || state.shut_until > now) {
    shut_seen_ = true;
    note(shut_until_, state.shut_until);
    if (shut_by_ == trouble::none)
      shut_by_ = state.why;
    return false;
  }
  if (state.full_until > now) {
    full_seen_ = true;
    note(full_until_, state.full_until);
    return false;
  }
  const bool queues = state.queue > name_->settings->spill.queue;
  spilled_ = spilled_ || (with == lenience::none && queues);
  return with != lenience::none || !queues;
}

const deployment* journey::seek_in_name(standing& known, random_source& random, std::int64_t now,
                                        lenience with) {
  // Nobody could tell any more whom it was with.
  if (tried_count_ == most_tried)
    return nullptr;
  search found;
  probe_ = false;
  for (const auto& one : name_->deployments) {
    if (found.is_over(one))
      break;
    if (!is_left(one))
      continue;
    any_id_ = true;
    const auto state = known.of(one, wish_.what);
    if (!suits(one, state, with) || !is_free(state, now, with))
      continue;
    const bool added = found.add(one, state, !wish_.pinned.empty());
    if (added && state.wants_probe) {
      probe_ = true;
      return &one; // its news is worth more than the better choice
    }
  }
  return found.count == 0 ? nullptr : choose(found, random, now);
}

const deployment* journey::choose(const search& found, random_source& random,
                                  std::int64_t now) const {
  if (found.count == 1)
    return found.whose[0];
  pick_question question{random};
  question.strategy = name_->settings->strategy;
  question.affinity = name_->settings->affinity == config::affinity_rule::none ? 0 : wish_.affinity;
  question.prompt_class = prompt_class_of(wish_.text_bytes);
  question.thread = thread_;
  question.now = now;
  const auto at = pick({found.all.data(), found.count}, question);
  return at ? found.whose[*at] : nullptr;
}

/// The search itself knows best, and another one's steps are of no matter here.
bool journey::has_others(standing& known) const {
  if (!time_left(now_))
    return false;
  auto ahead = *this;
  ahead.leave_for_good();
  random_source random{1};
  return ahead.seek(known, random, now_).to != nullptr;
}

} // namespace synapse::routing
