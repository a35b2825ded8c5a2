// What those who wait are told: nothing waits without a reason that it can name.
#include "actors/models/turns/schedule.hpp"

#include <algorithm>

namespace synapse::models {

namespace {
using kind = wait_reason::kind;
constexpr time_ns one_second = 1'000'000'000;

wait_reason because(kind what, std::string model, std::string text) {
  wait_reason reason;
  reason.what = what;
  reason.model = std::move(model);
  reason.text = std::move(text);
  return reason;
}

std::string count_of(std::uint32_t requests) {
  if (requests == 0)
    return "its requests"; // their number has not been told yet
  return requests == 1 ? "1 request" : std::to_string(requests) + " requests";
}
} // namespace

std::string_view to_string(kind what) noexcept {
  switch (what) {
  case kind::restart:
    return "restart";
  case kind::queue:
    return "queue";
  case kind::load:
    return "load";
  case kind::unload:
    return "unload";
  case kind::requests:
    return "requests";
  case kind::turn:
    return "turn";
  case kind::pause:
    return "pause";
  case kind::router:
    break;
  }
  return "router";
}

/// The model that is served next of those that are not there.
const schedule::entry* schedule::first_in_line() const {
  const entry* first = nullptr;
  for (const auto& one : slots_)
    if (one.second.now == phase::away && wanted(one.second) &&
        (first == nullptr || wanted_since(one.second) < wanted_since(first->second)))
      first = &one;
  return first;
}

std::optional<wait_reason> schedule::waits_for(std::string_view model, time_ns now) const {
  const auto found = slots_.find(model);
  if (found == slots_.end() || !wanted(found->second))
    return {};
  const auto& of = found->second;
  if (away_since_ != 0)
    return because(kind::router, {}, "waits for the router: " + away_why_);
  if (of.now == phase::open || of.now == phase::asked || of.now == phase::loading)
    return {};
  if (wants_everything_)
    return because(kind::restart, {}, "waits for the router to be started with other arguments");
  const auto* first = first_in_line();
  if (first != nullptr && first != &*found)
    return because(kind::queue, first->first, "waits for its turn behind " + first->first);
  if (of.now != phase::away)
    return because(kind::unload, found->first, "waits until it has been unloaded");
  return reason_away(*found, now);
}

/// @param first the model that is next.
wait_reason schedule::reason_away(const entry& first, time_ns now) const {
  if (!informed())
    return because(kind::router, {}, "waits for the router to tell its models");
  if (first.second.next_try > now)
    return because(kind::router, {}, "waits for the router: " + first.second.word);
  // What makes room already, else what is about to be there, else what will have to go first.
  const auto rank = [&](const slot& of) {
    const bool goes = of.now == phase::closing || of.now == phase::leaving ||
                      of.now == phase::unloading || of.now == phase::yielding;
    return std::pair{goes ? 0 : of.now == phase::open ? 2 : 1, may_close(of, first.second)};
  };
  const entry* other = nullptr;
  for (const auto& one : slots_)
    if (one.second.now != phase::away &&
        (other == nullptr || rank(one.second) < rank(other->second)))
      other = &one;
  if (other == nullptr)
    return because(kind::router, {}, "waits for the router to begin the load");
  return reason_behind(*other, first, now);
}

wait_reason schedule::reason_behind(const entry& other, const entry& first, time_ns now) const {
  const auto& [name, of] = other;
  switch (of.now) {
  case phase::asked:
  case phase::loading:
    return because(kind::load, name, "waits for " + name + " to be loaded");
  case phase::closing: {
    std::uint32_t requests = 0;
    for (std::size_t lane = 0; lane < of.in_use.size() && lane < of.undrained.size(); ++lane)
      if (of.undrained[lane] && of.in_use[lane] != not_told)
        requests += of.in_use[lane];
    auto reason =
        because(kind::requests, name, "waits for " + name + " to finish " + count_of(requests));
    reason.requests = requests;
    return reason;
  }
  case phase::open:
    break;
  default:
    return because(kind::unload, name,
                   "waits for " + name + " to be unloaded" + (of.word.empty() ? "" : ": ") +
                       of.word);
  }
  const auto left = std::max<time_ns>(may_close(of, first.second) - now, 0);
  if (idle(of))
    return because(kind::pause, name,
                   "waits for " + name +
                       (of.kept_until > now ? ", which is kept for a client that comes again"
                                            : ", which was in use a moment ago"));
  const auto seconds = std::to_string((left + one_second - 1) / one_second);
  return because(kind::turn, name,
                 "waits for " + name + ", which is in use and has its turn for " + seconds +
                     " s more at most");
}

std::string schedule::reason_text(std::string_view model, time_ns now) const {
  const auto reason = waits_for(model, now);
  return reason ? reason->text : std::string{};
}

} // namespace synapse::models
