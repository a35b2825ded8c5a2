#include "actors/voices/voice_store.hpp"
#include "actors/voices/voice_store_names.hpp"
#include "tests/actors/storage/tracking_ops.hpp"
#include "tests/actors/voices/library.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <sys/stat.h>

namespace synapse::voices {
namespace {

using texts = std::vector<std::string>;
constexpr auto forever = std::numeric_limits<std::size_t>::max();

/// A change of a library with one voice, and how it is seen that it was made.
struct change {
  const char* name;
  bool uploads; ///< needs an upload, of "a" and "b"
  std::function<status(voice_store&, const std::string& id, const std::string& upload)> make;
  std::function<bool(const voice_store&, const std::string& id)> made;
};

const std::vector<upload_file> uploaded{{"0.wav", 0.5}, {"1.wav", 0.5}};

status without_value(const result<voice>& outcome) {
  return outcome ? status{std::monostate{}} : status{outcome.error()};
}

const std::vector<change>& changes() {
  static const std::vector<change> all{
      {"create", true,
       [](voice_store& store, const std::string&, const std::string& upload) {
         return without_value(store.create(upload, "new", uploaded));
       },
       [](const voice_store& store, const std::string&) { return store.list().size() == 2; }},
      {"add", true,
       [](voice_store& store, const std::string& id, const std::string& upload) {
         return without_value(store.add(id, upload, uploaded));
       },
       [](const voice_store& store, const std::string& id) {
         return store.find(id)->references.size() == 3;
       }},
      {"remove", false,
       [](voice_store& store, const std::string& id, const std::string&) {
         return store.remove(id);
       },
       [](const voice_store& store, const std::string& id) { return store.find(id) == nullptr; }},
  };
  return all;
}

/// A library with one voice, on a disk on which operations `first` to `last` of a change fail.
struct failing {
  failing(const change& change_of_it, std::size_t first, std::size_t last) : what(change_of_it) {
    store.emplace(open_sound(directory.library(), ops));
    id = create(*store, "base", {"base"})->id;
    before = library_tree(directory.library());
    const auto upload = begin();
    ops->arm(0, first, last);
    outcome = what.make(*store, id, upload);
    failed = ops->count >= first;
    ops->arm(0);
    if (!outcome) {
      EXPECT_EQ(outcome.error().code, store_error::storage_failed);
      EXPECT_TRUE(outcome.error().text.ends_with(": the disk is full")) << outcome.error().text;
    }
  }

  std::string begin() { return what.uploads ? fill_upload(*store, {"a", "b"}).first : ""; }

  void reopen() {
    store.reset();
    store.emplace(open_sound(directory.library()));
  }

  /// @returns what is wrong when the change was made altogether, or not at all.
  std::string flaw_if(bool made) const {
    if (!made)
      return library_tree(directory.library()) == before ? "" : "something was changed";
    if (!what.made(*store, id))
      return "it was not made";
    for (const auto& one : store->list()) {
      auto expected = one.id == id ? texts{"base"} : texts{"a", "b"};
      if (one.references.size() == 3)
        expected = {"base", "a", "b"};
      if (auto problem = flaw(directory.library(), one, expected); !problem.empty())
        return problem;
    }
    return {};
  }

  const change& what;
  scratch directory;
  std::shared_ptr<faulty_ops> ops = std::make_shared<faulty_ops>();
  std::optional<voice_store> store;
  std::string id;
  storage::tree before;
  status outcome{std::monostate{}};
  bool failed = false; ///< there was an operation to fail
};

/// Tries every operation of every change as the first to fail.
void with_every_failure(bool for_ever, const std::function<void(failing&)>& judge) {
  for (const auto& what : changes()) {
    std::size_t n = 1;
    for (bool failed = true; failed && !testing::Test::HasFailure(); ++n) {
      SCOPED_TRACE(std::string{what.name} + ", operation " + std::to_string(n));
      failing one{what, n, for_ever ? forever : n};
      judge(one);
      failed = one.failed;
    }
    EXPECT_GE(n, 6U) << what.name;
  }
}

TEST(voice_store_faults, a_failed_operation_changes_nothing_and_can_be_repeated) {
  with_every_failure(false, [](failing& one) {
    EXPECT_EQ(one.what.made(*one.store, one.id), one.outcome.ok());
    if (!one.outcome) {
      EXPECT_EQ(one.flaw_if(false), "");
      EXPECT_TRUE(one.what.make(*one.store, one.id, one.begin()));
    }
    EXPECT_EQ(one.flaw_if(true), "");
  });
}

TEST(voice_store_faults, a_failed_change_is_gone_after_opening_anew) {
  with_every_failure(false, [](failing& one) {
    one.reopen();
    EXPECT_EQ(one.flaw_if(one.outcome.ok()), "");
  });
}

TEST(voice_store_faults, a_disk_that_stays_full_damages_nothing) {
  with_every_failure(true, [](failing& one) {
    const bool listed = one.what.made(*one.store, one.id);
    one.reopen();
    // What failed at its very last step cannot always be taken back on a disk that refuses all.
    const bool there = one.what.made(*one.store, one.id);
    EXPECT_TRUE(there || !one.outcome.ok()) << "what was acknowledged is gone";
    EXPECT_TRUE(there || !listed) << "what was shown is gone";
    EXPECT_EQ(one.flaw_if(there), "");
  });
}

TEST(voice_store_faults, an_addition_that_could_not_be_undone_is_undone_by_the_next) {
  for (std::size_t n = 1; !HasFailure(); ++n) {
    SCOPED_TRACE("operation " + std::to_string(n));
    failing one{changes()[1], n, forever};
    if (one.outcome)
      break;
    EXPECT_FALSE(one.what.made(*one.store, one.id));
    EXPECT_TRUE(one.what.make(*one.store, one.id, one.begin()));
    EXPECT_EQ(one.flaw_if(true), "");
  }
}

TEST(voice_store_faults, everything_is_synced_before_it_is_acknowledged) {
  const scratch directory;
  const auto library = directory.library();
  const auto ops = std::make_shared<storage::tracking_ops>(&is_passing);
  auto store = open_sound(library, ops);
  const auto upload = [&](const texts& contents) {
    auto filled = fill_upload(store, contents);
    for (const auto& file : filled.second)
      ops->note_written(library / (".incoming-" + filled.first) / file.name);
    return filled;
  };
  const auto created = upload({"a", "b"});
  ASSERT_EQ(ops->unsaved(library).size(), 3U) << "the directory and two files: it does watch";
  const auto made = store.create(created.first, "A", created.second);
  ASSERT_TRUE(made);
  EXPECT_EQ(ops->unsaved(library), texts{}) << "after a creation";

  const auto added = upload({"c"});
  ASSERT_TRUE(store.add(made->id, added.first, added.second));
  EXPECT_EQ(ops->unsaved(library / made->id), texts{}) << "after an addition";

  ASSERT_TRUE(store.remove(made->id));
  EXPECT_EQ(ops->unsaved(library), texts{}) << "after a removal";
  EXPECT_EQ(ops->violations, texts{});
}

TEST(voice_store_faults, a_migration_is_durable) {
  const scratch directory;
  const std::string id = "0b8f3c1e-2d4a-4f6b-8c7d-9e0f1a2b3c4d";
  const auto folder = directory.library() / id;
  fs::create_directories(folder);
  write_file(folder / "metadata.json", R"({"voice_id":")" + id + R"(","name":"old"})");
  write_file(folder / "reference.wav", "old");
  const auto ops = std::make_shared<storage::tracking_ops>(&is_passing);
  ops->note_written(folder / "reference.wav");
  const auto store = open_sound(directory.library(), ops);
  EXPECT_EQ(ops->violations, texts{});
  EXPECT_EQ(ops->unsaved(directory.library()), texts{});
}

TEST(voice_store_faults, errors_say_what_is_wrong_in_plain_words) {
  for (const auto& [code, words] : {std::pair{ENOSPC, "the disk is full"},
                                    {EDQUOT, "the disk quota is used up"},
                                    {EACCES, "permission denied"},
                                    {EROFS, "the file system is read-only"},
                                    {EIO, "Input/output error"}}) {
    const scratch directory;
    const auto ops = std::make_shared<faulty_ops>();
    auto store = open_sound(directory.library(), ops);
    ops->error = code;
    ops->arm(0, 1, forever);
    const auto upload = store.begin_upload();
    ASSERT_FALSE(upload);
    EXPECT_EQ(upload.error().code, store_error::storage_failed);
    EXPECT_NE(upload.error().text.find(words), std::string::npos) << upload.error().text;
    EXPECT_EQ(upload.error().text.find(directory.path()), std::string::npos)
        << "where the library is does not concern a client";
  }
}

TEST(voice_store_faults, a_library_that_may_only_be_read_is_read) {
  const scratch directory;
  const auto library = directory.library();
  std::string id;
  {
    auto store = open_sound(library);
    id = create(store, "A", {"x"})->id;
  }
  // Nobody may write, and whoever runs the tests may be root, whom no mode stops.
  for (const auto& entry : fs::recursive_directory_iterator{directory.path()})
    fs::permissions(entry, entry.is_directory() ? fs::perms{0555} : fs::perms{0444});
  fs::permissions(directory.path(), fs::perms{0755});
  const auto outcome = in_child([&]() -> std::string {
    constexpr uid_t nobody = 65534;
    if (::geteuid() == 0 && ::setresuid(nobody, nobody, nobody) != 0)
      return "cannot become nobody";
    auto store = voice_store::open(library);
    if (!store || !store->problems().empty())
      return store ? store->problems()[0] : store.error().text;
    if (store->list().size() != 1 || !store->reference_path(id))
      return "the voice cannot be read";
    if (const auto upload = store->begin_upload();
        upload || upload.error().text.find("permission denied") == std::string::npos)
      return upload ? "an upload was begun" : upload.error().text;
    if (const auto removed = store->remove(id);
        removed || removed.error().text.find("permission denied") == std::string::npos)
      return removed ? "the voice was removed" : removed.error().text;
    return store->find(id) ? "" : "the voice is no longer listed";
  });
  for (const auto& entry : fs::recursive_directory_iterator{directory.path()})
    if (entry.is_directory())
      fs::permissions(entry, fs::perms::owner_all); // so that it can be removed
  EXPECT_EQ(outcome, "");
}

} // namespace
} // namespace synapse::voices
