#include "actors/storage/folder.hpp"
#include "actors/voices/voice_folder.hpp"
#include "tests/actors/storage/throwing.hpp"
#include "tests/actors/voices/library.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <string>
#include <vector>

namespace synapse::voices {
namespace {

using storage::failure_of;
using storage::tree;

const std::string voice_of_tests = "0123456789abcdef0123456789abcdef";

std::string metadata_lasting(double seconds) {
  return make_metadata({voice_of_tests, "Ada", "2026-01-02T03:04:05.000006+00:00", seconds, {}});
}

struct voice_folder_test : testing::Test {
  voice_folder_test() {
    write_file(path / "metadata.json", metadata_lasting(2));
    fs::create_directory(path / "references");
    write_file(path / "references" / "ref_001.wav", "one");
  }
  fs::path reference(const std::string& name) const { return path / "references" / name; }
  void add(const std::string& name) { write_file(reference(name), name); }
  std::vector<std::string> references() {
    return read_voice(ops, folder, voice_of_tests).references;
  }

  scratch directory;
  const fs::path path = directory.path();
  file_ops ops;
  file_handle folder = storage::open_folder(path, "the voice's folder");
};

using names = std::vector<std::string>;

TEST_F(voice_folder_test, a_voice_is_read_with_its_references_by_number) {
  add("ref_010.wav");
  add("ref_002.wav");
  const auto found = read_voice(ops, folder, voice_of_tests);
  EXPECT_EQ(found.id, voice_of_tests);
  EXPECT_EQ(found.name, "Ada");
  EXPECT_EQ(found.seconds, 2);
  EXPECT_EQ(found.references, (names{"ref_001.wav", "ref_002.wav", "ref_010.wav"}));
}

TEST_F(voice_folder_test,
       what_is_no_reference_is_not_listed_and_takes_no_number_unless_it_looks_so) {
  add("notes.txt");
  fs::create_directory(reference("ref_007.wav"));
  const auto list = list_references(ops, ops.open_directory(folder.get(), "references"));
  EXPECT_EQ(list.names, names{"ref_001.wav"});
  EXPECT_EQ(list.highest, 7u) << "a name in use, be it by something else";
}

TEST_F(voice_folder_test, a_voice_may_be_without_references) {
  fs::remove_all(path / "references");
  EXPECT_EQ(references(), names{});
}

TEST_F(voice_folder_test, damage_is_an_error_that_says_what) {
  const auto problem = failure_of([&] { read_voice(ops, folder, "another id"); });
  EXPECT_EQ(problem.code, EBADMSG);
  EXPECT_NE(problem.text.find("another voice"), std::string::npos) << problem.text;
  write_file(path / "metadata.json", "{");
  EXPECT_EQ(failure_of([&] { references(); }).code, EBADMSG);
  fs::remove(path / "metadata.json");
  EXPECT_EQ(failure_of([&] { references(); }).code, ENOENT);
}

TEST_F(voice_folder_test, while_the_journal_is_there_nothing_of_the_addition_counts) {
  write_journal(ops, folder, {{"ref_002.wav", "ref_003.wav"}, metadata_lasting(2)});
  add("ref_002.wav");
  write_file(path / "metadata.json", metadata_lasting(9));
  const auto found = read_voice(ops, folder, voice_of_tests);
  EXPECT_EQ(found.references, names{"ref_001.wav"});
  EXPECT_EQ(found.seconds, 2);
  remove_journal(ops, folder);
  EXPECT_EQ(references(), (names{"ref_001.wav", "ref_002.wav"}));
  EXPECT_EQ(read_voice(ops, folder, voice_of_tests).seconds, 9);
}

TEST_F(voice_folder_test, a_journal_of_an_empty_addition_changes_nothing) {
  write_journal(ops, folder, {{}, "not looked at"});
  EXPECT_EQ(read_voice(ops, folder, voice_of_tests).seconds, 2);
}

TEST_F(voice_folder_test, recovery_undoes_an_addition_that_was_cut_off) {
  const auto before = tree_of(path);
  write_journal(ops, folder, {{"ref_002.wav", "ref_003.wav"}, metadata_lasting(2)});
  add("ref_002.wav");
  write_file(path / "metadata.json", metadata_lasting(9));
  recover_folder(ops, folder);
  EXPECT_EQ(tree_of(path), before);
  recover_folder(ops, folder);
  EXPECT_EQ(tree_of(path), before) << "again there is nothing to do";
}

TEST_F(voice_folder_test, recovery_removes_files_that_were_being_written_and_no_others) {
  write_file(path / ".metadata.json.tmp", "half");
  write_file(path / ".adding.json.tmp", "half");
  write_file(path / ".other.tmp", "somebody else's");
  auto expected = tree_of(path);
  expected.erase(".metadata.json.tmp");
  expected.erase(".adding.json.tmp");
  recover_folder(ops, folder);
  EXPECT_EQ(tree_of(path), expected);
}

TEST_F(voice_folder_test, a_damaged_journal_removes_nothing) {
  for (const auto* text :
       {"", "[]", R"({"added":["ref_001.wav"]})", R"({"added":"ref_001.wav","metadata":""})",
        R"({"added":["../metadata.json"],"metadata":""})", R"({"added":[1],"metadata":""})",
        R"({"added":["ref_001.wav"],"metadata":7})"}) {
    write_file(path / ".adding.json", text);
    const auto before = tree_of(path);
    const auto problem = failure_of([&] { recover_folder(ops, folder); });
    EXPECT_EQ(problem.code, EBADMSG) << text;
    EXPECT_EQ(problem.text, ".adding.json is damaged") << text;
    EXPECT_EQ(tree_of(path), before) << text;
  }
}

TEST_F(voice_folder_test, undoing_begins_with_the_journal) {
  add("ref_002.wav");
  write_file(path / "metadata.json", metadata_lasting(9));
  faulty_ops failing;
  bool journal_was_there = false;
  failing.watch = [&](const file_operation& operation) {
    if (operation.action == file_action::remove && operation.name == "ref_002.wav")
      journal_was_there = fs::exists(path / ".adding.json");
    return 0;
  };
  undo(failing, folder, {{"ref_002.wav"}, metadata_lasting(2)});
  EXPECT_TRUE(journal_was_there) << "a crash in there has to find it";
  EXPECT_EQ(tree_of(path), (tree{{"metadata.json", metadata_lasting(2)},
                                 {"references", "/"},
                                 {"references/ref_001.wav", "one"}}));
}

TEST_F(voice_folder_test, an_undo_that_fails_anywhere_is_finished_by_recovery) {
  const addition what{{"ref_002.wav"}, metadata_lasting(2)};
  const auto before = tree_of(path);
  for (std::size_t step = 1;; ++step) {
    write_journal(ops, folder, what);
    add("ref_002.wav");
    write_file(path / "metadata.json", metadata_lasting(9));
    faulty_ops failing;
    failing.arm(0, step, 1000);
    const auto problem = failure_of([&] { undo(failing, folder, what); });
    recover_folder(ops, folder);
    ASSERT_EQ(tree_of(path), before) << "at step " << step;
    if (problem.code == 0)
      break;
    ASSERT_LT(step, 50u);
  }
}

TEST_F(voice_folder_test, an_old_reference_moves_to_where_they_are_now) {
  fs::remove_all(path / "references");
  write_file(path / "reference.wav", "old");
  recover_folder(ops, folder);
  EXPECT_EQ(tree_of(path), (tree{{"metadata.json", metadata_lasting(2)},
                                 {"references", "/"},
                                 {"references/ref_001.wav", "old"}}));
}

TEST_F(voice_folder_test, an_old_reference_beside_new_ones_stays) {
  write_file(path / "reference.wav", "old");
  recover_folder(ops, folder);
  EXPECT_EQ(read_file(path / "reference.wav"), "old");
  EXPECT_EQ(read_file(reference("ref_001.wav")), "one");
}

TEST_F(voice_folder_test, a_migration_that_fails_anywhere_is_finished_the_next_time) {
  for (std::size_t step = 1;; ++step) {
    fs::remove_all(path / "references");
    write_file(path / "reference.wav", "old");
    faulty_ops failing;
    failing.arm(0, step, 1000);
    const auto problem = failure_of([&] { recover_folder(failing, folder); });
    recover_folder(ops, folder);
    ASSERT_EQ(read_file(reference("ref_001.wav")), "old") << "at step " << step;
    ASSERT_FALSE(fs::exists(path / "reference.wav"));
    if (problem.code == 0)
      break;
    ASSERT_LT(step, 50u);
  }
}

TEST_F(voice_folder_test, a_tree_is_removed_and_what_links_lead_to_is_not) {
  fs::create_directories(path / "gone" / "a" / "b");
  write_file(path / "gone" / "a" / "b" / "file", "x");
  fs::create_directory_symlink("../references", path / "gone" / "link");
  remove_tree(ops, folder.get(), "gone");
  EXPECT_FALSE(fs::exists(path / "gone"));
  EXPECT_EQ(read_file(reference("ref_001.wav")), "one");
}

TEST_F(voice_folder_test, a_tree_that_is_deeper_than_any_of_ours_is_left) {
  fs::create_directories(path / "deep" / "1" / "2" / "3");
  EXPECT_NE(failure_of([&] { remove_tree(ops, folder.get(), "deep", 2); }).code, 0);
  EXPECT_TRUE(fs::exists(path / "deep" / "1" / "2"));
  remove_tree(ops, folder.get(), "deep", 3);
  EXPECT_FALSE(fs::exists(path / "deep"));
}

} // namespace
} // namespace synapse::voices
