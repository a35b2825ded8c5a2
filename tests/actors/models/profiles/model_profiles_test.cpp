#include "actors/models/profiles/model_profiles.hpp"
#include "actors/protocol/error.hpp"
#include "tests/actors/models/profiles/profiles.hpp"
#include "tests/support/deterministic_actor_system.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace synapse::actors {
namespace {

using models::put;
using models::texts;
using storage::faulty_ops;
using test::deterministic_actor_system;
constexpr auto forever = std::numeric_limits<std::size_t>::max();

struct model_profiles_test : testing::Test {
  void SetUp() override { start(); }
  void TearDown() override { actors.end(profiles); }

  void start() { profiles = spawn(ops); }
  model_profiles_actor spawn(std::shared_ptr<faulty_ops> with) {
    model_profiles_parts parts;
    parts.file = file;
    parts.report = [this](const std::string& text) { reports.push_back(text); };
    parts.ops = std::move(with);
    parts.now = &models::standing_clock;
    parts.thread = model_profiles_thread::shared;
    auto result = spawn_model_profiles(actors.system(), std::move(parts));
    actors.settle();
    return result;
  }

  using told = std::vector<profile_map_ptr>;
  profile_listener listen(const std::shared_ptr<told>& into) {
    auto listener = actors.spawn<profile_listener>(
        [into](const profile_map_ptr& all) { into->push_back(all); });
    caf::anon_send(profiles, listen_atom::value, listener);
    actors.settle();
    return listener;
  }
  caf::expected<profile_map_ptr> change(const put_profile& what) {
    return actors.ask<profile_map_ptr>(profiles, what);
  }
  caf::expected<profile_map_ptr> list() {
    return actors.ask<profile_map_ptr>(profiles, list_atom::value);
  }

  storage::scratch directory;
  std::filesystem::path file = directory.path() / "profiles.json";
  std::shared_ptr<faulty_ops> ops = std::make_shared<faulty_ops>();
  texts reports;
  deterministic_actor_system actors;
  model_profiles_actor profiles;
};

TEST_F(model_profiles_test, stores_answers_and_lists) {
  auto all = list();
  ASSERT_TRUE(all) << render(all.error());
  EXPECT_TRUE((*all)->empty());
  all = change(put("a", {{"top_p", 0.5}}));
  ASSERT_TRUE(all) << render(all.error());
  EXPECT_EQ((*all)->at("a"), (model_profile{"2026-02-03T04:05:06.789Z", {{"top_p", 0.5}}}));
  EXPECT_EQ(models::stored(file, "a"), (profile_values{{"top_p", 0.5}})) << "on disk by then";
  ops->arm(0);
  EXPECT_EQ(**list(), **all);
  EXPECT_EQ(ops->count, 1U) << "from memory, after one look";
  EXPECT_EQ(reports, texts{});
}

TEST_F(model_profiles_test, a_successor_knows_what_was_stored) {
  ASSERT_TRUE(change(put("a", {{"top_p", 0.5}})));
  const auto old = profiles;
  actors.end(old);
  start();
  EXPECT_TRUE((*list())->contains("a"));
}

TEST_F(model_profiles_test, listeners_are_told_at_once_and_of_every_change) {
  ASSERT_TRUE(change(put("a", {{"top_p", 0.5}})));
  const auto one = std::make_shared<told>();
  const auto two = std::make_shared<told>();
  const auto first = listen(one);
  const auto second = listen(two);
  ASSERT_EQ(one->size(), 1U);
  EXPECT_TRUE(one->back()->contains("a"));
  ASSERT_TRUE(change(put("b", {{"top_p", 0.5}})));
  ASSERT_EQ(one->size(), 2U);
  ASSERT_EQ(two->size(), 2U);
  EXPECT_TRUE(one->back()->contains("b"));
  EXPECT_EQ(one->back(), two->back());
  ASSERT_TRUE(list());
  EXPECT_EQ(one->size(), 2U) << "nothing has changed";
  actors.end(first);
  actors.end(second);
}

TEST_F(model_profiles_test, a_listener_that_introduces_itself_again_is_told_once_per_change) {
  const auto heard = std::make_shared<told>();
  const auto listener = listen(heard);
  caf::anon_send(profiles, listen_atom::value, listener);
  ASSERT_TRUE(change(put("a", {{"top_p", 0.5}})));
  EXPECT_EQ(heard->size(), 3U) << "twice at once, then once";
  actors.end(listener);
}

TEST_F(model_profiles_test, a_listener_that_has_ended_is_let_go) {
  const auto heard = std::make_shared<told>();
  auto listener = listen(heard);
  const auto weak = caf::actor_cast<caf::weak_actor_ptr>(listener);
  actors.end(listener);
  listener = nullptr;
  EXPECT_EQ(weak.lock(), nullptr) << "somebody still holds it";
  ASSERT_TRUE(change(put("a", {{"top_p", 0.5}})));
  EXPECT_EQ(heard->size(), 1U);
}

TEST_F(model_profiles_test, a_full_disk_is_an_error_that_changes_nothing_and_passes) {
  ASSERT_TRUE(change(put("a", {{"top_p", 0.5}})));
  const auto heard = std::make_shared<told>();
  const auto listener = listen(heard);
  ops->arm(0, 1, forever);
  const auto refused = change(put("a", {{"top_p", 1.0}}));
  ops->arm(0);
  ASSERT_FALSE(refused);
  EXPECT_EQ(static_cast<ec>(refused.error().code()), ec::storage_failed);
  EXPECT_NE(detail(refused.error()).find("the disk is full"), std::string::npos);
  EXPECT_EQ(detail(refused.error()).find(directory.path()), std::string::npos);
  EXPECT_EQ((*list())->at("a").values, (profile_values{{"top_p", 0.5}}));
  EXPECT_EQ(heard->size(), 1U);
  ASSERT_EQ(reports.size(), 1U);
  ASSERT_TRUE(change(put("a", {{"top_p", 1.0}})));
  EXPECT_EQ(heard->size(), 2U);
  actors.end(listener);
}

TEST_F(model_profiles_test, a_file_that_cannot_be_read_is_tried_again_and_reported_once) {
  ASSERT_TRUE(change(put("a", {{"top_p", 0.5}})));
  actors.end(profiles);
  ops->watch = [](const storage::file_operation& operation) {
    return operation.action == storage::file_action::read ? EIO : 0;
  };
  start();
  const auto heard = std::make_shared<told>();
  const auto listener = listen(heard);
  ASSERT_EQ(heard->size(), 1U);
  EXPECT_TRUE(heard->back()->empty());
  for (int i = 0; i < 3; ++i) {
    const auto all = list();
    ASSERT_FALSE(all);
    EXPECT_EQ(static_cast<ec>(all.error().code()), ec::storage_failed);
  }
  ASSERT_FALSE(change(put("b", {{"top_p", 0.5}})));
  EXPECT_EQ(reports.size(), 1U);
  ops->watch = [](const storage::file_operation&) { return 0; };
  ASSERT_TRUE(change(put("b", {{"top_p", 0.5}})));
  EXPECT_EQ((*list())->size(), 2U) << "nothing was overwritten";
  ASSERT_EQ(heard->size(), 3U) << "as it was read, and the change";
  EXPECT_EQ(heard->back()->size(), 2U);
  actors.end(listener);
}

TEST_F(model_profiles_test, a_damaged_file_is_reported_with_its_place) {
  actors.end(profiles);
  models::write_file(file, "{");
  start();
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_TRUE(reports[0].starts_with(file.string())) << reports[0];
  EXPECT_TRUE((*list())->empty());
  ASSERT_TRUE(change(put("a", {{"top_p", 0.5}})));
  EXPECT_EQ(models::names_in(directory.path()),
            (texts{"profiles.json", "profiles.json.damaged-20260203T040506Z"}));
}

TEST_F(model_profiles_test, who_asks_knows_at_once_what_another_process_has_stored) {
  const auto other = spawn(nullptr);
  ASSERT_TRUE(change(put("a", {{"top_p", 0.5}})));
  const auto there = actors.ask<profile_map_ptr>(other, list_atom::value);
  ASSERT_TRUE(there);
  EXPECT_TRUE((*there)->contains("a"));
  ASSERT_TRUE(actors.ask<profile_map_ptr>(other, put("b", {{"top_p", 1.0}})));
  ASSERT_TRUE(change(put("c", {{"top_p", 0.0}})));
  EXPECT_EQ((*list())->size(), 3U);
  actors.end(other);
}

TEST_F(model_profiles_test, listeners_hear_within_a_second_what_another_process_has_stored) {
  const auto other = spawn(nullptr);
  const auto heard = std::make_shared<told>();
  const auto listener = listen(heard);
  for (int i = 1; i <= 3; ++i) {
    ASSERT_TRUE(
        actors.ask<profile_map_ptr>(other, put("a", {{"top_p", 0.25 * static_cast<double>(i)}})));
    ASSERT_EQ(heard->size(), static_cast<std::size_t>(i)) << "nobody has looked";
    actors.advance(std::chrono::seconds{1});
    ASSERT_EQ(heard->size(), static_cast<std::size_t>(i) + 1);
    EXPECT_EQ(heard->back()->at("a").values, (profile_values{{"top_p", 0.25 * i}}));
  }
  actors.advance(std::chrono::seconds{10});
  EXPECT_EQ(heard->size(), 4U) << "told once";
  actors.end(listener);
  actors.end(other);
}

TEST_F(model_profiles_test, what_cannot_be_looked_at_is_reported_once) {
  ASSERT_TRUE(change(put("a", {{"top_p", 0.5}})));
  ops->watch = [](const storage::file_operation& operation) {
    return operation.action == storage::file_action::look ? EIO : 0;
  };
  actors.advance(std::chrono::seconds{5});
  EXPECT_EQ(reports.size(), 1U);
  ops->watch = [](const storage::file_operation&) { return 0; };
  EXPECT_TRUE((*list())->contains("a"));
}

TEST(model_profiles_detached, runs_on_a_thread_of_its_own) {
  const storage::scratch directory;
  caf::actor_system_config config;
  caf::actor_system system{config};
  model_profiles_parts parts;
  parts.file = directory.path() / "profiles.json";
  const auto profiles = spawn_model_profiles(system, std::move(parts));
  caf::scoped_actor self{system};
  bool stored = false;
  self->request(profiles, std::chrono::seconds{60}, put("a", {{"top_p", 0.5}}))
      .receive([&](const profile_map_ptr& all) { stored = all->contains("a"); },
               [](const caf::error& error) { ADD_FAILURE() << render(error); });
  EXPECT_TRUE(stored);
  caf::anon_send_exit(profiles, caf::exit_reason::user_shutdown);
}

} // namespace
} // namespace synapse::actors
