#include "routing/journey/journey.hpp"

#include <algorithm>

namespace synapse::routing {

namespace {
constexpr std::int64_t second = 1'000'000'000;
/// No attempt begins with less than this left.
constexpr std::int64_t least_time = second;
/// Between two looks at the only deployment, while it loads its model.
constexpr std::int64_t loading_pause = second;
/// Longest wait for that where the request has no deadline.
constexpr std::int64_t loading_patience = 300 * second;
} // namespace

namespace {
/// Of what a dead backend has lost the name's budget is not charged: its circuit or cell opens
/// after a few, so each request that was there goes elsewhere once, and nothing can build up.
bool is_of_connection(const verdict& how) noexcept {
  constexpr std::uint8_t connect_timeout = 4; // a row of the table
  return how.cell.why == trouble::unreachable || how.cell.why == trouble::name_unknown ||
         how.cell.why == trouble::reset || how.row == connect_timeout;
}
} // namespace

journey::journey(const name_table& table, const model_name& start, const wish& what,
                 const config::routing_settings& rules, retry_budget& budget, unsigned thread,
                 std::int64_t now) noexcept
    : table_(table), name_(&start), wish_(what), rules_(rules), budget_(budget), thread_(thread) {
  names_[0] = {start.place, what.asked};
  name_count_ = 1;
  budget_.on_request(now);
}

move journey::again(standing& known, random_source& random, std::int64_t now) {
  name_ = &table_.name(names_[0].place);
  name_at_ = 0;
  name_count_ = 1;
  tried_count_ = 0;
  min_tier_ = 0;
  min_context_ = 0;
  larger_ = waited_ = probe_ = stripped_ = spilled_ = misfit_ = false;
  moved_ = moved::no;
  shut_until_ = full_until_ = 0;
  shut_by_ = trouble::none;
  shut_seen_ = full_seen_ = late_ = false;
  return first(known, random, now);
}

/// As the present name: at a pattern's deployment each name is another model.
bool journey::tried(deployment_place place) const noexcept {
  for (std::size_t i = 0; i < tried_count_; ++i)
    if (tried_[i] == place &&
        (tried_as_[i] == as_any || names_[tried_as_[i]].asked == names_[name_at_].asked))
      return true;
  return false;
}

/// What was wrong with the present deployment is so for all of its models.
void journey::leave_for_good() noexcept {
  if (tried_count_ > 0)
    tried_as_[tried_count_ - 1] = as_any;
}

bool journey::time_left(std::int64_t now) const noexcept {
  return wish_.deadline == 0 || wish_.deadline - now >= least_time;
}

void journey::note(std::int64_t& soonest, std::int64_t at) noexcept {
  if (at != 0 && (soonest == 0 || at < soonest))
    soonest = at;
}

/// To the next name in line.
bool journey::next_name() noexcept {
  if (name_at_ + 1 >= name_count_ || name_at_ >= rules_.hops)
    return false;
  ++name_at_;
  name_ = &table_.name(names_[name_at_].place);
  moved_ = reasons_[name_at_];
  spilled_ = false;
  misfit_ = false;
  return true;
}

/// @returns its place among those that are expected or were left; `name_count_`: it is new.
std::size_t journey::find_name(const fallback_name& which) const noexcept {
  const bool pattern = table_.name(which.place).settings->is_pattern();
  std::size_t at = 0;
  while (at < name_count_ &&
         (names_[at].place != which.place || (pattern && names_[at].asked != which.asked)))
    ++at;
  return at;
}

/// These names come next, each once.
void journey::expect(std::span<const fallback_name> names, moved why) noexcept {
  for (const auto& one : names)
    if (name_count_ < names_.size() && find_name(one) == name_count_) {
      names_[name_count_] = one;
      reasons_[name_count_++] = why;
    }
}

/// These come before those that wait already.
void journey::expect_next(std::span<const fallback_name> names, moved why) noexcept {
  auto to = name_at_ + 1;
  for (const auto& one : names) {
    const auto at = find_name(one);
    if (at < to || at == names_.size())
      continue;
    name_count_ = std::max(name_count_, at + 1);
    names_[at] = one;
    reasons_[at] = why;
    const auto move_up = [&](auto& list) {
      const auto from = list.begin() + static_cast<std::ptrdiff_t>(at);
      std::rotate(list.begin() + static_cast<std::ptrdiff_t>(to), from, from + 1);
    };
    move_up(names_);
    move_up(reasons_);
    ++to;
  }
}

move journey::go(const deployment* to) noexcept {
  move next;
  next.to = to;
  at_ = to;
  if (to == nullptr)
    return next;
  stripped_ = false; // what one does not know another may
  tried_as_[tried_count_] = static_cast<std::uint8_t>(name_at_);
  tried_[tried_count_++] = to->place;
  if (name_at_ == 0 && to->settings->order > name_->deployments.front().settings->order)
    moved_ = spilled_ ? moved::spill : moved::order;
  return next;
}

move journey::seek(standing& known, random_source& random, std::int64_t now) {
  now_ = now;
  const auto began = name_at_;
  do {
    for (const auto with : {lenience::none, lenience::queues})
      if (const auto* found = seek_in_name(known, random, now, with))
        return go(found);
    if (misfit_)
      expect(name_->context, moved::context);
    expect(name_->any, name_at_ == 0 ? moved::any : reasons_[name_at_]);
  } while (next_name());
  // Nobody for whom it is certain. From here on whoever does it at all.
  const auto last = name_at_;
  for (name_at_ = began; name_at_ <= last; ++name_at_) {
    name_ = &table_.name(names_[name_at_].place);
    moved_ = reasons_[name_at_];
    spilled_ = false;
    if (const auto* found = seek_in_name(known, random, now, lenience::anything))
      return go(found);
  }
  name_at_ = last;
  return {};
}

move journey::first(standing& known, random_source& random, std::int64_t now) {
  return seek(known, random, now);
}

/// Nobody else is left: whether the same one may be asked again.
move journey::alone(const verdict& how, std::int64_t now) noexcept {
  move again;
  const auto wait = how.next == remedy::other_or_wait ? loading_pause : how.wait;
  if (how.next == remedy::other_or_same && !waited_)
    waited_ = true;
  else if (how.next == remedy::other_or_wait) {
    if (wait_began_ == 0)
      wait_began_ = now;
    if (now - wait_began_ > loading_patience)
      return again;
  } else {
    return again;
  }
  if (!time_left(now + wait))
    return again;
  again.to = at_;
  again.wait = wait;
  again.without_extras = stripped_;
  return again;
}

move journey::after(const verdict& how, standing& known, random_source& random, std::int64_t now) {
  failed_ = true;
  last_ = how;
  const auto* before = at_;
  if (how.cell.scope == cell_scope::backend ||
      (how.cell.harm == cell_harm::shuts && !how.also.rediscover))
    leave_for_good();
  // Who waits for a model to be loaded asks as often as that takes.
  const bool counts = how.counts_as_attempt && how.kind != disposition::loading;
  if (counts)
    ++attempts_;
  if (how.next == remedy::same_without_extras && !stripped_) {
    stripped_ = true;
    return {before, 0, true};
  }
  if (how.next == remedy::nothing || how.next == remedy::same_without_extras)
    return {};
  late_ = !time_left(now);
  if (late_)
    return {};
  const unsigned own = before->settings->attempts;
  const unsigned most = own == 0 ? rules_.attempts : std::min(own, rules_.attempts);
  if (counts && attempts_ >= most)
    return {};
  if (how.next == remedy::larger_context) {
    larger_ = true;
    const auto had = known.of(*before, wish_.what).context;
    min_context_ = std::max(min_context_, had + 1);
    expect_next(name_->context, moved::context);
  } else if (how.next == remedy::policy_fallback) {
    expect_next(name_->policy, moved::policy);
    // The same model would refuse it again.
    if (!next_name())
      return {};
  } else if (how.next == remedy::next_tier) {
    min_tier_ = before->settings->order + 1;
  }
  // Who was sent there to find out was so by the gateway, and seldom.
  const bool is_free = !counts || probe_ || is_of_connection(how);
  const auto where = name_at_;
  const auto why = moved_;
  auto next = seek(known, random, now);
  if (next.to != nullptr)
    return is_free || budget_.take(now) ? next : move{};
  at_ = before;
  next = alone(how, now);
  at_ = next.to;
  name_at_ = where;
  name_ = &table_.name(names_[where].place);
  moved_ = why;
  return next;
}

move journey::after_denial(bool full, std::int64_t retry_at, standing& known, random_source& random,
                           std::int64_t now) {
  if (full) {
    full_seen_ = true;
    note(full_until_, retry_at);
    spilled_ = true;
  } else {
    shut_seen_ = true;
    note(shut_until_, retry_at);
  }
  leave_for_good();
  late_ = !time_left(now);
  return late_ ? move{} : seek(known, random, now);
}

farewell journey::farewell(std::int64_t now) const noexcept {
  using cause = routing::farewell::cause;
  routing::farewell result;
  result.last = last_;
  result.retry_at = shut_until_ == 0 ? full_until_ : shut_until_;
  if (full_until_ != 0 && full_until_ < result.retry_at)
    result.retry_at = full_until_;
  result.shut_by = shut_by_;
  if (wish_.deadline != 0 && now >= wish_.deadline)
    result.why = cause::deadline;
  else if (failed_)
    result.why = cause::failed;
  else if (late_)
    result.why = cause::deadline;
  else if (!any_id_)
    result.why = cause::unknown_id;
  else if (!any_kind_)
    result.why = cause::wrong_kind;
  else if (!any_tags_)
    result.why = cause::no_tags;
  else
    result.why = shut_seen_ || !full_seen_ ? cause::shut : cause::full;
  return result;
}

} // namespace synapse::routing
