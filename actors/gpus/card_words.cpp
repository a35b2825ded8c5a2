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

gpus::member_state state_of(gpu_state what) noexcept {
  switch (what) {
  case gpu_state::unknown:
    return gpus::member_state::unknown;
  case gpu_state::away:
    return gpus::member_state::away;
  case gpu_state::awake:
    return gpus::member_state::awake;
  case gpu_state::draining:
    return gpus::member_state::draining;
  case gpu_state::asleep:
    return gpus::member_state::asleep;
  case gpu_state::waking:
    return gpus::member_state::waking;
  case gpu_state::failed:
    break;
  }
  return gpus::member_state::failed;
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

gpus::denial denial_of(gpu_denial why) noexcept {
  switch (why) {
  case gpu_denial::failed:
    return gpus::denial::failed;
  case gpu_denial::timeout:
    return gpus::denial::timeout;
  case gpu_denial::unreachable:
    return gpus::denial::unreachable;
  case gpu_denial::no_room:
    return gpus::denial::no_room;
  case gpu_denial::queue_full:
    return gpus::denial::queue_full;
  case gpu_denial::removed:
    return gpus::denial::removed;
  default:
    return gpus::denial::elsewhere;
  }
}

gpus::leader_word leader_word_of(const gpu_word& word) {
  gpus::leader_word result;
  result.state = state_of(word.state);
  result.retry_at = word.retry_at;
  result.reason = word.reason;
  return result;
}

note_change compare_notes(const gpu_note& before, const gpu_note& now) {
  const auto same_frame = before.card == now.card && before.place == now.place &&
                          before.leads == now.leads && before.contended == now.contended &&
                          before.members.size() == now.members.size();
  if (!same_frame)
    return note_change::more;
  auto result = note_change::none;
  for (std::size_t i = 0; i < now.members.size(); ++i) {
    const auto& a = before.members[i];
    const auto& b = now.members[i];
    const bool same = a.member == b.member && a.state == b.state && a.closing == b.closing &&
                      a.refused == b.refused && a.retry_at == b.retry_at && a.reason == b.reason &&
                      a.wanted == b.wanted && a.drained == b.drained;
    if (!same)
      return note_change::more;
    if (a.in_use != b.in_use)
      result = note_change::usage;
  }
  return result;
}

gpu_view view_of(const gpus::gpu_schedule& schedule) {
  gpu_view view;
  view.contended = schedule.contended();
  view.led = schedule.leads() || schedule.led();
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
