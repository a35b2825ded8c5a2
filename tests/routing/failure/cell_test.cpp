#include "routing/failure/cell.hpp"
#include "routing/failure/disposition.hpp"
#include "tests/routing/failure/virtual_time.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <random>

namespace synapse::routing {
namespace {

verdict of_status(std::uint16_t status, std::int64_t retry_after_ms = 0) {
  failure_facts facts;
  facts.status = status;
  facts.words = "x";
  facts.our_key = true;
  facts.retry_after_ms = retry_after_ms;
  return judge(facts);
}

verdict of_end(attempt_end what) {
  failure_facts facts;
  facts.what = what;
  return judge(facts);
}

const verdict server_error = of_status(500);
const verdict client_fault = of_status(400);
const verdict rate_limited = of_status(429);
const verdict unhealthy = of_end(attempt_end::unhealthy);

void fail(cell& one, std::int64_t now, int times = 1, const verdict& judged = server_error) {
  for (int i = 0; i < times; ++i)
    one.on_failure(judged, {.now = now});
}

/// Lets the probe pass, and tells what it met.
void probe(cell& one, std::int64_t now, const verdict& judged = server_error) {
  ASSERT_EQ(one.pass(now), passage::probe);
  one.on_failure(judged, {.now = now, .probe = true});
}

TEST(cell, is_closed_at_first_and_lets_everything_pass) {
  cell one;
  EXPECT_EQ(one.state(0), cell_state::closed);
  EXPECT_FALSE(one.suspect());
  EXPECT_EQ(one.pass(0), passage::yes);
  EXPECT_EQ(one.pass(0), passage::yes);
  EXPECT_EQ(one.reason(), trouble::none);
  EXPECT_EQ(one.opens_at(), 0);
}

TEST(cell, lets_one_try_when_there_is_doubt) {
  cell one;
  fail(one, 0, 4);
  one.on_doubt(trouble::key_refused, 5);
  EXPECT_EQ(one.state(5), cell_state::half_open);
  EXPECT_EQ(one.reason(), trouble::key_refused);
  EXPECT_EQ(one.pass(5), passage::probe);
  one.on_doubt(trouble::cut, 6);
  EXPECT_EQ(one.pass(6), passage::no) << "it is about to be seen";
  one.on_success(true);
  EXPECT_EQ(one.state(7), cell_state::closed);
  fail(one, 10, 5);
  one.on_doubt(trouble::cut, 10);
  EXPECT_EQ(one.state(10), cell_state::open) << "it knows better";
}

TEST(cell, opens_at_five_consecutive_failures) {
  cell one;
  fail(one, 0, 4);
  EXPECT_EQ(one.pass(0), passage::yes);
  EXPECT_TRUE(one.suspect());
  fail(one, 0);
  EXPECT_EQ(one.state(0), cell_state::open);
  EXPECT_EQ(one.pass(0), passage::no);
  EXPECT_EQ(one.reason(), trouble::server_error);
  EXPECT_EQ(one.opens_at(), 1 * seconds);
}

TEST(cell, a_success_ends_a_row_of_failures) {
  cell one;
  fail(one, 0, 4);
  one.on_success(false);
  EXPECT_FALSE(one.suspect());
  fail(one, 0, 4);
  EXPECT_EQ(one.state(0), cell_state::closed);
}

TEST(cell, opens_when_half_of_ten_results_are_failures) {
  cell one;
  for (int i = 0; i < 4; ++i) {
    fail(one, 0);
    one.on_success(false);
  }
  one.on_failure(server_error, {.now = 0, .successes = 4}); // nine results
  EXPECT_EQ(one.state(0), cell_state::closed);
  one.on_success(false);
  one.on_failure(server_error, {.now = 0, .successes = 7}); // six of 13
  EXPECT_EQ(one.state(0), cell_state::closed);
  one.on_failure(server_error, {.now = 0, .successes = 7}); // seven of 14
  EXPECT_EQ(one.state(0), cell_state::open);
}

TEST(cell, forgets_failures_that_are_older_than_the_window) {
  cell one;
  for (std::int64_t now = 0; now < 60 * seconds; now += 3 * seconds) { // four in ten seconds
    one.on_failure(server_error, {.now = now, .successes = 5});
    one.on_success(false);
    EXPECT_EQ(one.state(now), cell_state::closed) << now;
  }
}

TEST(cell, does_not_open_by_share_where_that_rule_is_off) {
  cell one({.rate_percent = 0});
  for (int i = 0; i < 1000; ++i) {
    fail(one, 0, 4);
    one.on_success(false);
  }
  EXPECT_EQ(one.state(0), cell_state::closed);
  fail(one, 0, 5);
  EXPECT_EQ(one.state(0), cell_state::open);
}

TEST(cell, lets_one_probe_pass_when_the_cooldown_is_over) {
  cell one;
  fail(one, 0, 5);
  EXPECT_EQ(one.pass(seconds - 1), passage::no);
  EXPECT_EQ(one.state(seconds), cell_state::half_open);
  EXPECT_TRUE(one.admits(seconds));
  EXPECT_EQ(one.pass(seconds), passage::probe);
  EXPECT_FALSE(one.admits(seconds));
  EXPECT_EQ(one.pass(5 * seconds), passage::no);
}

TEST(cell, a_probes_success_closes_and_forgets_everything) {
  cell one;
  fail(one, 0, 5);
  probe(one, seconds);
  ASSERT_EQ(one.pass(3 * seconds), passage::probe);
  one.on_success(true);
  EXPECT_EQ(one.state(3 * seconds), cell_state::closed);
  EXPECT_FALSE(one.suspect());
  EXPECT_EQ(one.reason(), trouble::none);
  fail(one, 3 * seconds, 4);
  EXPECT_EQ(one.state(3 * seconds), cell_state::closed);
  fail(one, 3 * seconds);
  EXPECT_EQ(one.opens_at(), 4 * seconds) << "the cooldown begins with a second again";
}

TEST(cell, cooldowns_double_up_to_a_minute) {
  cell one;
  fail(one, 0, 5);
  std::int64_t now = 0;
  for (const std::int64_t length : {1, 2, 4, 8, 16, 32, 60, 60, 60}) {
    EXPECT_EQ(one.opens_at(), now + length * seconds);
    EXPECT_EQ(one.pass(now + length * seconds - 1), passage::no);
    now += length * seconds;
    probe(one, now);
  }
}

TEST(cell, jitter_moves_a_cooldown_by_a_fifth_at_most) {
  const auto cooldown = [](double factor) {
    cell one;
    for (int i = 0; i < 5; ++i)
      one.on_failure(server_error, {.now = 0, .jitter = factor});
    return one.opens_at();
  };
  EXPECT_EQ(cooldown(0.9), 900'000'000);
  EXPECT_EQ(cooldown(0.8), 800'000'000);
  EXPECT_EQ(cooldown(1.2), 1'200'000'000);
  EXPECT_EQ(cooldown(1000), 1'200'000'000);
  EXPECT_EQ(cooldown(-1), 800'000'000);
  EXPECT_EQ(cooldown(std::numeric_limits<double>::quiet_NaN()), 800'000'000);
}

TEST(cell, ten_thousand_faults_of_clients_leave_it_closed) {
  cell one;
  for (int i = 0; i < 10'000; ++i)
    for (const std::uint16_t status : {400, 409, 413, 422, 503, 529})
      one.on_failure(of_status(status), {.now = i});
  EXPECT_EQ(one.state(0), cell_state::closed);
  EXPECT_FALSE(one.suspect());
}

TEST(cell, neutral_ends_do_not_interrupt_a_row_of_failures) {
  cell one;
  for (int i = 0; i < 5; ++i) {
    fail(one, 0);
    fail(one, 0, 10, client_fault);
  }
  EXPECT_EQ(one.state(0), cell_state::open);
}

TEST(cell, a_neutral_probe_leaves_it_half_open_with_the_probe_free) {
  cell one;
  fail(one, 0, 5);
  for (int i = 0; i < 3; ++i) {
    probe(one, seconds, client_fault);
    EXPECT_EQ(one.state(seconds), cell_state::half_open);
  }
  ASSERT_EQ(one.pass(seconds), passage::probe);
  one.on_neutral(true);
  ASSERT_EQ(one.pass(seconds), passage::probe);
  one.on_neutral(false); // of another request
  EXPECT_EQ(one.pass(seconds), passage::no);
}

TEST(cell, what_was_sent_before_it_was_shut_neither_closes_nor_prolongs) {
  cell one;
  fail(one, 0, 5);
  fail(one, seconds / 2, 100);
  one.on_success(false);
  EXPECT_EQ(one.opens_at(), seconds);
  ASSERT_EQ(one.pass(seconds), passage::probe);
  fail(one, seconds, 100);
  one.on_success(false);
  EXPECT_EQ(one.state(seconds), cell_state::half_open);
  one.on_success(true);
  EXPECT_EQ(one.state(seconds), cell_state::closed);
}

TEST(cell, a_lost_probe_is_given_up_after_a_while) {
  cell one({.probe_max = 30 * seconds});
  fail(one, 0, 5);
  ASSERT_EQ(one.pass(seconds), passage::probe);
  EXPECT_EQ(one.pass(31 * seconds - 1), passage::no);
  EXPECT_EQ(one.pass(31 * seconds), passage::probe);
}

TEST(cell, a_retry_after_keeps_every_request_away_for_that_long) {
  cell one;
  fail(one, 0, 1, of_status(429, 7000));
  EXPECT_EQ(one.reason(), trouble::rate_limited);
  for (std::int64_t now = 0; now < 7 * seconds; now += seconds / 10) {
    ASSERT_EQ(one.pass(now), passage::no);
    one.on_success(false); // streams that had begun before end well
  }
  EXPECT_EQ(one.pass(7 * seconds), passage::probe);
}

TEST(cell, the_longest_retry_after_of_many_counts) {
  cell one;
  fail(one, 0, 1, of_status(429, 7000));
  fail(one, 1 * seconds, 1, of_status(429, 3000));
  EXPECT_EQ(one.opens_at(), 7 * seconds);
  fail(one, 2 * seconds, 1, of_status(429, 9000));
  EXPECT_EQ(one.opens_at(), 11 * seconds);
}

TEST(cell, a_retry_after_is_the_floor_of_a_cooldown) {
  cell one;
  fail(one, 0, 4);
  one.on_failure(of_status(500, 20'000), {.now = 0, .jitter = 0.8});
  EXPECT_EQ(one.opens_at(), 20 * seconds);
}

TEST(cell, bare_refusals_double_from_one_to_thirty_seconds) {
  cell one;
  fail(one, 0, 1, rate_limited);
  std::int64_t now = 0;
  for (const std::int64_t length : {1, 2, 4, 8, 16, 30, 30}) {
    EXPECT_EQ(one.opens_at(), now + length * seconds);
    now += length * seconds;
    probe(one, now, rate_limited);
  }
}

TEST(cell, many_refusals_at_once_are_one) {
  cell one;
  fail(one, 0, 50, rate_limited);
  EXPECT_EQ(one.opens_at(), seconds);
  fail(one, seconds / 2, 50, rate_limited);
  EXPECT_EQ(one.opens_at(), seconds);
  probe(one, seconds, rate_limited);
  EXPECT_EQ(one.opens_at(), 3 * seconds);
}

TEST(cell, another_reason_does_not_go_on_with_the_doubling) {
  cell one;
  fail(one, 0, 1, rate_limited);
  probe(one, seconds, rate_limited);
  probe(one, 3 * seconds, of_status(401));
  EXPECT_EQ(one.opens_at(), 3 * seconds + 5 * minutes);
  EXPECT_EQ(one.reason(), trouble::key_refused);
  probe(one, 3 * seconds + 5 * minutes, of_status(401));
  EXPECT_EQ(one.opens_at(), 3 * seconds + 15 * minutes);
}

TEST(cell, shuts_of_fixed_length_do_not_grow) {
  cell one;
  fail(one, 0, 1, of_status(402));
  EXPECT_EQ(one.opens_at(), 30 * minutes);
  EXPECT_EQ(one.reason(), trouble::unpaid);
  probe(one, 30 * minutes, of_status(402));
  EXPECT_EQ(one.opens_at(), 60 * minutes);
}

TEST(cell, a_longer_shut_replaces_a_shorter_one_and_no_other) {
  cell one;
  fail(one, 0, 1, rate_limited);
  fail(one, 0, 1, of_status(402));
  EXPECT_EQ(one.opens_at(), 30 * minutes);
  fail(one, 0, 1, rate_limited);
  EXPECT_EQ(one.opens_at(), 30 * minutes);
  EXPECT_EQ(one.reason(), trouble::unpaid);
}

TEST(cell, a_retry_after_is_the_floor_of_every_shut) {
  cell one;
  failure_facts memory;
  memory.status = 500;
  memory.words = "out of memory";
  memory.retry_after_ms = 90'000;
  fail(one, 0, 1, judge(memory));
  EXPECT_EQ(one.opens_at(), 90 * seconds);
}

TEST(cell, a_refusal_that_prolongs_another_shut_is_the_first_of_its_kind) {
  cell one;
  fail(one, 0, 1, of_status(429, 300));
  fail(one, 0, 5, of_status(401));
  EXPECT_EQ(one.opens_at(), 5 * minutes);
  probe(one, 5 * minutes, of_status(401));
  EXPECT_EQ(one.opens_at(), 15 * minutes);
}

TEST(cell, a_success_ends_the_doubling_of_refusals) {
  cell one;
  fail(one, 0, 1, rate_limited);
  probe(one, seconds, rate_limited);
  ASSERT_EQ(one.pass(3 * seconds), passage::probe);
  one.on_success(true);
  fail(one, 3 * seconds, 1, rate_limited);
  EXPECT_EQ(one.opens_at(), 4 * seconds);
}

TEST(cell, failures_from_before_a_recovery_do_not_count_for_the_share) {
  cell one;
  fail(one, 0, 5);
  ASSERT_EQ(one.pass(seconds), passage::probe);
  one.on_success(true);
  one.on_failure(server_error, {.now = 2 * seconds, .successes = 4});
  EXPECT_EQ(one.state(2 * seconds), cell_state::closed);
  one.on_failure(server_error, {.now = 2 * seconds, .successes = 6}); // two of eight, seven of 13
  EXPECT_EQ(one.state(2 * seconds), cell_state::closed);
}

TEST(cell, nothing_else_ends_the_wait_for_its_health) {
  cell one;
  fail(one, 0, 1, unhealthy);
  fail(one, 0, 1, of_status(402));
  one.on_healthy();
  EXPECT_EQ(one.state(0), cell_state::half_open);
}

TEST(cell, waits_for_its_health) {
  cell one;
  fail(one, 0, 1, unhealthy);
  EXPECT_EQ(one.reason(), trouble::unhealthy);
  EXPECT_EQ(one.pass(4 * minutes), passage::no);
  one.on_healthy();
  EXPECT_EQ(one.state(4 * minutes), cell_state::half_open);
  EXPECT_EQ(one.pass(4 * minutes), passage::probe);
  one.on_healthy(); // says nothing new, and frees no probe
  EXPECT_EQ(one.pass(4 * minutes), passage::no);
  one.on_success(true);
  EXPECT_EQ(one.state(4 * minutes), cell_state::closed);
}

TEST(cell, lets_a_request_try_when_nobody_tells_of_its_health) {
  cell one;
  fail(one, 0, 1, unhealthy);
  EXPECT_EQ(one.pass(5 * minutes - 1), passage::no);
  EXPECT_EQ(one.pass(5 * minutes), passage::probe);
}

TEST(cell, good_health_ends_no_other_shut) {
  cell one;
  fail(one, 0, 5);
  one.on_healthy();
  EXPECT_EQ(one.pass(0), passage::no);
  one = cell();
  fail(one, 0, 1, of_status(429, 7000));
  one.on_healthy();
  EXPECT_EQ(one.pass(0), passage::no);
}

TEST(cell, hanging_answers_of_a_healthy_backend_count) { // row 28
  cell one;
  for (int i = 0; i < 5; ++i) {
    one.on_healthy();
    fail(one, 0, 1, of_end(attempt_end::first_token_timeout));
  }
  EXPECT_EQ(one.state(0), cell_state::open);
  EXPECT_EQ(one.reason(), trouble::timeout);
}

TEST(cell, opens_early_when_the_clock_jumps_and_not_when_it_trembles) {
  cell one;
  fail(one, 1000 * seconds, 1, of_status(402));
  EXPECT_EQ(one.pass(1000 * seconds - seconds / 2), passage::no);
  EXPECT_EQ(one.pass(10 * seconds), passage::probe);
  fail(one, 1000 * seconds, 1, of_status(402));
  EXPECT_EQ(one.pass(std::numeric_limits<std::int64_t>::max()), passage::probe);
}

TEST(cell, a_new_configuration_holds_from_the_next_result_on) {
  cell one;
  fail(one, 0, 4);
  one.reconfigure({.failures = 7, .cooldown_min = 3 * seconds});
  fail(one, 0, 2);
  EXPECT_EQ(one.state(0), cell_state::closed);
  fail(one, 0);
  EXPECT_EQ(one.opens_at(), 3 * seconds);
}

TEST(cell, senseless_settings_do_no_harm) {
  constexpr auto huge = std::numeric_limits<std::int64_t>::max();
  cell one({.failures = 0,
            .min_results = 0,
            .window = -1,
            .cooldown_min = -5,
            .cooldown_max = huge,
            .health_max = huge,
            .probe_max = -1});
  fail(one, huge);
  EXPECT_EQ(one.pass(huge), passage::probe);
  fail(one, huge, 1, unhealthy);
  EXPECT_EQ(one.opens_at(), huge);
}

verdict some_verdict(std::mt19937_64& chance) {
  switch (chance() % 6) {
  case 0:
    return client_fault;
  case 1:
    return rate_limited;
  case 2:
    return of_status(429, static_cast<std::int64_t>(chance() % 400'000));
  case 3:
    return unhealthy;
  case 4:
    return of_status(401);
  default:
    return server_error;
  }
}

TEST(cell, holds_its_promises_whatever_happens) {
  std::mt19937_64 chance(41);
  for (int round = 0; round < 200; ++round) {
    cell one;
    std::int64_t now = 0;
    bool probing = false;
    for (int step = 0; step < 500; ++step) {
      now += static_cast<std::int64_t>(chance() % (2 * seconds));
      const bool admits = one.admits(now);
      const auto before = one.state(now);
      if (chance() % 2 == 0) {
        const auto got = one.pass(now);
        ASSERT_EQ(got != passage::no, admits);
        ASSERT_EQ(got == passage::yes, before == cell_state::closed);
        probing = probing || got == passage::probe;
      } else if (chance() % 4 == 0) {
        one.on_healthy();
      } else {
        const bool of_probe = probing && chance() % 2 == 0;
        if (chance() % 3 == 0)
          one.on_success(of_probe);
        else
          one.on_failure(some_verdict(chance),
                         {.now = now,
                          .successes = static_cast<std::uint32_t>(chance() % 20),
                          .probe = of_probe});
        probing = probing && !of_probe;
        ASSERT_TRUE(of_probe || before == cell_state::closed ||
                    one.state(now) != cell_state::closed)
            << "only a probe closes it";
      }
      ASSERT_EQ(one.state(now) == cell_state::closed, one.reason() == trouble::none);
      ASSERT_LE(one.opens_at(), now + 60 * minutes);
    }
    one.on_healthy();
    now += 60 * minutes;
    ASSERT_TRUE(one.admits(now)) << "nothing shuts it for ever";
  }
}

TEST(cell, survives_every_time) {
  std::mt19937_64 chance(43);
  cell one;
  for (int i = 0; i < 100'000; ++i) {
    const auto now = static_cast<std::int64_t>(chance());
    const bool of_probe = one.pass(now) == passage::probe;
    one.on_failure(some_verdict(chance),
                   {.now = static_cast<std::int64_t>(chance()), .probe = of_probe});
    (void)one.admits(static_cast<std::int64_t>(chance()));
    (void)one.opens_at();
  }
}

} // namespace
} // namespace synapse::routing
