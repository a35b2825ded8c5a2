// What becomes of the stored profiles when the disk refuses, the power fails or the process dies.
#include "tests/actors/models/profiles/profiles.hpp"
#include "tests/actors/storage/tracking_ops.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <limits>
#include <poll.h>
#include <random>
#include <unistd.h>

namespace synapse::models {
namespace {

using storage::faulty_ops;
constexpr auto forever = std::numeric_limits<std::size_t>::max();
const profile_values old_values{{"top_p", 0.5}};
const profile_values new_values{{"top_p", 1.0}};

/// What stood in the file before.
enum class ground { sound, bad_field, damaged };

std::string text_of(ground what) {
  switch (what) {
  case ground::damaged:
    return "damaged";
  case ground::bad_field:
    return R"({"version":1,"models":{"a":{"updated_at":"","values":{"top_p":0.5,"odd":1}}}})";
  case ground::sound:
    break;
  }
  return R"({"version":1,"models":{"a":{"updated_at":"","values":{"top_p":0.5}}}})";
}

constexpr ground grounds[] = {ground::sound, ground::bad_field, ground::damaged};

/// Nothing that ever stood in the file and could not be read in full may be gone.
void expect_kept(const fs::path& folder, ground what) {
  if (what == ground::sound)
    return;
  bool found = false;
  for (const auto& name : names_in(folder))
    found = found || (!name.starts_with('.') && read_file(folder / name) == text_of(what));
  EXPECT_TRUE(found) << "the file as it was is gone";
}

profile_values values_on_disk(const fs::path& file) {
  auto store = make_store(file);
  EXPECT_EQ(store.load(), std::nullopt);
  const auto all = store.all();
  return all->contains("a") ? all->at("a").values : profile_values{};
}

TEST(profile_store_faults, a_failed_change_changes_nothing_and_works_later) {
  for (const auto what : grounds) {
    std::size_t failures = 0;
    for (std::size_t n = 1; !testing::Test::HasFailure(); ++n) {
      SCOPED_TRACE("operation " + std::to_string(n));
      const scratch directory;
      const auto file = directory.path() / "profiles.json";
      write_file(file, text_of(what));
      const auto ops = std::make_shared<faulty_ops>();
      auto store = make_store(file, ops);
      ops->arm(0, n, forever);
      const auto problem = store.put(put("a", new_values));
      const bool failed = ops->count >= n;
      ops->arm(0);
      EXPECT_EQ(problem.has_value(), failed);
      expect_kept(directory.path(), what);
      if (!failed)
        break;
      ++failures;
      EXPECT_NE(problem->find("the disk is full"), std::string::npos) << *problem;
      const auto all = store.all();
      EXPECT_TRUE(!all->contains("a") || all->at("a").values == old_values);
      EXPECT_EQ(store.put(put("a", new_values)), std::nullopt);
      EXPECT_EQ(store.all()->at("a").values, new_values);
      EXPECT_EQ(values_on_disk(file), new_values);
      expect_kept(directory.path(), what);
      for (const auto& name : names_in(directory.path()))
        EXPECT_FALSE(name.starts_with('.')) << name << " is left";
    }
    EXPECT_GE(failures, 7U) << "too few to say anything";
  }
}

TEST(profile_store_faults, a_single_failure_anywhere_loses_nothing) {
  for (const auto what : grounds)
    for (std::size_t n = 1; n < 100 && !testing::Test::HasFailure(); ++n) {
      SCOPED_TRACE("operation " + std::to_string(n));
      const scratch directory;
      const auto file = directory.path() / "profiles.json";
      write_file(file, text_of(what));
      const auto ops = std::make_shared<faulty_ops>();
      auto store = make_store(file, ops);
      ops->arm(0, n, n);
      const auto problem = store.put(put("a", new_values));
      const bool failed = ops->count >= n;
      expect_kept(directory.path(), what);
      EXPECT_TRUE(problem || store.all()->at("a").values == new_values);
      EXPECT_TRUE(problem || values_on_disk(file) == new_values);
      texts problems = store.take_problems();
      if (what == ground::damaged && !problem) {
        EXPECT_FALSE(problems.empty()) << "nobody was told";
      }
      if (!failed)
        break;
    }
}

TEST(profile_store_faults, damage_is_reported_even_if_the_disk_fails_meanwhile) {
  for (std::size_t n = 1; n < 100 && !testing::Test::HasFailure(); ++n) {
    SCOPED_TRACE("operation " + std::to_string(n));
    const scratch directory;
    const auto file = directory.path() / "profiles.json";
    write_file(file, "damaged");
    const auto ops = std::make_shared<faulty_ops>();
    auto store = make_store(file, ops);
    ops->arm(0, n, n);
    static_cast<void>(store.load());
    const bool failed = ops->count >= n;
    ops->arm(0);
    EXPECT_EQ(store.load(), std::nullopt);
    EXPECT_FALSE(store.take_problems().empty());
    if (!failed)
      break;
  }
}

TEST(profile_store_faults, a_crash_anywhere_leaves_the_old_profile_or_the_new_one) {
  for (const auto what : grounds) {
    std::size_t crash = 1;
    for (bool finished = false; !finished && !testing::Test::HasFailure(); ++crash) {
      SCOPED_TRACE("crash before operation " + std::to_string(crash));
      const scratch directory;
      const auto file = directory.path() / "profiles.json";
      write_file(file, text_of(what));
      const auto outcome = storage::in_child([&]() -> std::string {
        const auto ops = std::make_shared<faulty_ops>();
        auto store = make_store(file, ops);
        ops->arm(crash);
        return store.put(put("a", new_values)).value_or("");
      });
      EXPECT_EQ(outcome.value_or(""), "");
      finished = outcome.has_value();
      const auto found = values_on_disk(file);
      EXPECT_TRUE(
          found == new_values ||
          (!finished && found == (what == ground::damaged ? profile_values{} : old_values)));
      expect_kept(directory.path(), what);
      for (const auto& name : names_in(directory.path()))
        EXPECT_FALSE(name.starts_with('.')) << name << " is left";
    }
    EXPECT_GE(crash, 8U);
  }
}

TEST(profile_store_faults, everything_is_synced_before_it_is_acknowledged) {
  for (const auto what : grounds) {
    const scratch directory;
    const auto file = directory.path() / "profiles.json";
    write_file(file, text_of(what));
    const auto ops =
        std::make_shared<storage::tracking_ops>([](std::string_view) { return false; });
    auto store = make_store(file, ops);
    ASSERT_EQ(store.put(put("a", new_values)), std::nullopt);
    EXPECT_EQ(ops->violations, texts{});
    EXPECT_EQ(ops->unsaved(directory.path()), texts{});
  }
}

TEST(profile_store_faults, a_file_that_cannot_be_read_is_left_alone_and_tried_again) {
  const scratch directory;
  const auto file = directory.path() / "profiles.json";
  write_file(file, text_of(ground::sound));
  const auto ops = std::make_shared<faulty_ops>();
  ops->error = EIO;
  ops->watch = [](const storage::file_operation& operation) {
    return operation.action == storage::file_action::read ? EIO : 0;
  };
  auto store = make_store(file, ops);
  EXPECT_TRUE(store.load());
  EXPECT_TRUE(store.put(put("b", new_values))) << "it would take the place of the others";
  EXPECT_EQ(read_file(file), text_of(ground::sound));
  ops->watch = [](const storage::file_operation&) { return 0; };
  EXPECT_EQ(store.load(), std::nullopt);
  EXPECT_EQ(store.all()->at("a").values, old_values);
}

/// Stores 1, 2, 3 … and says so after each acknowledgement, never before.
[[noreturn]] void work_until_killed(const fs::path& file, std::int64_t from, int out) {
  auto store = make_store(file);
  for (std::int64_t number = from;; ++number) {
    // Long enough for half of it to be seen.
    const auto change =
        put("m", {{"max_tokens", number}, {"system_prompt", std::string(9'000, 'x')}});
    if (store.put(change))
      break;
    if (::write(out, &number, sizeof number) != sizeof number)
      break;
  }
  ::_exit(1);
}

TEST(profile_store_faults, what_was_acknowledged_survives_a_kill_at_any_moment) {
  const scratch directory;
  const auto file = directory.path() / "profiles.json";
  std::mt19937 random{20260203};
  std::int64_t last = 0;
  for (int round = 1; round <= 40 && !HasFailure(); ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const auto child = ::fork();
    if (child == 0)
      work_until_killed(file, last + 1, ends[1]);
    ::close(ends[1]);
    for (auto wanted = 1 + random() % 5; wanted > 0; --wanted)
      ASSERT_EQ(::read(ends[0], &last, sizeof last), static_cast<ssize_t>(sizeof last));
    pollfd nothing{-1, 0, 0};
    for (auto turns = random() % 1500; turns > 0; --turns)
      ::poll(&nothing, 1, 0); // a system call's time each
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    while (::read(ends[0], &last, sizeof last) == static_cast<ssize_t>(sizeof last))
      continue;
    ::close(ends[0]);
    int outcome = 0;
    ASSERT_EQ(::waitpid(child, &outcome, 0), child);
    ASSERT_TRUE(WIFSIGNALED(outcome));
    const auto values = stored(file, "m");
    ASSERT_TRUE(values.contains("max_tokens"));
    const auto found = std::get<std::int64_t>(values.at("max_tokens"));
    // The last one may have been finished, and the process killed before it could say so.
    EXPECT_TRUE(found == last || found == last + 1) << found << " instead of " << last;
    EXPECT_EQ(names_in(directory.path()), texts{"profiles.json"});
    last = found;
  }
  EXPECT_GT(last, 40) << "too few to say anything";
  EXPECT_LT(last, 32'768) << "beyond what a profile may hold";
}

} // namespace
} // namespace synapse::models
