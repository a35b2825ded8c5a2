#include "actors/voices/voice_store.hpp"
#include "tests/actors/voices/library.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <sys/stat.h>

namespace synapse::voices {
namespace {

using texts = std::vector<std::string>;

constexpr auto old_id = "0b8f3c1e-2d4a-4f6b-8c7d-9e0f1a2b3c4d";

/// A voice as somebody else's program would have written it.
void place(const fs::path& library, const std::string& id, const std::string& created_at,
           const std::string& extra = {}) {
  fs::create_directories(library / id / "references");
  write_file(library / id / "metadata.json", R"({"voice_id":")" + id +
                                                 R"(","name":"old","created_at":")" + created_at +
                                                 R"(","duration_seconds":1.5)" + extra + "}");
  write_file(library / id / "references" / "ref_001.wav", "one");
}

std::string numbered_id(int number) {
  auto digits = std::to_string(number);
  return "00000000-0000-4000-8000-" + std::string(12 - digits.size(), '0') + digits;
}

/// @returns nothing when it did not fail.
template <class T>
std::optional<store_error> code_of(const result<T>& outcome) {
  return outcome ? std::nullopt : std::optional{outcome.error().code};
}

texts ids(const std::vector<voice>& voices) {
  texts result;
  for (const auto& one : voices)
    result.push_back(one.id);
  return result;
}

struct voices_on_disk : testing::Test {
  scratch directory;
  fs::path library = directory.library();
};

TEST_F(voices_on_disk, a_missing_directory_is_made_private) {
  library = directory.path() / "a" / "b" / "voices";
  const auto store = open_sound(library / "");
  EXPECT_TRUE(store.list().empty());
  EXPECT_EQ(fs::status(library).permissions(), fs::perms::owner_all);
}

TEST_F(voices_on_disk, a_created_voice_is_there_and_survives_opening_anew) {
  std::string id;
  {
    auto store = open_sound(library);
    const auto made = create(store, "  Anna ", {"one", "three"});
    ASSERT_TRUE(made) << made.error().text;
    id = made->id;
    EXPECT_EQ(made->name, "Anna");
    EXPECT_EQ(made->references, (texts{"ref_001.wav", "ref_002.wav"}));
    EXPECT_EQ(flaw(library, *made, {"one", "three"}), "");
    ASSERT_NE(store.find(id), nullptr);
    EXPECT_EQ(ids(store.list()), texts{id});
    EXPECT_EQ(*store.reference_path(id), library / id / "references" / "ref_001.wav");
  }
  const auto store = open_sound(library);
  ASSERT_EQ(ids(store.list()), texts{id});
  EXPECT_EQ(flaw(library, store.list()[0], {"one", "three"}), "");
  EXPECT_EQ(names_in(library).size(), 1U) << "nothing else is left";
}

TEST_F(voices_on_disk, files_are_for_their_owner_only_whatever_the_uploader_made_them) {
  auto store = open_sound(library);
  const auto [upload, files] = fill_upload(store, {"x"});
  EXPECT_EQ(fs::status(library / (".incoming-" + upload)).permissions(), fs::perms::owner_all);
  ASSERT_EQ(::chmod((library / (".incoming-" + upload) / "0.wav").c_str(), 0666), 0);
  const auto made = store.create(upload, "A", files);
  ASSERT_TRUE(made);
  ASSERT_TRUE(add(store, made->id, {"y"}));
  for (const auto& entry : fs::recursive_directory_iterator{library})
    EXPECT_EQ(entry.status().permissions(), entry.is_directory()
                                                ? fs::perms::owner_all
                                                : fs::perms::owner_read | fs::perms::owner_write)
        << entry.path();
}

TEST_F(voices_on_disk, lists_by_time_of_creation_then_id) {
  place(library, numbered_id(3), "2024-01-01T00:00:00+00:00");
  place(library, numbered_id(1), "2024-01-02T00:00:00+00:00");
  place(library, numbered_id(2), "2024-01-01T00:00:00+00:00");
  auto store = open_sound(library);
  const auto made = create(store, "A", {"x"});
  ASSERT_TRUE(made);
  EXPECT_EQ(ids(store.list()), (texts{numbered_id(2), numbered_id(3), numbered_id(1), made->id}));
  ASSERT_TRUE(store.remove(numbered_id(3)));
  EXPECT_EQ(ids(store.list()), (texts{numbered_id(2), numbered_id(1), made->id}));
}

TEST_F(voices_on_disk, keys_that_others_wrote_survive_an_addition) {
  place(library, old_id, "2024-01-01T00:00:00Z", R"(,"language":"de","tags":["x"])");
  auto store = open_sound(library);
  const auto grown = add(store, old_id, {"four"});
  ASSERT_TRUE(grown) << grown.error().text;
  EXPECT_EQ(grown->seconds, 1.5 + 2);
  const auto text = read_file(library / old_id / "metadata.json");
  EXPECT_NE(text.find(R"("language": "de")"), std::string::npos) << text;
  EXPECT_NE(text.find("tags"), std::string::npos) << text;
}

TEST_F(voices_on_disk, two_interleaved_uploads_to_one_voice_both_land) {
  auto store = open_sound(library);
  const auto made = create(store, "A", {"one"});
  const auto first = fill_upload(store, {"first", "first too"});
  const auto second = fill_upload(store, {"second"});
  const auto after_second = store.add(made->id, second.first, second.second);
  const auto after_first = store.add(made->id, first.first, first.second);
  ASSERT_TRUE(after_second);
  ASSERT_TRUE(after_first);
  EXPECT_EQ(after_second->references, (texts{"ref_001.wav", "ref_002.wav"}));
  EXPECT_EQ(flaw(library, *after_first, {"one", "second", "first", "first too"}), "");
  EXPECT_EQ(names_in(library).size(), 1U) << "no upload is left";
}

TEST_F(voices_on_disk, a_number_in_use_is_not_given_again) {
  place(library, old_id, "2024-01-01T00:00:00Z");
  write_file(library / old_id / "references" / "ref_999.wav", "by hand");
  fs::remove(library / old_id / "references" / "ref_001.wav");
  auto store = open_sound(library);
  fs::create_symlink("/etc/hostname", library / old_id / "references" / "ref_1000.wav");
  const auto grown = add(store, old_id, {"x", "y"});
  ASSERT_TRUE(grown) << grown.error().text;
  EXPECT_EQ(grown->references, (texts{"ref_999.wav", "ref_1001.wav", "ref_1002.wav"}));
  EXPECT_EQ(read_file(library / old_id / "references" / "ref_999.wav"), "by hand");
}

TEST_F(voices_on_disk, a_voice_without_references_can_be_given_some) {
  place(library, old_id, "2024-01-01T00:00:00Z");
  fs::remove_all(library / old_id / "references");
  auto store = open_sound(library);
  ASSERT_NE(store.find(old_id), nullptr);
  EXPECT_EQ(code_of(store.reference_path(old_id)), store_error::voice_not_found);
  ASSERT_TRUE(add(store, old_id, {"x"}));
  EXPECT_TRUE(store.reference_path(old_id));
}

TEST_F(voices_on_disk, a_removed_voice_is_gone_with_its_files) {
  auto store = open_sound(library);
  const auto made = create(store, "A", {"one"});
  const auto other = create(store, "B", {"two"});
  ASSERT_TRUE(store.remove(made->id));
  EXPECT_EQ(store.find(made->id), nullptr);
  EXPECT_EQ(code_of(store.remove(made->id)), store_error::voice_not_found);
  EXPECT_EQ(code_of(add(store, made->id, {"x"})), store_error::voice_not_found);
  EXPECT_EQ(names_in(library).size(), 1U);
  EXPECT_EQ(flaw(library, *store.find(other->id), {"two"}), "");
}

TEST_F(voices_on_disk, an_upload_can_be_used_once) {
  auto store = open_sound(library);
  const auto [used, files] = fill_upload(store, {"x"});
  ASSERT_TRUE(store.create(used, "A", files));
  EXPECT_EQ(code_of(store.create(used, "A", files)), store_error::upload_not_found);
  const auto [dropped, more] = fill_upload(store, {"x"});
  store.discard(dropped);
  store.discard(dropped);
  store.discard("../" + store.list()[0].id);
  EXPECT_EQ(code_of(store.create(dropped, "A", more)), store_error::upload_not_found);
  EXPECT_EQ(code_of(store.create("", "A", more)), store_error::upload_not_found);
  EXPECT_EQ(store.list().size(), 1U);
  EXPECT_EQ(names_in(library).size(), 1U);
}

TEST_F(voices_on_disk, bad_arguments_name_their_field_and_leave_nothing) {
  auto store = open_sound(library);
  const auto made = create(store, "A", {"one"});
  ASSERT_TRUE(made);
  const auto before = library_tree(library);
  const auto refused = [&](const std::string& name, std::vector<upload_file> files) {
    const auto upload = store.begin_upload();
    for (int i = 0; i < 11; ++i)
      write_file(upload->directory / (std::to_string(i) + ".wav"), "x");
    const auto outcome = store.create(upload->id, name, files);
    if (outcome)
      return std::string{"accepted"};
    EXPECT_EQ(code_of(outcome), store_error::invalid);
    return outcome.error().text.substr(0, outcome.error().text.find(':'));
  };
  EXPECT_EQ(refused(" ", {{"0.wav", 1}}), "name");
  EXPECT_EQ(refused("a\nb", {{"0.wav", 1}}), "name");
  EXPECT_EQ(refused("A", {}), "files");
  EXPECT_EQ(refused("A", std::vector<upload_file>(11, {"0.wav", 1})), "files");
  EXPECT_EQ(refused("A", {{"0.wav", 1}, {"0.wav", 1}}), "files");
  EXPECT_EQ(refused("A", {{"../0.wav", 1}}), "files");
  EXPECT_EQ(refused("A", {{"..", 1}}), "files");
  EXPECT_EQ(refused("A", {{std::string{"0.wav\0", 6}, 1}}), "files");
  EXPECT_EQ(refused("A", {{"0.wav", -1}}), "files");
  EXPECT_EQ(refused("A", {{"0.wav", std::numeric_limits<double>::infinity()}}), "files");
  EXPECT_EQ(library_tree(library), before);
  std::vector<upload_file> ten;
  ten.reserve(10);
  for (int i = 0; i < 10; ++i)
    ten.push_back({std::to_string(i) + ".wav", 1});
  EXPECT_EQ(refused("A", ten), "accepted") << "and of eleven files, the one not named is dropped";
  EXPECT_EQ(store.list().back().references.size(), 10U);
}

TEST_F(voices_on_disk, an_upload_of_a_link_or_a_missing_file_is_refused) {
  write_file(directory.path() / "secret", "secret");
  auto store = open_sound(library);
  const auto upload = store.begin_upload();
  fs::create_symlink(directory.path() / "secret", upload->directory / "0.wav");
  EXPECT_FALSE(store.create(upload->id, "A", {{"0.wav", 1}}));
  const auto empty = store.begin_upload();
  EXPECT_FALSE(store.create(empty->id, "A", {{"0.wav", 1}}));
  EXPECT_EQ(names_in(library), texts{});
  EXPECT_EQ(read_file(directory.path() / "secret"), "secret");
}

TEST_F(voices_on_disk, ids_that_lead_elsewhere_are_not_found) {
  place(library, old_id, "2024-01-01T00:00:00Z");
  place(directory.path() / "outside", old_id, "2024-01-01T00:00:00Z");
  auto store = open_sound(library);
  const auto upload = fill_upload(store, {"x"});
  const auto before = tree_of(directory.path() / "outside");
  const std::string id = old_id;
  for (const auto& bad :
       {std::string{}, std::string{"."}, std::string{".."}, "../outside/" + id, id + "/", "./" + id,
        "../voices/" + id, id + "/../x", id + "/references", "/" + id, id + std::string(1, '\0'),
        id + std::string{"\0/..", 4}, "..\\outside\\" + id, std::string{"%2e%2e"},
        ".incoming-" + upload.first, (library / id).string(), std::string(5000, 'a')}) {
    EXPECT_EQ(store.find(bad), nullptr) << bad;
    EXPECT_EQ(code_of(store.reference_path(bad)), store_error::voice_not_found) << bad;
    EXPECT_EQ(code_of(store.remove(bad)), store_error::voice_not_found) << bad;
    EXPECT_EQ(code_of(add(store, bad, {"x"})), store_error::voice_not_found) << bad;
  }
  EXPECT_EQ(tree_of(directory.path() / "outside"), before);
  EXPECT_TRUE(fs::exists(library / (".incoming-" + upload.first) / "0.wav"));
  EXPECT_TRUE(store.reference_path(old_id));
}

TEST_F(voices_on_disk, links_are_never_followed) {
  place(directory.path() / "outside", numbered_id(1), "2024-01-01T00:00:00Z");
  place(library, numbered_id(2), "2024-01-01T00:00:00Z");
  fs::create_directory_symlink(directory.path() / "outside" / numbered_id(1),
                               library / numbered_id(1));
  fs::create_directory_symlink(directory.path() / "outside", library / ".incoming-link");
  fs::create_directory(library / ".trash-1");
  fs::create_directory_symlink(directory.path() / "outside", library / ".trash-1" / "link");
  fs::create_directory_symlink(directory.path() / "outside", library / numbered_id(2) / "link");
  const auto before = tree_of(directory.path() / "outside");
  auto store = open_sound(library);
  EXPECT_EQ(ids(store.list()), texts{numbered_id(2)}) << "a link is no voice";
  EXPECT_FALSE(fs::exists(fs::symlink_status(library / ".incoming-link")));
  EXPECT_FALSE(fs::exists(library / ".trash-1"));
  ASSERT_TRUE(store.remove(numbered_id(2)));
  EXPECT_EQ(tree_of(directory.path() / "outside"), before);
}

TEST_F(voices_on_disk, a_voice_that_became_a_link_has_vanished) {
  for (const int number : {1, 2, 3})
    place(library, numbered_id(number), "2024-01-01T00:00:00Z");
  auto store = open_sound(library);
  fs::rename(library, directory.path() / "outside");
  fs::create_directory(library); // the store keeps the directory, not its name
  const auto outside = directory.path() / "outside";
  fs::rename(outside / numbered_id(1), directory.path() / "taken");
  fs::create_directory_symlink(directory.path() / "taken", outside / numbered_id(1));
  const auto before = tree_of(directory.path() / "taken");
  EXPECT_EQ(code_of(store.remove(numbered_id(1))), store_error::voice_not_found);
  EXPECT_EQ(store.find(numbered_id(1)), nullptr);
  fs::remove(outside / numbered_id(2) / "references" / "ref_001.wav");
  fs::create_symlink(directory.path() / "taken" / "metadata.json",
                     outside / numbered_id(2) / "references" / "ref_001.wav");
  EXPECT_EQ(code_of(store.reference_path(numbered_id(2))), store_error::voice_not_found);
  fs::remove_all(outside / numbered_id(3));
  EXPECT_EQ(code_of(store.reference_path(numbered_id(3))), store_error::voice_not_found);
  EXPECT_EQ(ids(store.list()), texts{numbered_id(2)});
  EXPECT_EQ(tree_of(directory.path() / "taken"), before);
}

TEST_F(voices_on_disk, opening_removes_leftovers_and_nothing_else) {
  place(library, old_id, "2024-01-01T00:00:00Z");
  write_file(library / "model-profiles.json", "{}");
  fs::create_directories(library / "lost+found");
  fs::create_directories(library / "backup" / old_id);
  const auto before = library_tree(library);
  fs::create_directories(library / ".incoming-1" / "references");
  write_file(library / ".incoming-1" / "references" / "ref_001.wav", "x");
  fs::create_directories(library / ".trash-2" / "references");
  write_file(library / old_id / ".metadata.json.tmp", "{");
  const auto store = open_sound(library);
  EXPECT_EQ(library_tree(library), before);
  EXPECT_EQ(ids(store.list()), texts{old_id});
}

TEST_F(voices_on_disk, an_old_voice_is_migrated_once) {
  place(library, old_id, "2024-01-01T00:00:00Z");
  const auto folder = library / old_id;
  fs::remove_all(folder / "references");
  write_file(folder / "reference.wav", "old");
  for (int i = 0; i < 2; ++i) {
    auto store = open_sound(library);
    EXPECT_FALSE(fs::exists(folder / "reference.wav"));
    EXPECT_EQ(contents(library, old_id), texts{"old"});
    EXPECT_EQ(*store.reference_path(old_id), folder / "references" / "ref_001.wav");
  }
  // With references of its own, the file is not one of them and stays as it is.
  write_file(folder / "reference.wav", "another");
  open_sound(library);
  EXPECT_EQ(read_file(folder / "reference.wav"), "another");
  EXPECT_EQ(contents(library, old_id), texts{"old"});
}

TEST_F(voices_on_disk, damaged_voices_are_left_out_and_left_alone) {
  for (const int number : {1, 2, 3, 4, 5, 6})
    place(library, numbered_id(number), "2024-01-01T00:00:00Z");
  fs::remove(library / numbered_id(1) / "metadata.json");
  write_file(library / numbered_id(2) / "metadata.json", "{\"voice_id\":");
  write_file(library / numbered_id(3) / "metadata.json", "[]");
  write_file(library / numbered_id(4) / "metadata.json", std::string(2 * 1024 * 1024, ' '));
  fs::remove(library / numbered_id(5) / "metadata.json");
  ASSERT_EQ(::mkfifo((library / numbered_id(5) / "metadata.json").c_str(), 0600), 0);
  fs::create_directories(library / numbered_id(7)); // not even begun
  const auto opened = voice_store::open(library);
  ASSERT_TRUE(opened);
  EXPECT_EQ(ids(opened->list()), texts{numbered_id(6)});
  EXPECT_EQ(opened->problems().size(), 6U);
  for (const int number : {1, 2, 3, 4, 5, 7}) {
    EXPECT_EQ(opened->find(numbered_id(number)), nullptr);
    EXPECT_TRUE(std::any_of(opened->problems().begin(), opened->problems().end(),
                            [&](const std::string& text) {
                              return text.find(numbered_id(number)) != std::string::npos;
                            }))
        << number;
    EXPECT_TRUE(fs::exists(library / numbered_id(number)));
  }
  EXPECT_EQ(contents(library, numbered_id(2)), texts{"one"});
}

TEST_F(voices_on_disk, a_library_that_is_no_directory_is_a_failure) {
  write_file(library, "");
  const auto opened = voice_store::open(library);
  ASSERT_FALSE(opened);
  EXPECT_EQ(code_of(opened), store_error::storage_failed);
  EXPECT_NE(opened.error().text.find("voice library"), std::string::npos);
}

TEST_F(voices_on_disk, ten_thousand_voices_are_listed_and_found_without_touching_a_file) {
  constexpr int many = 10'000;
  const scratch roomy{512U * 1024 * 1024}; // every file takes a page at least
  library = roomy.library();
  for (int i = 0; i < many; ++i)
    place(library, numbered_id(i), "2024-01-01T00:00:00Z");
  const auto ops = std::make_shared<faulty_ops>();
  auto store = open_sound(library, ops);
  EXPECT_LE(ops->count, 20U * many) << "a bounded number of operations per voice at start";
  ops->arm(0);
  const auto all = store.list();
  EXPECT_EQ(all.size(), static_cast<std::size_t>(many));
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end(),
                             [](const voice& a, const voice& b) { return a.id < b.id; }));
  for (int i = 0; i < many; i += 7)
    ASSERT_NE(store.find(numbered_id(i)), nullptr);
  EXPECT_EQ(ops->count, 0U);
  // What a change costs does not depend on how many there are.
  ASSERT_TRUE(create(store, "A", {"x"}));
  ASSERT_TRUE(store.remove(numbered_id(5000)));
  EXPECT_LT(ops->count, 60U);
  ops->arm(0);
  EXPECT_EQ(store.list().size(), static_cast<std::size_t>(many));
  EXPECT_EQ(ops->count, 0U);
}

} // namespace
} // namespace synapse::voices
