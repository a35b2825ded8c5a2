/// @file
/// Between the schedule of a card and what actors and the configuration call the same. Pure.
#pragma once

#include "actors/gpus/gpu_card.hpp"
#include "actors/gpus/turns/gpu_schedule.hpp"

namespace synapse::actors {

gpus::card_limits card_limits_of(const gpu_card& card);
gpus::member_limits member_limits_of(const config::backend_settings& settings);
gpu_denial denial_of(gpus::denial why) noexcept;
/// All but the name of the card.
gpu_view view_of(const gpus::gpu_schedule& schedule);

} // namespace synapse::actors
