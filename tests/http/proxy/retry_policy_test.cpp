#include "http/proxy/retry_policy.hpp"

#include <gtest/gtest.h>

#include <string>

namespace synapse::proxy {
namespace {

using http::lost_request;
using http::verb;

config::retry_settings attempts_of(unsigned attempts) {
  config::retry_settings settings;
  settings.attempts = attempts;
  return settings;
}

lost_request lost_by(verb method) {
  lost_request lost;
  lost.method = method;
  return lost;
}

/// What README promises, once more and in other words: it does not look at the code's tables.
retry expected(mishap what, const lost_request& lost, bool replaced, unsigned attempts) {
  const bool before_the_request = what == mishap::connect_timeout ||
                                  what == mishap::connect_failure || what == mishap::tls_failure;
  const bool nothing_was_said = what == mishap::reset_before_answer;
  if (!lost.repeatable || !(before_the_request || nothing_was_said))
    return retry::stop;
  if (nothing_was_said) {
    if (lost.kept_connection && !replaced)
      return retry::same;
    const bool harmless = lost.method == verb::get || lost.method == verb::put;
    if (lost.sent_whole && !harmless)
      return retry::stop;
  }
  return attempts > 1 ? retry::next : retry::stop;
}

TEST(retry_policy, decides_about_every_mishap_by_what_was_sent_and_how) {
  unsigned seen[3] = {};
  for (unsigned what = 0; what < static_cast<unsigned>(mishap::count_); ++what)
    for (unsigned bits = 0; bits < 16; ++bits)
      for (const auto method : {verb::get, verb::post, verb::put, verb::patch, verb::other})
        for (const unsigned attempts : {0U, 1U, 2U, 5U}) {
          auto lost = lost_by(method);
          lost.kept_connection = (bits & 1) != 0;
          lost.sent_whole = (bits & 2) != 0;
          lost.repeatable = (bits & 4) != 0;
          const bool replaced = (bits & 8) != 0;
          const auto settings = attempts_of(attempts);
          retry_policy policy{settings, replaced};
          const auto how = policy.after(static_cast<mishap>(what), lost);
          const auto wanted = expected(static_cast<mishap>(what), lost, replaced, attempts);
          ASSERT_EQ(how, wanted) << "mishap " << what << ", bits " << bits << ", method "
                                 << static_cast<int>(method) << ", attempts " << attempts;
          EXPECT_EQ(policy.next(), how);
          EXPECT_EQ(policy.failed(), how == retry::same ? 0U : 1U);
          ++seen[static_cast<unsigned>(how)];
        }
  for (const auto count : seen)
    EXPECT_GT(count, 0U) << "each decision has a case";
}

TEST(retry_policy, ends_after_the_configured_attempts) {
  for (const unsigned attempts : {1U, 2U, 3U, 10U}) {
    const auto settings = attempts_of(attempts);
    retry_policy policy{settings, false};
    for (unsigned i = 1; i < attempts; ++i)
      EXPECT_EQ(policy.after(mishap::connect_failure, lost_by(verb::post)), retry::next) << i;
    EXPECT_EQ(policy.after(mishap::connect_failure, lost_by(verb::post)), retry::stop);
    EXPECT_EQ(policy.failed(), attempts);
    EXPECT_TRUE(policy.repeatable()) << "only the attempts were at an end";
  }
}

TEST(retry_policy, makes_at_least_one_attempt) {
  const auto settings = attempts_of(0);
  retry_policy policy{settings, false};
  EXPECT_EQ(policy.after(mishap::connect_failure, lost_by(verb::get)), retry::stop);
}

TEST(retry_policy, replaces_one_kept_connection_in_a_requests_life) {
  const auto settings = attempts_of(3);
  retry_policy policy{settings, false};
  EXPECT_TRUE(policy.may_reuse());
  auto lost = lost_by(verb::get);
  lost.kept_connection = lost.sent_whole = true;
  EXPECT_EQ(policy.after(mishap::reset_before_answer, lost), retry::same);
  EXPECT_FALSE(policy.may_reuse());
  EXPECT_EQ(policy.failed(), 0U) << "no attempt of anybody's";
  EXPECT_EQ(policy.after(mishap::reset_before_answer, lost), retry::next);
  EXPECT_EQ(policy.failed(), 1U);
  EXPECT_FALSE(policy.may_reuse());
}

TEST(retry_policy, takes_no_kept_connection_when_one_was_replaced_before) {
  const auto settings = attempts_of(3);
  EXPECT_FALSE((retry_policy{settings, true}.may_reuse()));
}

TEST(retry_policy, replaces_a_stale_connection_though_the_post_was_sent_whole) {
  const auto settings = attempts_of(1);
  retry_policy policy{settings, false};
  auto lost = lost_by(verb::post);
  lost.kept_connection = lost.sent_whole = true;
  EXPECT_EQ(policy.after(mishap::reset_before_answer, lost), retry::same);
}

TEST(retry_policy, says_what_may_be_sent_again_elsewhere) {
  const auto settings = attempts_of(1);
  auto whole = lost_by(verb::post);
  whole.sent_whole = true;
  const auto repeatable_after = [&](mishap what, const lost_request& lost) {
    retry_policy policy{settings, false};
    EXPECT_EQ(policy.after(what, lost), retry::stop);
    return policy.repeatable();
  };
  EXPECT_TRUE(repeatable_after(mishap::connect_failure, whole));
  EXPECT_TRUE(repeatable_after(mishap::connect_timeout, whole));
  EXPECT_TRUE(repeatable_after(mishap::tls_failure, whole));
  EXPECT_TRUE(repeatable_after(mishap::reset_before_answer, lost_by(verb::post)));
  EXPECT_FALSE(repeatable_after(mishap::reset_before_answer, whole));
  EXPECT_FALSE(repeatable_after(mishap::response_timeout, lost_by(verb::get)));
  EXPECT_FALSE(repeatable_after(mishap::not_http, lost_by(verb::get)));
  EXPECT_FALSE(repeatable_after(mishap::reset_within_head, lost_by(verb::get)));
}

TEST(retry_policy, forgets_what_could_be_repeated_with_the_next_mishap) {
  const auto settings = attempts_of(3);
  retry_policy policy{settings, false};
  EXPECT_EQ(policy.after(mishap::connect_failure, lost_by(verb::get)), retry::next);
  EXPECT_EQ(policy.after(mishap::not_http, lost_by(verb::get)), retry::stop);
  EXPECT_FALSE(policy.repeatable());
}

TEST(retry_policy, pauses_as_configured_and_the_last_pause_repeats) {
  auto settings = attempts_of(10);
  settings.waits = {config::milliseconds{100}, config::milliseconds{300}};
  retry_policy policy{settings, false};
  EXPECT_EQ(policy.pause(1), 0) << "nothing has failed";
  const std::int64_t pauses[] = {100'000'000, 300'000'000, 300'000'000, 300'000'000};
  for (const auto wanted : pauses) {
    policy.after(mishap::connect_failure, lost_by(verb::get));
    EXPECT_EQ(policy.pause(1), wanted);
  }
}

TEST(retry_policy, pauses_by_a_factor) {
  auto settings = attempts_of(3);
  settings.waits = {config::milliseconds{1000}};
  retry_policy policy{settings, false};
  policy.after(mishap::connect_failure, lost_by(verb::get));
  EXPECT_EQ(policy.pause(0.8), 800'000'000);
  EXPECT_EQ(policy.pause(1.25), 1'250'000'000);
  EXPECT_EQ(policy.pause(0), 0);
}

TEST(retry_policy, does_not_pause_without_configured_pauses) {
  auto settings = attempts_of(3);
  settings.waits.clear();
  retry_policy policy{settings, false};
  policy.after(mishap::connect_failure, lost_by(verb::get));
  EXPECT_EQ(policy.pause(1), 0);
}

TEST(retry_policy, does_not_pause_before_a_stale_connection_is_replaced) {
  const auto settings = attempts_of(3);
  retry_policy policy{settings, false};
  auto lost = lost_by(verb::post);
  lost.kept_connection = true;
  EXPECT_EQ(policy.after(mishap::reset_before_answer, lost), retry::same);
  EXPECT_EQ(policy.pause(1), 0);
}

} // namespace
} // namespace synapse::proxy
