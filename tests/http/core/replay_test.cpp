#include "http/core/replay.hpp"

#include <gtest/gtest.h>

namespace synapse::http {
namespace {

constexpr verb verbs[] = {verb::get,   verb::head,    verb::post,    verb::put,   verb::delete_,
                          verb::patch, verb::options, verb::connect, verb::trace, verb::other};

lost_request sent_whole(verb method) {
  lost_request lost;
  lost.method = method;
  lost.sent_whole = true;
  return lost;
}

TEST(replay, methods_that_may_be_repeated_are_those_of_the_standard) {
  for (const auto method : verbs) {
    const bool idempotent = method == verb::get || method == verb::head || method == verb::put ||
                            method == verb::delete_ || method == verb::options ||
                            method == verb::trace;
    EXPECT_EQ(is_idempotent(method), idempotent) << static_cast<int>(method);
    EXPECT_EQ(replay_of(sent_whole(method)), idempotent ? replay::again : replay::never)
        << static_cast<int>(method);
  }
}

TEST(replay, what_did_not_go_out_whole_cannot_have_been_carried_out) {
  for (const auto method : verbs) {
    auto lost = sent_whole(method);
    lost.sent_whole = false;
    EXPECT_EQ(replay_of(lost), replay::again);
  }
}

TEST(replay, a_kept_connection_is_replaced_once) {
  for (const auto method : verbs)
    for (const bool whole : {false, true}) {
      auto lost = sent_whole(method);
      lost.sent_whole = whole;
      lost.kept_connection = true;
      EXPECT_EQ(replay_of(lost), replay::at_once);
      lost.replaced = true;
      EXPECT_EQ(replay_of(lost), whole && !is_idempotent(method) ? replay::never : replay::again);
    }
}

TEST(replay, a_body_that_cannot_be_made_again_is_never_sent_again) {
  for (const auto method : verbs)
    for (const bool whole : {false, true})
      for (const bool kept : {false, true}) {
        auto lost = sent_whole(method);
        lost.repeatable = false;
        lost.sent_whole = whole;
        lost.kept_connection = kept;
        EXPECT_EQ(replay_of(lost), replay::never);
      }
}

} // namespace
} // namespace synapse::http
