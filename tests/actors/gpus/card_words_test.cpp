#include "actors/gpus/card_words.hpp"
#include "tests/actors/fakes.hpp"

#include <gtest/gtest.h>

namespace synapse::actors {
namespace {

constexpr std::int64_t ms = 1'000'000;

TEST(card_words, a_card_has_the_figures_of_its_settings) {
  gpu_card card;
  card.settings.vram = 100;
  card.settings.reserve = 7;
  card.settings.exclusive = {{"a", "b"}};
  card.settings.min_awake = config::milliseconds{5};
  card.turns.batch_window = config::milliseconds{6};
  card.turns.linger = config::milliseconds{7};
  card.turns.max_wait = config::milliseconds{8};
  card.turns.poll = config::milliseconds{9};
  card.turns.refresh = config::milliseconds{10};
  card.turns.max_waiting = 11;
  const auto limits = card_limits_of(card);
  EXPECT_EQ(limits.vram, 100U);
  EXPECT_EQ(limits.reserve, 7U);
  EXPECT_EQ(limits.exclusive, card.settings.exclusive);
  EXPECT_EQ(limits.min_awake, 5 * ms);
  EXPECT_EQ(limits.batch_window, 6 * ms);
  EXPECT_EQ(limits.linger, 7 * ms);
  EXPECT_EQ(limits.max_wait, 8 * ms);
  EXPECT_EQ(limits.poll, 9 * ms);
  EXPECT_EQ(limits.refresh, 10 * ms);
  EXPECT_EQ(limits.max_waiting, 11U);
}

TEST(card_words, only_a_vllm_sleeps) {
  auto settings = backend_named("a");
  settings.vram = {50, 5};
  settings.persistent = true;
  settings.sleep.idle = config::milliseconds{3};
  settings.sleep.level = 2;
  settings.sleep.warm_up = true;
  settings.sleep.wake_timeout = config::milliseconds{4};
  settings.type = config::backend_type::vllm;
  auto limits = member_limits_of(settings);
  EXPECT_TRUE(limits.can_sleep);
  EXPECT_TRUE(limits.persistent);
  EXPECT_TRUE(limits.warm_up);
  EXPECT_EQ(limits.awake, 50U);
  EXPECT_EQ(limits.asleep, 5U);
  EXPECT_EQ(limits.level, 2U);
  EXPECT_EQ(limits.idle, 3 * ms);
  EXPECT_EQ(limits.wake_timeout, 4 * ms);
  settings.type = config::backend_type::ollama;
  EXPECT_FALSE(member_limits_of(settings).can_sleep);
}

TEST(card_words, a_view_says_what_the_schedule_has) {
  gpus::gpu_schedule schedule{1, {}};
  gpus::member_limits limits;
  limits.can_sleep = false;
  schedule.set_member("a", limits, 5);
  schedule.set_member("b", {}, 6);
  const auto view = view_of(schedule);
  EXPECT_EQ(view.members.at("a").state, gpu_state::awake);
  EXPECT_TRUE(view.members.at("a").open);
  EXPECT_EQ(view.members.at("b").state, gpu_state::unknown);
  EXPECT_EQ(view.members.at("b").since, 6);
  EXPECT_FALSE(view.led);
}

TEST(card_words, every_denial_has_its_counterpart) {
  using gpus::denial;
  EXPECT_EQ(denial_of(denial::none), gpu_denial::none);
  EXPECT_EQ(denial_of(denial::failed), gpu_denial::failed);
  EXPECT_EQ(denial_of(denial::timeout), gpu_denial::timeout);
  EXPECT_EQ(denial_of(denial::unreachable), gpu_denial::unreachable);
  EXPECT_EQ(denial_of(denial::no_room), gpu_denial::no_room);
  EXPECT_EQ(denial_of(denial::queue_full), gpu_denial::queue_full);
  EXPECT_EQ(denial_of(denial::elsewhere), gpu_denial::elsewhere);
  EXPECT_EQ(denial_of(denial::removed), gpu_denial::removed);
}

} // namespace
} // namespace synapse::actors
