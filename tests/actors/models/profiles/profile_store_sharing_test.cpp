// Several stores on one file: in one process, for a lock belongs to who opened the file, and in
// processes that are killed.
#include "tests/actors/models/profiles/profiles.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <map>
#include <optional>
#include <poll.h>
#include <random>
#include <unistd.h>

namespace synapse::models {
namespace {

using std::chrono::milliseconds;
using storage::faulty_ops;
using storage::file_action;
using storage::file_operation;

struct shared_profiles : testing::Test {
  static profile_values number(std::int64_t value) { return {{"max_tokens", value}}; }

  profile_values of(profile_store& store, const std::string& model) const {
    EXPECT_EQ(store.load(), std::nullopt);
    const auto all = store.all();
    return all->contains(model) ? all->at(model).values : profile_values{};
  }

  scratch directory;
  fs::path file = directory.path() / "profiles.json";
  std::shared_ptr<faulty_ops> ops_a = std::make_shared<faulty_ops>();
  std::shared_ptr<faulty_ops> ops_b = std::make_shared<faulty_ops>();
};

TEST_F(shared_profiles, each_sees_what_the_other_has_stored) {
  auto a = make_store(file), b = make_store(file);
  ASSERT_EQ(a.load(), std::nullopt);
  ASSERT_EQ(b.load(), std::nullopt);
  for (std::int64_t i = 1; i < 20; ++i) {
    ASSERT_EQ(a.put(put("m", number(i))), std::nullopt);
    EXPECT_EQ(of(b, "m"), number(i));
    ASSERT_EQ(b.put(put("n", number(i))), std::nullopt);
    EXPECT_EQ(of(a, "n"), number(i));
  }
  ASSERT_EQ(a.put(put("n", {}, {}, true)), std::nullopt);
  EXPECT_EQ(of(b, "n"), profile_values{});
}

TEST_F(shared_profiles, a_change_starts_from_what_is_in_the_file) {
  auto a = make_store(file), b = make_store(file);
  ASSERT_EQ(a.load(), std::nullopt);
  ASSERT_EQ(b.load(), std::nullopt);
  ASSERT_EQ(a.put(put("m", {{"top_p", 0.5}})), std::nullopt);
  ASSERT_EQ(b.put(put("m", {{"min_p", 0.5}})), std::nullopt);
  ASSERT_EQ(a.put(put("n", number(1))), std::nullopt);
  EXPECT_EQ(stored(file, "m"), (profile_values{{"top_p", 0.5}, {"min_p", 0.5}}));
  EXPECT_EQ(stored(file, "n"), number(1));
}

TEST_F(shared_profiles, two_changes_in_between_are_not_taken_for_none) {
  // A file system may give the number of the file before the last one to the next.
  auto a = make_store(file), b = make_store(file);
  ASSERT_EQ(a.put(put("m", number(1))), std::nullopt);
  for (std::int64_t i = 2; i < 200; i += 2) {
    ASSERT_EQ(of(b, "m"), number(i - 1));
    ASSERT_EQ(a.put(put("m", number(i))), std::nullopt);
    ASSERT_EQ(a.put(put("m", number(i + 1))), std::nullopt);
  }
}

TEST_F(shared_profiles, a_look_at_the_same_file_reads_nothing) {
  auto a = make_store(file), b = make_store(file, ops_b);
  ASSERT_EQ(a.put(put("m", number(1))), std::nullopt);
  ASSERT_EQ(b.load(), std::nullopt);
  const auto all = b.all();
  ops_b->arm(0);
  ASSERT_EQ(b.load(), std::nullopt);
  EXPECT_EQ(ops_b->count, 1U);
  EXPECT_EQ(b.all(), all);
  ASSERT_EQ(b.put(put("m", number(2))), std::nullopt);
  ops_b->arm(0);
  ASSERT_EQ(b.load(), std::nullopt);
  EXPECT_EQ(ops_b->count, 1U) << "it knows what it wrote itself";
}

TEST_F(shared_profiles, a_program_that_takes_no_lock_is_seen_if_it_replaces_the_file) {
  auto a = make_store(file);
  ASSERT_EQ(a.put(put("m", number(1))), std::nullopt);
  write_file(directory.path() / "new",
             R"({"version":1,"models":{"n":{"updated_at":"","values":{"max_tokens":2}}}})");
  fs::rename(directory.path() / "new", file);
  ASSERT_EQ(a.put(put("o", number(3))), std::nullopt);
  EXPECT_EQ(stored(file, "m"), profile_values{});
  EXPECT_EQ(stored(file, "n"), number(2));
  EXPECT_EQ(stored(file, "o"), number(3));
}

TEST_F(shared_profiles, who_reads_in_the_middle_of_a_change_sees_the_old_or_the_new_at_once) {
  auto a = make_store(file, ops_a);
  profile_store b{file, {.now = &standing_clock, .patience = milliseconds{0}}};
  ASSERT_EQ(a.put(put("m", number(1))), std::nullopt);
  int looks = 0;
  ops_a->watch = [&](const file_operation&) {
    const auto seen = of(b, "m");
    EXPECT_TRUE(seen == number(1) || seen == number(2));
    ++looks;
    return 0;
  };
  ASSERT_EQ(a.put(put("m", number(2))), std::nullopt);
  EXPECT_GT(looks, 5);
  ops_a->watch = [](const file_operation&) { return 0; };
  EXPECT_EQ(of(b, "m"), number(2));
}

TEST_F(shared_profiles, what_a_living_process_writes_is_no_leftover) {
  auto a = make_store(file, ops_a);
  texts problems;
  ops_a->watch = [&](const file_operation& operation) {
    if (operation.action == file_action::sync && problems.empty()) {
      profile_store fresh{file, {.now = &standing_clock, .patience = milliseconds{0}}};
      EXPECT_EQ(fresh.load(), std::nullopt);
      problems = fresh.take_problems();
      EXPECT_TRUE(fs::exists(directory.path() / ".profiles.json.tmp"));
    }
    return 0;
  };
  ASSERT_EQ(a.put(put("m", number(2))), std::nullopt);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_NE(problems[0].find("another process"), std::string::npos) << problems[0];
  EXPECT_EQ(stored(file, "m"), number(2));
}

TEST_F(shared_profiles, a_change_waits_for_another_one_for_a_limited_time) {
  auto a = make_store(file, ops_a);
  profile_store b{file, {.now = &standing_clock, .patience = milliseconds{30}}};
  ASSERT_EQ(b.load(), std::nullopt);
  std::optional<storage_problem> outcome;
  std::chrono::steady_clock::duration took{};
  ops_a->watch = [&](const file_operation& operation) {
    if (!outcome && operation.action == file_action::rename) {
      const auto from = std::chrono::steady_clock::now();
      outcome = b.put(put("b", number(1)));
      took = std::chrono::steady_clock::now() - from;
    }
    return 0;
  };
  ASSERT_EQ(a.put(put("a", number(1))), std::nullopt);
  ASSERT_TRUE(outcome && *outcome);
  EXPECT_EQ(**outcome, "another process has the model profiles locked");
  EXPECT_GE(took, milliseconds{30});
  ASSERT_EQ(b.put(put("b", number(1))), std::nullopt);
  EXPECT_EQ(stored(file, "a"), number(1));
}

TEST_F(shared_profiles, a_damaged_file_is_put_aside_once_whoever_finds_it_first) {
  // The other one comes before this one has read it, or when it has and waits for the lock.
  for (const auto at : {file_action::read, file_action::lock}) {
    const scratch place;
    const auto damaged = place.path() / "profiles.json";
    write_file(damaged, "{");
    auto a = make_store(damaged, ops_a), b = make_store(damaged);
    bool done = false;
    ops_a->watch = [&](const file_operation& operation) {
      if (!done && operation.action == at) {
        done = true;
        EXPECT_EQ(b.load(), std::nullopt);
        EXPECT_EQ(b.put(put("b", number(1))), std::nullopt);
      }
      return 0;
    };
    ASSERT_EQ(a.load(), std::nullopt);
    ops_a->watch = [](const file_operation&) { return 0; };
    EXPECT_TRUE(done);
    ASSERT_EQ(a.put(put("a", number(2))), std::nullopt);
    ASSERT_EQ(b.put(put("b", number(1))), std::nullopt);
    EXPECT_EQ(names_in(place.path()),
              (texts{"profiles.json", "profiles.json.damaged-20260203T040506Z"}));
    EXPECT_EQ(read_file(place.path() / "profiles.json.damaged-20260203T040506Z"), "{");
    EXPECT_EQ(stored(damaged, "a"), number(2));
    EXPECT_EQ(stored(damaged, "b"), number(1));
  }
}

TEST_F(shared_profiles, a_file_damaged_while_it_is_in_use_costs_no_profile) {
  auto a = make_store(file);
  ASSERT_EQ(a.put(put("m", number(1))), std::nullopt);
  write_file(directory.path() / "new", "nonsense");
  fs::rename(directory.path() / "new", file);
  EXPECT_EQ(of(a, "m"), number(1));
  EXPECT_EQ(a.take_problems().size(), 1U);
  ASSERT_EQ(a.put(put("n", number(2))), std::nullopt);
  EXPECT_EQ(stored(file, "m"), number(1));
  EXPECT_EQ(read_file(directory.path() / "profiles.json.damaged-20260203T040506Z"), "nonsense");
}

TEST_F(shared_profiles, a_lock_that_somebody_has_removed_is_made_anew) {
  auto a = make_store(file), b = make_store(file);
  for (std::int64_t i = 1; i < 5; ++i) {
    ASSERT_EQ(a.put(put("a", number(i))), std::nullopt);
    ASSERT_TRUE(fs::remove(directory.path() / ".profiles.json.lock"));
    ASSERT_EQ(b.put(put("b", number(i))), std::nullopt);
    EXPECT_EQ(of(a, "b"), number(i));
  }
}

TEST_F(shared_profiles, where_there_are_no_locks_one_process_works_and_says_so) {
  ops_a->watch = [](const file_operation& operation) {
    return operation.action == file_action::lock ? ENOLCK : 0;
  };
  auto a = make_store(file, ops_a);
  for (std::int64_t i = 1; i < 5; ++i)
    ASSERT_EQ(a.put(put("a", number(i))), std::nullopt);
  EXPECT_EQ(stored(file, "a"), number(4));
  const auto problems = a.take_problems();
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_NE(problems[0].find("one process only"), std::string::npos) << problems[0];
}

/// What a profile may hold of a count without an end: on a busy machine a worker gets far.
std::int64_t kept_of(std::int64_t count) {
  return 1 + count % 30'000;
}

/// Stores 1, 2, 3 … (see kept_of) for a model of its own, and says so after each acknowledgement,
/// never before.
[[noreturn]] void work_until_killed(const fs::path& file, const std::string& model,
                                    std::int64_t from, int out) {
  auto store = make_store(file);
  for (std::int64_t number = from;; ++number) {
    if (store.put(put(
            model, {{"max_tokens", kept_of(number)}, {"system_prompt", std::string(9'000, 'x')}})))
      ::_exit(2);
    if (::write(out, &number, sizeof number) != sizeof number)
      ::_exit(1);
  }
}

struct worker {
  worker(const fs::path& file, const std::string& model, std::int64_t begin) : last(begin) {
    int ends[2];
    if (::pipe(ends) != 0)
      std::abort();
    pid = ::fork();
    if (pid == 0)
      work_until_killed(file, model, begin + 1, ends[1]);
    ::close(ends[1]);
    in = ends[0];
  }
  worker(const worker&) = delete;
  worker& operator=(const worker&) = delete;
  ~worker() { kill(); }

  bool hear() { return ::read(in, &last, sizeof last) == static_cast<ssize_t>(sizeof last); }
  void kill() {
    if (pid == 0)
      return;
    EXPECT_EQ(::kill(pid, SIGKILL), 0);
    while (hear())
      continue;
    ::close(in);
    int outcome = 0;
    EXPECT_EQ(::waitpid(pid, &outcome, 0), pid);
    EXPECT_TRUE(WIFSIGNALED(outcome)) << "it ended by itself";
    pid = 0;
  }

  pid_t pid = 0;
  int in = -1;
  std::int64_t last;
};

TEST_F(shared_profiles, changes_by_several_processes_survive_each_other_and_a_kill) {
  std::minstd_rand random{20260204};
  std::map<std::string, std::int64_t> last;
  auto own = make_store(file);
  pollfd nothing{-1, 0, 0};
  for (std::int64_t round = 1; round <= 20 && !HasFailure(); ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    worker one{file, "one", last["one"]}, two{file, "two", last["two"]};
    for (auto* killed : {&one, &two}) {
      for (auto wanted = 1 + random() % 5; wanted > 0; --wanted)
        ASSERT_TRUE(killed->hear());
      for (auto turns = random() % 1500; turns > 0; --turns)
        ::poll(&nothing, 1, 0); // a system call's time each
      killed->kill();
      ASSERT_EQ(own.put(put("own", number(2 * round + (killed == &two)))), std::nullopt);
    }
    EXPECT_EQ(of(own, "own"), number(2 * round + 1));
    for (const auto& [model, said] : {std::pair{"one", one.last}, {"two", two.last}}) {
      const auto found = std::get<std::int64_t>(stored(file, model).at("max_tokens"));
      EXPECT_TRUE(found == kept_of(said) || found == kept_of(said + 1))
          << found << " instead of " << kept_of(said);
      last[model] = found == kept_of(said) ? said : said + 1;
    }
    EXPECT_EQ(*own.all(), [&] {
      auto fresh = make_store(file);
      static_cast<void>(fresh.load());
      return *fresh.all();
    }());
    EXPECT_EQ(names_in(directory.path()), texts{"profiles.json"});
  }
  EXPECT_GT(last["one"] + last["two"], 80) << "too few to say anything";
}

} // namespace
} // namespace synapse::models
