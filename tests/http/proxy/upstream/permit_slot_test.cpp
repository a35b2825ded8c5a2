#include "http/proxy/upstream/permit_slot.hpp"
#include "tests/http/proxy/proxy_rig.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace synapse::proxy {
namespace {

using actors::attempt_result;
using actors::deny_reason;
using http::response_detail;
using telemetry::permit_denial;
using telemetry::request_phase;
using testing::ElementsAre;

struct permit_slot_test : testing::Test {
  permit_slot& begin(std::uint64_t number = 7) {
    of = &rig.hold(get("/x"));
    return slot.emplace(*of, number);
  }
  void TearDown() override { slot.reset(); }

  proxy_rig rig;
  call* of = nullptr;
  std::optional<permit_slot> slot;
};

TEST_F(permit_slot_test, a_permit_is_there_at_once_when_the_lane_says_yes) {
  auto& permit = begin();
  EXPECT_TRUE(permit.take());
  EXPECT_EQ(permit.number(), 7U);
  EXPECT_TRUE(permit.granted().address == rig.grant().address);
  EXPECT_THAT(rig.lane.told, ElementsAre("ask 7"));
  EXPECT_THAT(rig.lane.asked_at, ElementsAre(rig.now()));
  EXPECT_EQ(rig.backend_metrics().in_flight.value(), 1);
  EXPECT_EQ(rig.backend_metrics().waiting.value(), 0);
  EXPECT_EQ(rig.backend_metrics().permit_wait.bucket_count(0), 1U);
}

TEST_F(permit_slot_test, a_permit_is_waited_for) {
  rig.lane.hold = true;
  auto& permit = begin();
  EXPECT_FALSE(permit.take());
  started waiting{permit.await()};
  rig.pass(3s);
  EXPECT_FALSE(waiting.done());
  EXPECT_EQ(rig.backend_metrics().waiting.value(), 1);
  EXPECT_EQ(rig.backend_metrics().in_flight.value(), 0);
  rig.release(rig.grant());
  ASSERT_TRUE(waiting.done());
  EXPECT_EQ(*waiting, step::done);
  EXPECT_EQ(rig.backend_metrics().waiting.value(), 0);
  EXPECT_EQ(rig.backend_metrics().in_flight.value(), 1);
  EXPECT_EQ(rig.backend_metrics().permit_wait.sum_ns(), 3'000'000'000U);
  EXPECT_EQ(of->ex.record().upstream_ns, 3'000'000'000) << "waiting is not our overhead";
}

struct denial_case {
  deny_reason reason;
  std::uint32_t retry_after_ms;
  response_detail detail;
  unsigned status;
  permit_denial counted;
  const char* message;
  unsigned retry_after;
};

class every_denial : public permit_slot_test, public testing::WithParamInterface<denial_case> {};

TEST_P(every_denial, has_its_status_and_the_time_to_come_back) {
  const auto& wanted = GetParam();
  rig.lane.answer = proxy_rig::deny(wanted.reason, wanted.retry_after_ms);
  auto& permit = begin();
  EXPECT_FALSE(permit.take());
  started waiting{permit.await()};
  ASSERT_TRUE(waiting.done());
  EXPECT_EQ(*waiting, step::failed);
  const auto why = permit.why();
  EXPECT_EQ(why.detail, wanted.detail);
  EXPECT_EQ(http::info(why.detail).status, wanted.status);
  EXPECT_EQ(why.message, wanted.message);
  EXPECT_EQ(why.retry_after, wanted.retry_after);
  for (std::size_t i = 0; i < telemetry::permit_denial_texts.size(); ++i) {
    const auto reason = static_cast<permit_denial>(i);
    EXPECT_EQ(rig.backend_metrics().permits_denied[reason].value(),
              reason == wanted.counted ? 1U : 0U);
  }
  EXPECT_TRUE(rig.at_rest());
  slot.reset();
  EXPECT_THAT(rig.told(), ElementsAre("ask 7")) << "nothing is given back that was not had";
}

INSTANTIATE_TEST_SUITE_P(
    permit_slot, every_denial,
    testing::Values(
        denial_case{deny_reason::overflow, 0, response_detail::upstream_overflow, 429,
                    permit_denial::queue_full, "too many requests wait for backend b", 1},
        denial_case{deny_reason::queue_timeout, 1000, response_detail::upstream_queue_timeout, 503,
                    permit_denial::queue_timeout, "no free slot at backend b within the time limit",
                    1},
        denial_case{deny_reason::no_address, 1001, response_detail::upstream_connection_failure,
                    503, permit_denial::no_address, "the host name of backend b does not resolve",
                    2},
        denial_case{deny_reason::retired, 1, response_detail::draining, 503,
                    permit_denial::draining, "backend b is being reconfigured", 1},
        denial_case{deny_reason::circuit_open, 29'500, response_detail::no_healthy_upstream, 503,
                    permit_denial::breaker_open,
                    "backend b is taken out of service after repeated failures", 30},
        denial_case{deny_reason::none, 0, response_detail::no_healthy_upstream, 503,
                    permit_denial::breaker_open,
                    "backend b is taken out of service after repeated failures", 1}));

TEST_F(permit_slot_test, a_denial_may_come_late) {
  rig.lane.hold = true;
  auto& permit = begin();
  EXPECT_FALSE(permit.take());
  started waiting{permit.await()};
  rig.pass(2s);
  rig.release(proxy_rig::deny(deny_reason::queue_timeout, 4000));
  ASSERT_TRUE(waiting.done());
  EXPECT_EQ(*waiting, step::failed);
  EXPECT_EQ(permit.why().retry_after, 4U);
  EXPECT_EQ(rig.backend_metrics().permit_wait.sum_ns(), 2'000'000'000U);
  EXPECT_TRUE(rig.at_rest());
}

TEST_F(permit_slot_test, a_lane_that_has_ended_says_that_its_backend_is_being_replaced) {
  auto& permit = begin();
  rig.end_lane();
  EXPECT_FALSE(permit.take());
  started waiting{permit.await()};
  rig.settle();
  ASSERT_TRUE(waiting.done());
  EXPECT_EQ(*waiting, step::failed);
  const auto why = permit.why();
  EXPECT_EQ(why.detail, response_detail::draining);
  EXPECT_EQ(why.retry_after, 1U);
  EXPECT_FALSE(why.message.empty());
  EXPECT_TRUE(rig.at_rest());
}

TEST_F(permit_slot_test, a_client_that_leaves_while_it_waits_wants_no_permit_any_more) {
  rig.lane.hold = true;
  auto& permit = begin();
  EXPECT_FALSE(permit.take());
  started waiting{permit.await()};
  EXPECT_EQ(rig.backend_metrics().waiting.value(), 1);
  rig.client().reset();
  rig.until([&] { return waiting.done(); });
  EXPECT_EQ(*waiting, step::gone);
  EXPECT_EQ(of->end, forward_end::gone);
  EXPECT_EQ(of->ex.record().status, 499U);
  EXPECT_EQ(of->ex.record().detail, response_detail::client_disconnected);
  EXPECT_EQ(rig.disconnects(request_phase::permit), 1U);
  EXPECT_TRUE(rig.at_rest());
  slot.reset();
  EXPECT_THAT(rig.told(), ElementsAre("ask 7", "abandoned 7"));
}

TEST_F(permit_slot_test, a_request_that_is_canceled_while_it_waits_wants_none_either) {
  rig.lane.hold = true;
  auto& permit = begin();
  EXPECT_FALSE(permit.take());
  started waiting{permit.await()};
  of->ex.actor().end(server::give_up::canceled);
  rig.until([&] { return waiting.done(); });
  EXPECT_EQ(*waiting, step::gone);
  EXPECT_EQ(of->ex.record().detail, response_detail::canceled);
  EXPECT_THAT(rig.told(), ElementsAre("ask 7", "abandoned 7"));
}

TEST_F(permit_slot_test, a_good_end_is_told_with_others) {
  auto& permit = begin();
  EXPECT_TRUE(permit.take());
  permit.give_back(attempt_result::ok);
  EXPECT_EQ(rig.backend_metrics().in_flight.value(), 0);
  rig.settle();
  EXPECT_THAT(rig.lane.told, ElementsAre("ask 7")) << "nobody waits for the news";
  rig.pass(30ms);
  EXPECT_THAT(rig.lane.told, ElementsAre("ask 7", "completed 7"));
}

TEST_F(permit_slot_test, a_good_end_of_an_urgent_permit_is_told_at_once) {
  rig.lane.answer.urgent = true;
  auto& permit = begin();
  EXPECT_TRUE(permit.take());
  permit.give_back(attempt_result::ok);
  EXPECT_THAT(rig.lane.told, ElementsAre("ask 7", "ok 7"));
}

TEST_F(permit_slot_test, a_bad_end_is_told_at_once_and_behind_the_good_ones_before_it) {
  auto& permit = begin();
  EXPECT_TRUE(permit.take());
  rig.site()->outcomes->add(5);
  permit.give_back(attempt_result::reset_after_head);
  EXPECT_THAT(rig.lane.told, ElementsAre("ask 7", "completed 5", "reset_after_head 7"));
}

TEST_F(permit_slot_test, a_permit_is_given_back_once) {
  auto& permit = begin();
  EXPECT_TRUE(permit.take());
  permit.give_back(attempt_result::bad_response);
  permit.give_back(attempt_result::ok);
  permit.give_back(attempt_result::canceled);
  slot.reset();
  EXPECT_THAT(rig.told(), ElementsAre("ask 7", "bad_response 7"));
  EXPECT_EQ(rig.backend_metrics().in_flight.value(), 0);
}

TEST_F(permit_slot_test, a_permit_is_given_back_at_the_latest_when_it_ends) {
  auto& permit = begin();
  EXPECT_TRUE(permit.take());
  slot.reset();
  EXPECT_THAT(rig.told(), ElementsAre("ask 7", "canceled 7"));
  EXPECT_TRUE(rig.at_rest());
}

TEST_F(permit_slot_test, a_probe_tells_that_there_is_a_head) {
  rig.lane.answer.probe = true;
  auto& permit = begin();
  EXPECT_TRUE(permit.take());
  permit.tell_head();
  permit.give_back(attempt_result::ok);
  EXPECT_THAT(rig.told(), ElementsAre("ask 7", "head_received 7", "completed 7"));
}

TEST_F(permit_slot_test, any_other_one_does_not) {
  auto& permit = begin();
  EXPECT_TRUE(permit.take());
  permit.tell_head();
  EXPECT_THAT(rig.told(), ElementsAre("ask 7"));
}

} // namespace
} // namespace synapse::proxy
