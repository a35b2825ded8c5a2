// Several libraries on one directory: in one process, for a lock belongs to who opened the file,
// and in processes that are killed.
#include "actors/voices/voice_store.hpp"
#include "actors/voices/voice_store_names.hpp"
#include "tests/actors/voices/library.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <map>
#include <optional>
#include <poll.h>
#include <random>
#include <set>
#include <sys/file.h>

namespace synapse::voices {
namespace {

using texts = std::vector<std::string>;
using std::chrono::milliseconds;

voice_store open_impatient(const fs::path& library, std::shared_ptr<file_ops> ops = {},
                           milliseconds patience = milliseconds{0}) {
  auto store = voice_store::open(library, {.ops = std::move(ops), .patience = patience});
  if (!store || !store->problems().empty()) {
    ADD_FAILURE() << (store ? store->problems()[0] : store.error().text);
    std::abort();
  }
  return std::move(*store);
}

texts names_of(voice_store& store) {
  texts result;
  if (const auto fresh = store.refresh(); !fresh)
    return {fresh.error().text};
  for (const auto& one : store.list())
    result.push_back(one.name);
  std::sort(result.begin(), result.end());
  return result;
}

/// Whether a library is as one that has been opened just now.
void expect_up_to_date(const fs::path& library, voice_store& store) {
  ASSERT_TRUE(store.refresh());
  const auto fresh = open_sound(library);
  EXPECT_EQ(store.list(), fresh.list());
}

struct shared_voices : testing::Test {
  scratch directory;
  fs::path library = directory.library();
  std::shared_ptr<faulty_ops> ops_a = std::make_shared<faulty_ops>();
  std::shared_ptr<faulty_ops> ops_b = std::make_shared<faulty_ops>();
};

TEST_F(shared_voices, each_sees_what_the_other_has_acknowledged) {
  auto a = open_sound(library), b = open_sound(library);
  const auto made = create(a, "Anna", {"one"});
  ASSERT_TRUE(made);
  ASSERT_TRUE(b.refresh());
  ASSERT_NE(b.find(made->id), nullptr);
  EXPECT_EQ(*b.find(made->id), *made);
  EXPECT_TRUE(b.reference_path(made->id));
  const auto grown = add(b, made->id, {"two", "3"});
  ASSERT_TRUE(grown);
  ASSERT_TRUE(a.refresh());
  EXPECT_EQ(*a.find(made->id), *grown);
  EXPECT_EQ(flaw(library, *a.find(made->id), {"one", "two", "3"}), "");
  ASSERT_TRUE(a.remove(made->id));
  ASSERT_TRUE(b.refresh());
  EXPECT_EQ(b.find(made->id), nullptr);
  EXPECT_EQ(names_in(library), texts{});
  EXPECT_TRUE(a.problems().empty() && b.problems().empty());
}

TEST_F(shared_voices, a_change_starts_from_what_the_other_did_without_being_asked_to_look) {
  auto a = open_sound(library), b = open_sound(library);
  const auto made = create(a, "Anna", {"one"});
  ASSERT_TRUE(add(b, made->id, {"two"}));
  const auto grown = add(a, made->id, {"three"});
  ASSERT_TRUE(grown);
  EXPECT_EQ(flaw(library, *grown, {"one", "two", "three"}), "");
  ASSERT_TRUE(b.remove(made->id));
  EXPECT_EQ(add(a, made->id, {"four"}).error().code, store_error::voice_not_found);
  EXPECT_EQ(a.remove(made->id).error().code, store_error::voice_not_found);
  EXPECT_EQ(names_in(library), texts{});
}

TEST_F(shared_voices, names_what_others_have_changed_and_not_what_it_has_itself) {
  auto a = open_sound(library), b = open_sound(library);
  const auto one = create(a, "one", {"1"}), two = create(a, "two", {"2"});
  EXPECT_EQ(a.take_changed(), texts{});
  ASSERT_TRUE(b.refresh());
  b.take_changed();
  ASSERT_TRUE(add(a, one->id, {"more"}));
  ASSERT_TRUE(a.remove(two->id));
  ASSERT_TRUE(create(a, "three", {"3"}));
  ASSERT_TRUE(b.refresh());
  const auto changed = b.take_changed();
  EXPECT_EQ(std::count(changed.begin(), changed.end(), one->id), 1);
  EXPECT_EQ(std::count(changed.begin(), changed.end(), two->id), 1);
  ASSERT_TRUE(b.refresh());
  EXPECT_EQ(b.take_changed(), texts{});
  // After more changes than are noted, too.
  for (int i = 0; i < 70; ++i)
    ASSERT_TRUE(add(a, one->id, {"x"}));
  ASSERT_TRUE(b.refresh());
  EXPECT_EQ(b.take_changed(), texts{one->id});
}

TEST_F(shared_voices, a_look_is_one_operation_and_a_change_costs_what_was_changed) {
  auto a = open_sound(library, ops_a), b = open_sound(library, ops_b);
  for (int i = 0; i < 60; ++i)
    ASSERT_TRUE(create(a, "old", {"x"}));
  ASSERT_TRUE(b.refresh());
  ops_b->arm(0);
  ASSERT_TRUE(b.refresh());
  EXPECT_EQ(ops_b->count, 1U);
  ASSERT_TRUE(create(a, "new", {"x"}));
  ops_b->arm(0);
  ASSERT_TRUE(b.refresh());
  EXPECT_EQ(b.list().size(), 61U);
  EXPECT_LT(ops_b->count, 25U) << "one voice was read";
  ops_a->arm(0);
  ASSERT_TRUE(a.refresh());
  EXPECT_EQ(ops_a->count, 1U) << "it knows what it did itself";
}

TEST_F(shared_voices, who_was_away_for_long_reads_everything_anew) {
  auto a = open_sound(library), b = open_sound(library);
  texts made;
  for (int i = 0; i < 100; ++i) {
    made.push_back(create(a, std::to_string(i), {"x"})->id);
    if (i % 3 == 0) {
      ASSERT_TRUE(add(a, made[static_cast<std::size_t>(i / 2)], {"y"}));
    }
    if (i % 10 == 9) {
      ASSERT_TRUE(a.remove(made.back()));
      made.pop_back();
      made.push_back(made[0]);
    }
  }
  expect_up_to_date(library, b);
}

TEST_F(shared_voices, uploads_of_a_living_process_are_nobodys_leftovers) {
  auto a = open_sound(library);
  const auto upload = fill_upload(a, {"one"});
  auto b = open_sound(library);
  ASSERT_TRUE(create(b, "other", {"x"}));
  EXPECT_TRUE(fs::exists(library / incoming_name(upload.first) / "0.wav"));
  const auto made = a.create(upload.first, "Anna", upload.second);
  ASSERT_TRUE(made) << made.error().text;
  EXPECT_EQ(flaw(library, *made, {"one"}), "");
}

TEST_F(shared_voices, leftovers_of_one_that_ended_go_with_the_next_change_of_another) {
  auto b = open_sound(library);
  const auto own = fill_upload(b, {"mine"});
  {
    auto a = open_sound(library);
    fill_upload(a, {"one"});
    EXPECT_EQ(storage::in_child([&]() -> std::string {
                auto killed = open_sound(library);
                fill_upload(killed, {"two"});
                ::_exit(faulty_ops::crashed);
              }),
              std::nullopt);
  }
  fs::create_directory(library / (".trash-" + std::string(32, '0'))); // of an older version
  ASSERT_EQ(names_in(library).size(), 4U);
  ASSERT_TRUE(b.create(own.first, "Anna", own.second));
  EXPECT_EQ(names_in(library).size(), 1U);
}

TEST_F(shared_voices, nobody_waits_for_or_sees_what_has_not_been_acknowledged) {
  auto a = open_sound(library, ops_a);
  auto b = open_impatient(library);
  const auto made = create(a, "Anna", {"one"});
  ASSERT_TRUE(b.refresh());
  const auto before = b.list();
  int looks = 0, marks = 0;
  ops_a->watch = [&](const file_operation& operation) {
    if (operation.action == file_action::mark)
      ++marks;
    else if (marks == 3)
      return 0; // the third one has said that it is done
    ++looks;
    const auto fresh = b.refresh();
    EXPECT_TRUE(fresh) << fresh.error().text;
    EXPECT_EQ(b.list(), before);
    return 0;
  };
  ASSERT_TRUE(add(a, made->id, {"two", "three"}));
  EXPECT_GT(looks, 30);
  ops_a->watch = [](const file_operation&) { return 0; };
  expect_up_to_date(library, b);
}

TEST_F(shared_voices, who_does_not_know_the_last_change_waits_for_the_next_and_not_for_ever) {
  auto a = open_sound(library, ops_a);
  auto b = open_impatient(library);
  const auto made = create(a, "Anna", {"one"}); // b has not looked
  bool moved = false;
  std::set<std::string> answers;
  ops_a->watch = [&](const file_operation& operation) {
    moved = moved || (operation.action == file_action::rename && !operation.target.empty());
    if (moved) {
      const auto fresh = b.refresh();
      answers.insert(fresh ? "as it is" : fresh.error().text);
    }
    return 0;
  };
  const auto upload = fill_upload(a, {"two"});
  ASSERT_TRUE(a.add(made->id, upload.first, upload.second));
  ops_a->watch = [](const file_operation&) { return 0; };
  EXPECT_TRUE(answers.contains("another process has the voice library locked"));
  expect_up_to_date(library, b);
}

TEST_F(shared_voices, a_change_waits_for_another_one_for_a_limited_time) {
  auto a = open_sound(library, ops_a);
  auto b = open_impatient(library, {}, milliseconds{30});
  const auto made = create(a, "Anna", {"one"});
  ASSERT_TRUE(b.refresh());
  const auto upload = fill_upload(b, {"x"});
  std::optional<result<voice>> outcome;
  std::chrono::steady_clock::duration took{};
  ops_a->watch = [&](const file_operation& operation) {
    if (!outcome && operation.action == file_action::rename) {
      const auto from = std::chrono::steady_clock::now();
      outcome = b.create(upload.first, "Ben", upload.second);
      took = std::chrono::steady_clock::now() - from;
    }
    return 0;
  };
  ASSERT_TRUE(a.remove(made->id));
  ops_a->watch = [](const file_operation&) { return 0; };
  ASSERT_TRUE(outcome && !outcome->ok());
  EXPECT_EQ(outcome->error().code, store_error::storage_failed);
  EXPECT_NE(outcome->error().text.find("another process"), std::string::npos);
  EXPECT_GE(took, milliseconds{30});
  EXPECT_EQ(names_of(b), texts{});
  ASSERT_TRUE(create(b, "Ben", {"x"})) << "and then there is nothing to wait for";
  EXPECT_EQ(names_of(a), texts{"Ben"});
  EXPECT_EQ(names_in(library).size(), 1U);
}

TEST_F(shared_voices, what_one_could_neither_finish_nor_take_back_the_other_takes_back) {
  for (std::size_t n = 1; !HasFailure(); ++n) {
    SCOPED_TRACE("operation " + std::to_string(n));
    const scratch place;
    auto a = open_sound(place.library(), ops_a);
    auto b = open_sound(place.library());
    const auto base = create(a, "base", {"base"});
    const auto upload = fill_upload(a, {"a", "b"});
    ASSERT_TRUE(b.refresh());
    ops_a->arm(0, n, 100'000);
    const auto outcome = a.add(base->id, upload.first, upload.second);
    ops_a->arm(0);
    if (outcome)
      break;
    ASSERT_TRUE(b.refresh());
    // Only what failed at its very last step may have come to be.
    const bool there = b.find(base->id)->references.size() == 3;
    const auto grown = add(b, base->id, {"c"});
    ASSERT_TRUE(grown) << grown.error().text;
    const auto expected = there ? texts{"base", "a", "b", "c"} : texts{"base", "c"};
    EXPECT_EQ(flaw(place.library(), *grown, expected), "");
    const auto again = add(a, base->id, {"d"});
    ASSERT_TRUE(again) << again.error().text;
    auto all = expected;
    all.emplace_back("d");
    EXPECT_EQ(flaw(place.library(), *again, all), "") << "and nobody takes it back twice";
    expect_up_to_date(place.library(), b);
  }
}

TEST_F(shared_voices, an_addition_that_nobody_can_take_back_yet_does_not_count_meanwhile) {
  auto a = open_sound(library, ops_a), b = open_sound(library, ops_b);
  const auto base = create(a, "base", {"base"});
  const auto upload = fill_upload(a, {"a", "b"});
  const auto full = [](const file_operation& operation) {
    return operation.action == file_action::create || operation.action == file_action::remove
               ? ENOSPC
               : 0;
  };
  int renames = 0;
  ops_a->watch = [&](const file_operation& operation) {
    // From the moment at which the first reference has come into the voice.
    renames += operation.action == file_action::rename ? 1 : 0;
    return renames > 2 ? full(operation) : 0;
  };
  ops_b->watch = full;
  ASSERT_FALSE(a.add(base->id, upload.first, upload.second));
  ASSERT_TRUE(fs::exists(library / base->id / ".adding.json"));
  ASSERT_TRUE(b.refresh());
  ASSERT_NE(b.find(base->id), nullptr);
  EXPECT_EQ(*b.find(base->id), *base);
  EXPECT_EQ(b.problems().size(), 1U);
  ops_a->watch = ops_b->watch = [](const file_operation&) { return 0; };
  const auto grown = add(b, base->id, {"c"});
  ASSERT_TRUE(grown) << grown.error().text;
  EXPECT_EQ(flaw(library, *grown, {"base", "c"}), "");
  expect_up_to_date(library, a);
}

TEST_F(shared_voices, a_version_that_does_not_share_keeps_others_out_and_is_kept_out) {
  fs::create_directory(library);
  const storage::file_handle old{::open(library.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  ASSERT_EQ(::flock(old.get(), LOCK_EX | LOCK_NB), 0);
  const auto refused = voice_store::open(library);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, store_error::storage_failed);
  EXPECT_NE(refused.error().text.find("another process"), std::string::npos);
  ASSERT_EQ(::flock(old.get(), LOCK_UN), 0);
  const auto store = open_sound(library);
  EXPECT_NE(::flock(old.get(), LOCK_EX | LOCK_NB), 0);
}

TEST_F(shared_voices, where_there_are_no_locks_one_process_works_and_says_so) {
  for (const int code : {ENOLCK, EOPNOTSUPP, ENOSYS, EINVAL}) {
    const scratch place;
    const auto ops = std::make_shared<faulty_ops>();
    ops->watch = [code](const file_operation& operation) {
      return operation.action == file_action::lock ? code : 0;
    };
    auto store = voice_store::open(place.library(), {.ops = ops});
    ASSERT_TRUE(store) << store.error().text;
    ASSERT_EQ(store->problems().size(), 1U);
    EXPECT_NE(store->problems()[0].find("one process only"), std::string::npos);
    const auto made = create(*store, "Anna", {"one"});
    ASSERT_TRUE(made) << made.error().text;
    ASSERT_TRUE(add(*store, made->id, {"two"}));
    ASSERT_TRUE(store->refresh());
    EXPECT_EQ(flaw(place.library(), *store->find(made->id), {"one", "two"}), "");
    fill_upload(*store, {"x"});
    store = voice_store::open(place.library(), {.ops = ops});
    EXPECT_EQ(names_in(place.library()), texts{made->id}) << "whatever was left is nobody's";
    ASSERT_TRUE(store->remove(made->id));
    EXPECT_EQ(store->problems().size(), 1U) << "said once";
  }
}

TEST_F(shared_voices, the_lock_file_may_be_lost_or_damaged) {
  auto a = open_sound(library), b = open_sound(library);
  texts expected;
  const auto create_by = [&](voice_store& store) {
    expected.push_back(std::to_string(10 + expected.size()));
    return create(store, expected.back(), {"x"});
  };
  const std::function<void()> mishaps[] = {
      [&] { fs::remove(library / ".lock"); },
      [&] { write_file(library / ".lock", ""); },
      [&] { write_file(library / ".lock", "what is this?"); },
      [&] { write_file(library / ".lock", std::string(10'000, '\0')); },
      [&] { write_file(library / ".lock", std::string(10'000, '\xff')); },
      [&] {
        write_file(library / "copy", read_file(library / ".lock"));
        fs::rename(library / "copy", library / ".lock");
      },
  };
  int number = 0;
  for (const auto& mishap : mishaps) {
    SCOPED_TRACE("mishap " + std::to_string(number++));
    mishap();
    auto c = open_sound(library); // which finds no file that the others have open
    for (auto* one : {&c, &a, &b, &b, &c, &a}) {
      const auto made = create_by(*one);
      ASSERT_TRUE(made) << made.error().text;
      EXPECT_EQ(names_of(a), expected);
      EXPECT_EQ(names_of(b), expected);
      EXPECT_EQ(names_of(c), expected);
    }
  }
  EXPECT_EQ(names_in(library).size(), expected.size());
}

TEST_F(shared_voices, something_else_in_the_place_of_the_lock_leaves_a_library_to_read) {
  {
    auto store = open_sound(library);
    ASSERT_TRUE(create(store, "Anna", {"one"}));
  }
  fs::remove(library / ".lock");
  fs::create_symlink("/etc/hostname", library / ".lock");
  auto store = open_sound(library);
  EXPECT_EQ(names_of(store), texts{"Anna"});
  const auto upload = store.begin_upload();
  ASSERT_FALSE(upload);
  EXPECT_NE(upload.error().text.find(".lock"), std::string::npos) << upload.error().text;
  fs::remove(library / ".lock");
  EXPECT_TRUE(create(store, "Ben", {"one"})) << "as soon as it may be used";
}

/// Something that a process does until it is killed before one of its operations.
struct deed {
  const char* name;
  std::function<bool(voice_store&, const std::string& base)> act;
  std::size_t least_operations;
};

const deed deeds[] = {
    {"create",
     [](voice_store& s, const std::string&) {
       return create(s, "new", {"a", "b"}).ok();
     },
     20},
    {"add",
     [](voice_store& s, const std::string& base) {
       return add(s, base, {"a", "b"}).ok();
     },
     25},
    {"remove", [](voice_store& s, const std::string& base) { return s.remove(base).ok(); }, 8},
};

TEST_F(shared_voices, who_lives_puts_right_whatever_another_died_over) {
  for (const auto& what : deeds) {
    std::size_t crash = 1;
    for (bool finished = false; !finished && !HasFailure(); ++crash) {
      SCOPED_TRACE(std::string{what.name} + ", killed before operation " + std::to_string(crash));
      const scratch place;
      auto survivor = open_sound(place.library());
      const auto base = create(survivor, "base", {"1", "2"})->id;
      const auto other = create(survivor, "other", {"3"})->id;
      const auto upload = fill_upload(survivor, {"mine"});
      finished = storage::in_child([&]() -> std::string {
                   const auto ops = std::make_shared<faulty_ops>();
                   auto store = open_sound(place.library(), ops);
                   ops->arm(crash);
                   return what.act(store, base) ? "" : "refused";
                 }).has_value();
      ASSERT_TRUE(survivor.refresh());
      const auto* old = survivor.find(base);
      const bool grown = old != nullptr && old->references.size() == 4;
      if (old != nullptr) {
        EXPECT_EQ(flaw(place.library(), *old, grown ? texts{"1", "2", "a", "b"} : texts{"1", "2"}),
                  "");
      }
      ASSERT_NE(survivor.find(other), nullptr);
      std::size_t expected = old != nullptr ? 2 : 1;
      for (const auto* made : survivor.find_by_name("new")) {
        EXPECT_EQ(flaw(place.library(), *made, {"a", "b"}), "");
        ++expected;
      }
      EXPECT_EQ(survivor.list().size(), expected);
      if (finished) {
        EXPECT_TRUE(what.name != std::string{"add"} || grown);
        EXPECT_TRUE(what.name != std::string{"remove"} || old == nullptr);
        EXPECT_TRUE(what.name != std::string{"create"} || expected == 3);
      }
      EXPECT_TRUE(fs::exists(place.library() / incoming_name(upload.first) / "0.wav"));
      ASSERT_TRUE(survivor.create(upload.first, "mine", upload.second));
      EXPECT_EQ(names_in(place.library()).size(), expected + 1) << "something is left";
      EXPECT_EQ(survivor.problems(), texts{});
      expect_up_to_date(place.library(), survivor);
    }
    EXPECT_GE(crash, what.least_operations) << what.name;
  }
}

/// Creates, adds (to a voice of all, and to its own) and removes for ever, and says so after each
/// acknowledgement, never before. Contents of references are never the same.
[[noreturn]] void work_until_killed(const fs::path& library, const std::string& common,
                                    unsigned seed, int out) {
  std::minstd_rand random{seed};
  auto store = voice_store::open(library);
  texts own;
  const auto say = [&](char what, const std::string& id) {
    const auto line = std::string{what} + ' ' + id + '\n';
    if (::write(out, line.data(), line.size()) < 0)
      ::_exit(1);
  };
  for (int number = 0; store; ++number) {
    const auto text = "w" + std::to_string(seed) + "-" + std::to_string(number);
    if (own.empty() || random() % 4 == 0) {
      const auto made = create(*store, text, {"first", "second"});
      if (!made)
        break;
      own.push_back(made->id);
      say('c', made->id);
    } else if (random() % 4 == 0) {
      say('r', own.back()); // from now on it may be gone
      if (!store->remove(own.back()))
        break;
      say('R', own.back());
      own.pop_back();
    } else {
      if (!add(*store, common, {text + "a", text + "b"}))
        break;
      say('a', text);
    }
  }
  ::_exit(1);
}

struct worker {
  worker(const fs::path& library, const std::string& common, unsigned seed) {
    int ends[2];
    if (::pipe(ends) != 0)
      std::abort();
    pid = ::fork();
    if (pid == 0)
      work_until_killed(library, common, seed, ends[1]);
    ::close(ends[1]);
    in = ends[0];
  }
  worker(const worker&) = delete;
  worker& operator=(const worker&) = delete;
  ~worker() { kill(); }

  /// @returns whether there was something to read.
  bool hear() {
    char buffer[4096];
    const auto got = ::read(in, buffer, sizeof buffer);
    if (got > 0)
      said.append(buffer, static_cast<std::size_t>(got));
    return got > 0;
  }
  void kill() {
    if (pid == 0)
      return;
    EXPECT_EQ(::kill(pid, SIGKILL), 0);
    while (hear())
      continue;
    ::close(in);
    int outcome = 0;
    EXPECT_EQ(::waitpid(pid, &outcome, 0), pid);
    EXPECT_TRUE(WIFSIGNALED(outcome)) << "it ended by itself: " << said;
    pid = 0;
  }

  pid_t pid = 0;
  int in = -1;
  std::string said;
};

/// What has been said by all workers together.
struct acknowledged {
  std::set<std::string> created, doubtful, removed, added;

  void take(const std::string& said) {
    std::istringstream lines{said};
    for (std::string what, which; lines >> what >> which;)
      (what == "c"   ? created
       : what == "r" ? doubtful
       : what == "R" ? removed
                     : added)
          .insert(which);
  }
};

TEST_F(shared_voices, nothing_acknowledged_is_lost_and_nothing_half_is_seen_whoever_is_killed) {
  auto survivor = open_sound(library);
  const auto common = create(survivor, "common", {"begin"})->id;
  std::minstd_rand random{20260204};
  acknowledged all;
  std::size_t own_changes = 0;
  pollfd nothing{-1, 0, 0};
  for (unsigned round = 1; round <= 20 && !HasFailure(); ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    worker one{library, common, 2 * round}, two{library, common, 2 * round + 1};
    // The other one works on while this one is killed in the middle of something.
    for (auto* killed : {&one, &two}) {
      for (auto wanted = 1 + random() % 4; wanted > 0; --wanted)
        ASSERT_TRUE(killed->hear()) << killed->said;
      for (auto turns = random() % 1500; turns > 0; --turns)
        ::poll(&nothing, 1, 0); // a system call's time each
      killed->kill();
      all.take(killed->said);
      const auto text = "s" + std::to_string(round) + (killed == &one ? "-1" : "-2");
      const auto grown = add(survivor, common, {text + "a", text + "b"});
      ASSERT_TRUE(grown) << grown.error().text;
      all.added.insert(text);
      ++own_changes;
      ASSERT_TRUE(survivor.refresh());
      for (const auto& found : survivor.list()) {
        if (found.id != common) {
          EXPECT_EQ(found.references.size(), 2U);
        }
      }
      for (const auto& id : all.created) {
        EXPECT_TRUE(survivor.find(id) || all.doubtful.contains(id)) << "acknowledged, and gone";
      }
      for (const auto& id : all.removed)
        EXPECT_EQ(survivor.find(id), nullptr) << "removed, and back";
    }
    const auto found = contents(library, common);
    const std::set<std::string> texts_found{found.begin(), found.end()};
    EXPECT_EQ(texts_found.size(), found.size()) << "something was added twice";
    EXPECT_EQ(found.size() % 2, 1U) << "half of an addition";
    EXPECT_EQ(flaw(library, *survivor.find(common), found), "") << "numbers without gaps";
    for (const auto& text : all.added)
      EXPECT_TRUE(texts_found.contains(text + "a") && texts_found.contains(text + "b")) << text;
    for (const auto& text : texts_found) {
      if (text.ends_with('a')) {
        EXPECT_TRUE(texts_found.contains(text.substr(0, text.size() - 1) + "b")) << text;
      }
    }
    for (const auto& one_left : names_in(library))
      EXPECT_TRUE(is_voice_id(one_left)) << one_left << " is left";
    expect_up_to_date(library, survivor);
  }
  EXPECT_GT(all.created.size() + all.added.size() + all.removed.size(), own_changes + 80)
      << "too few to say anything";
  EXPECT_EQ(survivor.problems(), texts{});
}

} // namespace
} // namespace synapse::voices
