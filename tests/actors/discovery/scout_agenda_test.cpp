#include "actors/discovery/scout_agenda.hpp"
#include "providers/provider_table.hpp"

#include <gtest/gtest.h>

namespace synapse::actors {
namespace {

constexpr std::int64_t one_second = 1'000'000'000;
constexpr std::int64_t start_time = 1'000 * one_second;
const providers::descriptor& ollama_row = providers::descriptor_of(config::backend_type::ollama);
const providers::descriptor& vllm = providers::descriptor_of(config::backend_type::vllm);
const providers::descriptor& openai = providers::descriptor_of(config::backend_type::openai);

TEST(scout_agenda, begins_with_all_that_a_type_has) {
  const scout_agenda first{vllm, true};
  const auto plan = first.plan(false, false, start_time);
  EXPECT_TRUE(plan.discovery);
  EXPECT_TRUE(plan.load);
  EXPECT_TRUE(plan.queue);
  EXPECT_FALSE(plan.health) << "that is the prober's while all is well";
  EXPECT_FALSE((scout_agenda{ollama_row, true}.plan(false, false, start_time).queue));
}

TEST(scout_agenda, asks_what_changes_quickly_every_two_seconds_under_traffic) {
  scout_agenda agenda{vllm, true};
  agenda.discovered(start_time);
  agenda.told_load(false, start_time);
  agenda.told_queue(false, start_time);
  EXPECT_FALSE(agenda.plan(true, false, start_time + 2 * one_second - 1).any());
  const auto soon = agenda.plan(true, false, start_time + 2 * one_second);
  EXPECT_TRUE(soon.load && soon.queue);
  EXPECT_FALSE(soon.discovery);
  EXPECT_FALSE(agenda.plan(false, false, start_time + 15 * one_second - 1).any());
  const auto later = agenda.plan(false, false, start_time + 15 * one_second);
  EXPECT_TRUE(later.load && later.queue && later.discovery);
}

TEST(scout_agenda, asks_less_often_for_what_is_not_there) {
  scout_agenda agenda{vllm, true};
  agenda.told_load(true, start_time);
  agenda.told_queue(true, start_time);
  EXPECT_FALSE(agenda.plan(true, false, start_time + 59 * one_second).load);
  EXPECT_FALSE(agenda.plan(true, false, start_time + 59 * one_second).queue);
  EXPECT_TRUE(agenda.plan(true, false, start_time + 60 * one_second).load);
}

TEST(scout_agenda, asks_only_for_life_while_nobody_answers) {
  scout_agenda agenda{vllm, true};
  agenda.unreachable();
  const auto plan = agenda.plan(true, false, start_time);
  EXPECT_TRUE(plan.health);
  EXPECT_FALSE(plan.discovery || plan.load || plan.queue);
  EXPECT_TRUE(agenda.well()) << "that is news";
  EXPECT_FALSE(agenda.well());
  EXPECT_TRUE(agenda.plan(false, false, start_time).discovery) << "it may be another one now";
}

TEST(scout_agenda, asks_for_life_while_requests_are_kept_away) {
  scout_agenda agenda{vllm, true};
  EXPECT_TRUE(agenda.plan(false, true, start_time).health);
  EXPECT_FALSE(agenda.well()) << "requests have failed, not the questions";
}

TEST(scout_agenda, has_no_question_for_life_where_none_may_be_asked) {
  scout_agenda agenda{openai, false};
  agenda.unreachable();
  EXPECT_FALSE(agenda.lost());
  EXPECT_FALSE(agenda.plan(true, true, start_time).health);
}

TEST(scout_agenda, asks_who_is_paid_once_an_hour) {
  scout_agenda agenda{openai, false};
  EXPECT_TRUE(agenda.plan(true, false, start_time).discovery);
  agenda.discovered(start_time);
  EXPECT_FALSE(agenda.plan(true, false, start_time + 3599 * one_second).any());
  EXPECT_TRUE(agenda.plan(true, false, start_time + 3600 * one_second).discovery);
}

TEST(scout_agenda, waits_longer_after_each_failure) {
  scout_agenda paid{openai, false};
  scout_agenda own{ollama_row, true};
  std::int64_t paid_wait = 60;
  std::int64_t own_wait = 15;
  for (int i = 0; i < 12; ++i) {
    paid.not_discovered(start_time);
    own.not_discovered(start_time);
    EXPECT_FALSE(paid.plan(false, false, start_time + paid_wait * one_second - 1).discovery) << i;
    EXPECT_TRUE(paid.plan(false, false, start_time + paid_wait * one_second).discovery) << i;
    EXPECT_FALSE(own.plan(false, false, start_time + own_wait * one_second - 1).discovery) << i;
    EXPECT_TRUE(own.plan(false, false, start_time + own_wait * one_second).discovery) << i;
    paid_wait = std::min<std::int64_t>(paid_wait * 2, 3600);
    own_wait = std::min<std::int64_t>(own_wait * 2, 300);
  }
}

} // namespace
} // namespace synapse::actors
