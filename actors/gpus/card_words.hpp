/// @file
/// Between the schedule of a card and what actors and the configuration call the same. Pure.
#pragma once

#include "actors/gpus/gpu_card.hpp"
#include "actors/gpus/turns/gpu_schedule.hpp"

#include <cstdint>

namespace synapse::actors {

gpus::card_limits card_limits_of(const gpu_card& card);
gpus::member_limits member_limits_of(const config::backend_settings& settings);
gpu_denial denial_of(gpus::denial why) noexcept;
gpus::denial denial_of(gpu_denial why) noexcept;
/// All but the name of the card.
gpu_view view_of(const gpus::gpu_schedule& schedule);
/// What the replica that leads says of a backend.
gpus::leader_word leader_word_of(const gpu_word& word);

enum class note_change : std::uint8_t {
  none,
  usage, ///< only whether backends are used
  more,
};
/// When a backend was last used does not count: it shows when others want it.
note_change compare_notes(const gpu_note& before, const gpu_note& now);

} // namespace synapse::actors
