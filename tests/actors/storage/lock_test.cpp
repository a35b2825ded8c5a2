// Who waits for a lock; what takes place while somebody waits takes place in the operations.
#include "actors/storage/folder.hpp"
#include "actors/storage/lock.hpp"
#include "tests/actors/storage/faults.hpp"
#include "tests/actors/storage/throwing.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

namespace synapse::storage {
namespace {

using namespace std::chrono_literals;

struct waiting_for_locks : testing::Test {
  lock_place place_of(const file_handle& file, lock_kind kind = lock_kind::exclusive) const {
    return {file, name, 0, kind};
  }
  bool is_free() { return !ops.is_locked(other, name, 0); }

  scratch directory;
  const std::string name = "shared";
  faulty_ops ops;
  file_handle folder = open_folder(directory.path(), "the folder");
  file_handle mine = ops.open_shared(folder.get(), name);
  file_handle other = ops.open_shared(folder.get(), name);
};

TEST_F(waiting_for_locks, a_lock_is_given_back_at_the_end_of_the_scope) {
  {
    const auto held = lock_within(ops, place_of(mine), "it", 0ms);
    EXPECT_FALSE(is_free());
  }
  EXPECT_TRUE(is_free());
}

TEST_F(waiting_for_locks, who_only_waits_for_it_has_it_until_the_handle_goes) {
  wait_for_lock(ops, place_of(mine), "it", 0ms);
  EXPECT_FALSE(is_free());
  { const auto gone = std::exchange(mine, file_handle{}); }
  EXPECT_TRUE(is_free());
}

TEST_F(waiting_for_locks, a_lock_that_is_passed_on_is_given_back_once) {
  held_lock last;
  {
    auto held = lock_within(ops, place_of(mine), "it", 0ms);
    held_lock second{std::move(held)};
    last = std::move(second);
  }
  EXPECT_FALSE(is_free());
  last = held_lock{}; // swaps: the lock goes with the temporary
  EXPECT_TRUE(is_free());
}

TEST_F(waiting_for_locks, whose_patience_is_over_is_told_what_is_locked) {
  const auto held = lock_within(ops, place_of(other), "it", 0ms);
  const auto problem = failure_of([&] { wait_for_lock(ops, place_of(mine), "the library", 0ms); });
  EXPECT_EQ(problem.code, EWOULDBLOCK);
  EXPECT_EQ(problem.text, "another process has the library locked");
}

TEST_F(waiting_for_locks, takes_it_as_soon_as_the_other_one_gives_it_back) {
  std::optional<held_lock> held{lock_within(ops, place_of(other), "it", 0ms)};
  int attempts = 0;
  ops.watch = [&](const file_operation& operation) {
    if (operation.action == file_action::lock && ++attempts == 3)
      held.reset();
    return 0;
  };
  wait_for_lock(ops, place_of(mine), "it", lock_patience);
  EXPECT_EQ(attempts, 3);
  EXPECT_FALSE(is_free());
}

TEST_F(waiting_for_locks, readers_do_not_wait_for_each_other) {
  const auto held = lock_within(ops, place_of(other, lock_kind::shared), "it", 0ms);
  EXPECT_EQ(
      failure_of([&] { lock_within(ops, place_of(mine, lock_kind::shared), "it", 0ms); }).code, 0);
  EXPECT_EQ(failure_of([&] { lock_within(ops, place_of(mine), "it", 0ms); }).code, EWOULDBLOCK);
}

TEST_F(waiting_for_locks, a_file_system_that_refuses_is_not_waited_for) {
  ops.watch = [](const file_operation& operation) {
    return operation.action == file_action::lock ? ENOLCK : 0;
  };
  const auto problem = failure_of([&] { wait_for_lock(ops, place_of(mine), "it", lock_patience); });
  EXPECT_EQ(problem.code, ENOLCK);
  EXPECT_TRUE(means_no_locks(problem.code));
}

TEST(lock_errors, tell_a_file_system_without_locks_from_a_bad_one) {
  for (const int code : {ENOLCK, EOPNOTSUPP, ENOTSUP, ENOSYS, EINVAL})
    EXPECT_TRUE(means_no_locks(code)) << code;
  for (const int code : {EWOULDBLOCK, EIO, EACCES, EBADF, 0})
    EXPECT_FALSE(means_no_locks(code)) << code;
}

} // namespace
} // namespace synapse::storage
