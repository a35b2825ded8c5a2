// Two locks of one library: what is locked belongs to who opened the file, as between processes.
#include "actors/storage/folder.hpp"
#include "actors/voices/library_lock.hpp"
#include "tests/actors/storage/throwing.hpp"
#include "tests/actors/voices/library.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace synapse::voices {
namespace {

using namespace std::chrono_literals;
using access = library_lock::access;
using storage::failure_of;

struct library_lock_test : testing::Test {
  library_lock make() { return {ops, 0ms}; }
  fs::path file() const { return directory.path() / ".lock"; }
  /// From now on the lock's file cannot be opened for writing.
  void allow_reading_only() {
    // Not by its mode: root may write all the same.
    ops->watch = [opened = 0](const file_operation& operation) mutable {
      // open_shared comes first, then open_file.
      return operation.action == file_action::open && operation.name == ".lock" && ++opened % 2 == 1
                 ? EROFS
                 : 0;
    };
  }

  scratch directory;
  std::shared_ptr<faulty_ops> ops = std::make_shared<faulty_ops>();
  file_handle root = storage::open_folder(directory.path(), "the voice library");
  library_lock a = make();
  library_lock b = make();
};

TEST_F(library_lock_test, keeps_others_out_while_it_is_held) {
  {
    const auto held = a.hold(root, true);
    EXPECT_EQ(a.how(), access::full);
    const auto problem = failure_of([&] { b.hold(root, true); });
    EXPECT_EQ(problem.code, EWOULDBLOCK);
    EXPECT_EQ(problem.text, "another process has the voice library locked");
    EXPECT_FALSE(b.try_hold());
  }
  EXPECT_TRUE(b.try_hold());
  b.hold(root, true);
}

TEST_F(library_lock_test, notes_are_read_as_they_were_written) {
  const auto held = a.hold(root, true);
  EXPECT_FALSE(a.read().is_valid()) << "nothing stands in a new file";
  library_notes notes;
  notes.form = library_notes::right_form;
  notes.generation = 8;
  notes.owners[3] = 0x1234;
  a.write(notes);
  EXPECT_EQ(b.generation(root), 8u);
  const auto read = b.read();
  ASSERT_TRUE(read.is_valid());
  EXPECT_EQ(read.owners[3], 0x1234u);
}

TEST_F(library_lock_test, notes_of_another_form_are_as_good_as_none) {
  write_file(file(), std::string(sizeof(library_notes), 'x'));
  a.generation(root);
  EXPECT_FALSE(a.read().is_valid());
  EXPECT_EQ(a.read().generation, 0u);
  write_file(file(), "short");
  library_lock fresh = make();
  EXPECT_EQ(fresh.generation(root), 0u);
  EXPECT_FALSE(fresh.read().is_valid());
}

TEST_F(library_lock_test, a_change_is_under_way_until_it_is_said_to_be_over) {
  const auto held = a.hold(root, true);
  library_notes notes;
  notes.form = library_notes::right_form;
  notes.generation = 4;
  a.write(notes);
  a.begin_change(4, "0123456789abcdef0123456789abcdef");
  EXPECT_TRUE(is_under_way(b.generation(root)));
  EXPECT_TRUE(a.end_change(6));
  EXPECT_FALSE(is_under_way(b.generation(root)));
  auto read = b.read();
  EXPECT_EQ(read.generation, 6u);
  EXPECT_EQ(read.change_to(6).generation, 6u);
  EXPECT_STREQ(read.change_to(6).voice.data(), "0123456789abcdef0123456789abcdef");
  EXPECT_EQ(read.change_to(8).generation, 0u);
}

TEST_F(library_lock_test, a_long_name_of_a_voice_is_cut_and_ends_all_the_same) {
  const auto held = a.hold(root, true);
  library_notes notes;
  notes.form = library_notes::right_form;
  a.write(notes);
  a.begin_change(0, std::string(100, 'v'));
  auto read = a.read();
  EXPECT_EQ(std::string{read.change_to(2).voice.data()}, std::string(39, 'v'));
}

TEST_F(library_lock_test, a_change_that_cannot_be_said_to_be_over_is_told) {
  const auto held = a.hold(root, true);
  ops->watch = [](const file_operation& operation) {
    return operation.action == file_action::mark ? ENOSPC : 0;
  };
  EXPECT_FALSE(a.end_change(2));
}

TEST_F(library_lock_test, who_is_enrolled_lives_as_long_as_its_lock) {
  EXPECT_EQ(a.generation(root), 0u);
  EXPECT_EQ(b.generation(root), 0u);
  EXPECT_FALSE(a.enrolled());
  EXPECT_TRUE(a.enrol(42));
  EXPECT_TRUE(a.enrolled());
  EXPECT_TRUE(b.is_alive(42));
  EXPECT_FALSE(b.is_alive(43));
  EXPECT_FALSE(b.enrol(42)) << "that number is another one's";
  { const auto gone = std::exchange(a, library_lock{}); }
  EXPECT_FALSE(b.is_alive(42));
  EXPECT_TRUE(b.enrol(42));
}

TEST_F(library_lock_test, a_process_that_dies_is_not_alive) {
  b.generation(root);
  const auto told = in_child([&] {
    auto child = make();
    child.generation(root);
    return std::string{child.enrol(7) && b.is_alive(7) ? "alive" : "not alive"};
  });
  EXPECT_EQ(told, "alive");
  EXPECT_FALSE(b.is_alive(7));
}

TEST_F(library_lock_test, a_file_that_was_removed_is_made_anew) {
  a.hold(root, true);
  ASSERT_TRUE(a.enrol(42));
  fs::remove(file());
  const auto held = a.hold(root, true);
  EXPECT_TRUE(fs::exists(file()));
  EXPECT_FALSE(a.enrolled()) << "on the file that is there now it is not";
  EXPECT_EQ(failure_of([&] { b.hold(root, true); }).code, EWOULDBLOCK);
}

TEST_F(library_lock_test, who_may_not_write_may_read_and_changes_nothing) {
  {
    const auto held = a.hold(root, true);
    library_notes notes;
    notes.form = library_notes::right_form;
    notes.generation = 2;
    a.write(notes);
  }
  allow_reading_only();
  EXPECT_EQ(b.generation(root), 2u);
  EXPECT_EQ(b.how(), access::reading);
  EXPECT_EQ(b.reason().code, EROFS);
  const auto before = read_file(file());
  {
    const auto held = b.hold(root, false);
    EXPECT_TRUE(a.try_hold() == std::nullopt) << "who reads keeps who changes out";
    b.write(library_notes{});
    b.begin_change(2, "voice");
    EXPECT_FALSE(b.end_change(4));
    EXPECT_FALSE(b.enrol(9));
  }
  EXPECT_EQ(read_file(file()), before);
  const auto problem = failure_of([&] { b.hold(root, true); });
  EXPECT_EQ(problem.code, EROFS);
}

TEST_F(library_lock_test, what_could_not_be_written_once_may_be_by_now) {
  allow_reading_only();
  b.generation(root);
  EXPECT_NE(b.how(), access::full);
  ops->watch = [](const file_operation&) { return 0; };
  b.hold(root, true);
  EXPECT_EQ(b.how(), access::full);
}

TEST_F(library_lock_test, without_a_file_there_is_nothing_to_hold_and_all_may_be_read) {
  ops->watch = [](const file_operation& operation) {
    return operation.action == file_action::open ? EACCES : 0;
  };
  EXPECT_EQ(a.generation(root), 0u);
  a.hold(root, false);
  EXPECT_TRUE(a.try_hold());
  EXPECT_FALSE(a.read().is_valid());
  EXPECT_FALSE(a.is_alive(1));
}

TEST_F(library_lock_test, a_file_system_without_locks_is_used_alone) {
  ops->watch = [](const file_operation& operation) {
    return operation.action == file_action::lock ? ENOLCK : 0;
  };
  a.hold(root, true);
  EXPECT_EQ(a.how(), access::alone);
  EXPECT_EQ(a.reason().code, ENOLCK);
  EXPECT_TRUE(a.enrolled());
  EXPECT_TRUE(a.end_change(2));
  EXPECT_FALSE(a.is_alive(1));
}

TEST_F(library_lock_test, where_a_lock_was_taken_once_their_end_is_an_error) {
  a.hold(root, true);
  ops->watch = [](const file_operation& operation) {
    return operation.action == file_action::lock ? ENOLCK : 0;
  };
  EXPECT_EQ(failure_of([&] { a.hold(root, true); }).code, ENOLCK);
  EXPECT_EQ(a.how(), access::full);
}

} // namespace
} // namespace synapse::voices
