#include "actors/gpus/card_words.hpp"

#include <chrono>

namespace synapse::actors {

namespace {

gpus::time_ns length_of(config::milliseconds value) {
  return std::chrono::nanoseconds{value}.count();
}

gpu_state state_of(gpus::member_state what) noexcept {
  switch (what) {
  case gpus::member_state::unknown:
    return gpu_state::unknown;
  case gpus::member_state::away:
    return gpu_state::away;
  case gpus::member_state::awake:
    return gpu_state::awake;
  case gpus::member_state::draining:
    return gpu_state::draining;
  case gpus::member_state::asleep:
    return gpu_state::asleep;
  case gpus::member_state::waking:
    return gpu_state::waking;
  case gpus::member_state::failed:
    break;
  }
  return gpu_state::failed;
}

} // namespace

gpus::card_limits card_limits_of(const gpu_card& card) {
  gpus::card_limits limits;
  limits.vram = card.settings.vram;
  limits.reserve = card.settings.reserve;
  limits.exclusive = card.settings.exclusive;
  limits.min_awake = length_of(card.settings.min_awake);
  limits.batch_window = length_of(card.turns.batch_window);
  limits.linger = length_of(card.turns.linger);
  limits.max_wait = length_of(card.turns.max_wait);
  limits.poll = length_of(card.turns.poll);
  limits.refresh = length_of(card.turns.refresh);
  limits.max_waiting = card.turns.max_waiting;
  return limits;
}

gpus::member_limits member_limits_of(const config::backend_settings& settings) {
  gpus::member_limits limits;
  limits.awake = settings.vram.awake;
  limits.asleep = settings.vram.asleep;
  limits.can_sleep = settings.type == config::backend_type::vllm;
  limits.persistent = settings.persistent;
  limits.level = settings.sleep.level;
  limits.warm_up = settings.sleep.warm_up;
  limits.idle = length_of(settings.sleep.idle);
  limits.wake_timeout = length_of(settings.sleep.wake_timeout);
  return limits;
}

gpu_denial denial_of(gpus::denial why) noexcept {
  switch (why) {
  case gpus::denial::none:
    return gpu_denial::none;
  case gpus::denial::failed:
    return gpu_denial::failed;
  case gpus::denial::timeout:
    return gpu_denial::timeout;
  case gpus::denial::unreachable:
    return gpu_denial::unreachable;
  case gpus::denial::no_room:
    return gpu_denial::no_room;
  case gpus::denial::queue_full:
    return gpu_denial::queue_full;
  case gpus::denial::elsewhere:
    return gpu_denial::elsewhere;
  case gpus::denial::removed:
    break;
  }
  return gpu_denial::removed;
}

gpu_view view_of(const gpus::gpu_schedule& schedule) {
  gpu_view view;
  view.contended = schedule.contended();
  view.led = schedule.leads();
  for (auto& [name, member] : schedule.view()) {
    auto& entry = view.members[name];
    entry.state = state_of(member.state);
    entry.open = member.turn.open;
    entry.closing = member.turn.closing;
    entry.fits = member.fits;
    entry.since = member.since;
    entry.retry_at = member.retry_at;
    entry.reason = member.reason;
  }
  return view;
}

} // namespace synapse::actors
