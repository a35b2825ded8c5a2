#include "actors/protocol/error.hpp"

#include <caf/make_message.hpp>
#include <caf/sec.hpp>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace synapse::actors {
namespace {

TEST(actor_errors, each_has_a_sentence_of_its_own) {
  std::set<std::string_view> texts;
  for (unsigned code = 0; code < static_cast<unsigned>(ec::count_); ++code)
    texts.insert(describe(static_cast<ec>(code)));
  EXPECT_EQ(texts.size(), static_cast<std::size_t>(ec::count_));
  EXPECT_FALSE(texts.contains(""));
  EXPECT_EQ(describe(ec::none), "no error");
  EXPECT_EQ(describe(ec::voice_not_found), "there is no such voice");
  EXPECT_EQ(describe(ec::rollout_failed), "the rollout failed");
}

TEST(actor_errors, a_code_of_nobodys_is_described_all_the_same) {
  EXPECT_EQ(describe(ec::count_), "unknown error");
  EXPECT_EQ(describe(static_cast<ec>(255)), "unknown error");
}

TEST(actor_errors, ours_are_rendered_with_what_was_said_about_them) {
  EXPECT_EQ(render(caf::make_error(ec::storage_failed)), "the disk refused");
  EXPECT_EQ(render(caf::make_error(ec::storage_failed, std::string{"it is full"})),
            "the disk refused: (\"it is full\")");
}

TEST(actor_errors, none_and_those_of_caf_and_of_others_have_texts) {
  EXPECT_EQ(render(caf::error{}), "no error");
  EXPECT_EQ(render(caf::make_error(caf::sec::request_timeout)), "request_timeout");
  EXPECT_EQ(render(caf::error{7, caf::atom("foreign")}), "foreign error 7");
}

TEST(actor_errors, the_detail_is_only_what_the_failed_one_said) {
  EXPECT_EQ(detail(caf::make_error(ec::cluster_refused, std::string{"403: no"})), "403: no");
  EXPECT_EQ(detail(caf::make_error(ec::cluster_refused)), "");
  EXPECT_EQ(detail(caf::error{}), "");
  EXPECT_EQ(detail(caf::make_error(ec::cluster_refused, 5)), "") << "a context of another form";
}

} // namespace
} // namespace synapse::actors
