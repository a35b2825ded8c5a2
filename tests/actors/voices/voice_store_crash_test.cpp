#include "actors/voices/voice_store.hpp"
#include "tests/actors/voices/library.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <poll.h>
#include <random>
#include <set>

namespace synapse::voices {
namespace {

using texts = std::vector<std::string>;

/// What is done to a library, and what may come of it.
struct scenario {
  std::function<void(voice_store&)> prepare;
  /// Under fire: every operation of it is the last one once.
  std::function<bool(voice_store&)> act;
  /// @param acknowledged `act` has returned true. @returns what is wrong.
  std::function<std::string(const fs::path&, const voice_store&, bool acknowledged)> judge;
  std::size_t least_operations = 0; ///< fewer were no test of anything
};

std::string leftover(const fs::path& library) {
  for (const auto& name : names_in(library))
    if (!is_voice_id(name))
      return name + " is left";
  return {};
}

/// Does it in a process that ends before operation `crash` (0: none).
/// @returns whether it was acknowledged.
bool act_and_crash(const scenario& what, const fs::path& library, std::size_t crash) {
  const auto outcome = in_child([&]() -> std::string {
    const auto ops = std::make_shared<faulty_ops>();
    auto store = voice_store::open(library, {.ops = ops});
    if (!store)
      return store.error().text;
    ops->arm(crash);
    return what.act(*store) ? "" : "refused";
  });
  EXPECT_EQ(outcome.value_or(""), "");
  return outcome.has_value();
}

void prepare(const scenario& what, const fs::path& library) {
  auto store = open_sound(library);
  what.prepare(store);
}

void expect_sound(const scenario& what, const fs::path& library, bool acknowledged) {
  const auto store = open_sound(library);
  EXPECT_EQ(what.judge(library, store, acknowledged), "");
  EXPECT_EQ(leftover(library), "");
}

void crash_everywhere(const scenario& what) {
  std::size_t crash = 1;
  for (bool acknowledged = false; !acknowledged && !testing::Test::HasFailure(); ++crash) {
    SCOPED_TRACE("crash before operation " + std::to_string(crash));
    const scratch directory;
    prepare(what, directory.library());
    acknowledged = act_and_crash(what, directory.library(), crash);
    expect_sound(what, directory.library(), acknowledged);
  }
  EXPECT_GE(crash, what.least_operations);
}

/// Crashes once in the deed and once in the recovery from that.
void crash_twice_everywhere(const scenario& what) {
  bool acknowledged = false;
  std::size_t recoveries = 0;
  for (std::size_t first = 1; !acknowledged && !testing::Test::HasFailure(); ++first)
    for (std::size_t second = 1;; ++second) {
      SCOPED_TRACE("crash before operation " + std::to_string(first) + ", then before " +
                   std::to_string(second) + " of the recovery");
      const scratch directory;
      prepare(what, directory.library());
      acknowledged = act_and_crash(what, directory.library(), first);
      const auto recovered = in_child([&]() -> std::string {
        const auto ops = std::make_shared<faulty_ops>();
        ops->arm(second);
        const auto store = voice_store::open(directory.library(), {.ops = ops});
        return store ? "" : store.error().text;
      });
      expect_sound(what, directory.library(), acknowledged);
      ++recoveries;
      if (recovered || testing::Test::HasFailure())
        break;
    }
  EXPECT_GE(recoveries, 10 * what.least_operations);
}

const voice* named(const voice_store& store, const std::string& name) {
  for (const auto& one : store.list())
    if (one.name == name)
      return store.find(one.id);
  return nullptr;
}

std::string base_flaw(const fs::path& library, const voice_store& store) {
  const auto* base = named(store, "base");
  return base ? flaw(library, *base, {"base 1", "base 2"}) : "the other voice is gone";
}

void make_base(voice_store& store) {
  ASSERT_TRUE(create(store, "base", {"base 1", "base 2"}));
}

scenario creating() {
  return {make_base,
          [](voice_store& store) {
            return create(store, "new", {"a", "bc", "def"}).ok();
          },
          [](const fs::path& library, const voice_store& store, bool acknowledged) {
            const auto* made = named(store, "new");
            if (made == nullptr && acknowledged)
              return std::string{"an acknowledged voice is gone"};
            if (made != nullptr)
              if (auto problem = flaw(library, *made, {"a", "bc", "def"}); !problem.empty())
                return problem;
            if (store.list().size() != (made ? 2U : 1U))
              return std::string{"there is a voice that nobody made"};
            return base_flaw(library, store);
          },
          20};
}

scenario adding() {
  return {make_base,
          [](voice_store& store) {
            return add(store, named(store, "base")->id, {"new 1", "new two"}).ok();
          },
          [](const fs::path& library, const voice_store& store, bool acknowledged) {
            const auto* base = named(store, "base");
            if (base == nullptr)
              return std::string{"the voice is gone"};
            if (!acknowledged && base->references.size() == 2)
              return flaw(library, *base, {"base 1", "base 2"});
            return flaw(library, *base, {"base 1", "base 2", "new 1", "new two"});
          },
          25};
}

scenario removing() {
  return {[](voice_store& store) {
            make_base(store);
            ASSERT_TRUE(create(store, "old", {"a", "b"}));
          },
          [](voice_store& store) { return store.remove(named(store, "old")->id).ok(); },
          [](const fs::path& library, const voice_store& store, bool acknowledged) {
            const auto* old = named(store, "old");
            if (old != nullptr && acknowledged)
              return std::string{"a removed voice is back"};
            if (old != nullptr)
              if (auto problem = flaw(library, *old, {"a", "b"}); !problem.empty())
                return problem;
            return base_flaw(library, store);
          },
          8};
}

TEST(voice_store_crash, a_crash_anywhere_in_a_creation_leaves_a_whole_voice_or_none) {
  crash_everywhere(creating());
}

TEST(voice_store_crash, a_crash_anywhere_in_an_addition_leaves_all_references_or_none) {
  crash_everywhere(adding());
}

TEST(voice_store_crash, a_crash_anywhere_in_a_removal_leaves_a_whole_voice_or_none) {
  crash_everywhere(removing());
}

TEST(voice_store_crash, a_crash_anywhere_in_the_recovery_is_recovered_from) {
  crash_twice_everywhere(creating());
  crash_twice_everywhere(adding());
  crash_twice_everywhere(removing());
}

TEST(voice_store_crash, a_crash_anywhere_in_a_migration_keeps_the_reference) {
  std::size_t crash = 1;
  for (bool finished = false; !finished && !testing::Test::HasFailure(); ++crash) {
    SCOPED_TRACE("crash before operation " + std::to_string(crash));
    const scratch directory;
    const auto library = directory.library();
    const std::string id = "0b8f3c1e-2d4a-4f6b-8c7d-9e0f1a2b3c4d";
    fs::create_directories(library / id);
    write_file(library / id / "metadata.json",
               R"({"voice_id":")" + id + R"(","name":"old","duration_seconds":1.5})");
    write_file(library / id / "reference.wav", "old");
    finished = in_child([&]() -> std::string {
                 const auto ops = std::make_shared<faulty_ops>();
                 ops->arm(crash);
                 const auto store = voice_store::open(library, {.ops = ops});
                 return store ? "" : store.error().text;
               }).has_value();
    const auto store = open_sound(library);
    ASSERT_NE(store.find(id), nullptr);
    EXPECT_EQ(flaw(library, *store.find(id), {"old"}), "");
  }
  EXPECT_GE(crash, 10U);
}

/// Creates voices and adds to them for ever; says so after each acknowledgement, never before.
[[noreturn]] void work_until_killed(const fs::path& library, int out) {
  auto store = voice_store::open(library);
  while (store) {
    const auto made = create(*store, "new", {"first", "second"});
    const auto said = made ? "c " + made->id + "\n" : "failed " + made.error().text + "\n";
    if (::write(out, said.data(), said.size()) < 0)
      break;
    if (!made || !add(*store, made->id, {"third"}))
      break;
    const auto added = "a " + made->id + "\n";
    if (::write(out, added.data(), added.size()) < 0)
      break;
  }
  ::_exit(1);
}

TEST(voice_store_crash, what_was_acknowledged_survives_a_kill_at_any_moment) {
  const scratch directory;
  std::mt19937 random{20260203};
  std::set<std::string> acknowledged;
  std::size_t unheard = 0;
  for (int round = 1; round <= 40 && !HasFailure(); ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const auto child = ::fork();
    if (child == 0)
      work_until_killed(directory.library(), ends[1]);
    ::close(ends[1]);
    // Some acknowledgements, then a moment more, so that it is hit in the middle of something.
    std::string said;
    char buffer[4096];
    const auto wanted = static_cast<long>(random() % 6);
    while (std::count(said.begin(), said.end(), '\n') < wanted) {
      const auto got = ::read(ends[0], buffer, sizeof buffer);
      ASSERT_GT(got, 0) << "it ended by itself: " << said;
      said.append(buffer, static_cast<std::size_t>(got));
    }
    pollfd nothing{-1, 0, 0};
    for (auto turns = random() % 1500; turns > 0; --turns)
      ::poll(&nothing, 1, 0); // a system call's time each
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    for (ssize_t got = 0; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;)
      said.append(buffer, static_cast<std::size_t>(got));
    ::close(ends[0]);
    int outcome = 0;
    ASSERT_EQ(::waitpid(child, &outcome, 0), child);
    ASSERT_TRUE(WIFSIGNALED(outcome)) << said;

    std::istringstream lines{said};
    std::set<std::string> grown;
    for (std::string what, id; lines >> what >> id;) {
      ASSERT_TRUE(what == "c" || what == "a") << said;
      (what == "c" ? acknowledged : grown).insert(id);
    }
    const auto store = open_sound(directory.library());
    const auto all = store.list();
    for (const auto& one : all) {
      const bool whole = one.references.size() == 3;
      EXPECT_TRUE(whole || !grown.contains(one.id)) << "an acknowledged reference is gone";
      EXPECT_EQ(flaw(directory.library(), one,
                     whole ? texts{"first", "second", "third"} : texts{"first", "second"}),
                "");
    }
    for (const auto& id : acknowledged)
      EXPECT_NE(store.find(id), nullptr) << "an acknowledged voice is gone";
    // The last one may have been finished, and its creator killed before it could say so.
    EXPECT_LE(all.size(), acknowledged.size() + unheard + 1);
    unheard = all.size() - acknowledged.size();
    EXPECT_EQ(leftover(directory.library()), "");
  }
  EXPECT_GT(acknowledged.size(), 40U) << "too few to say anything";
}

} // namespace
} // namespace synapse::voices
