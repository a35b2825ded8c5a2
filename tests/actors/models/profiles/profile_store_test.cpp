#include "tests/actors/models/profiles/profiles.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace synapse::models {
namespace {

using nlohmann::json;

struct profile_store_test : testing::Test {
  void write(const std::string& text) const { write_file(file, text); }
  static std::string with_models(const std::string& models) {
    return R"({"version":1,"models":)" + models + "}";
  }

  scratch directory;
  fs::path file = directory.path() / "profiles.json";
  const std::string aside = "profiles.json.damaged-20260203T040506Z";
};

TEST_F(profile_store_test, no_file_is_no_profiles_and_no_problem) {
  auto store = make_store(directory.path() / "not" / "there" / "profiles.json");
  EXPECT_EQ(store.load(), std::nullopt);
  EXPECT_TRUE(store.all()->empty());
  EXPECT_EQ(store.take_problems(), texts{});
  EXPECT_EQ(names_in(directory.path()), texts{}) << "made with the first profile only";
}

TEST_F(profile_store_test, a_profile_is_stored_in_the_documented_form) {
  auto store = make_store(file);
  ASSERT_EQ(store.put(put("Qwen3", {{"temperature", 0.5},
                                    {"top_k", std::int64_t{7}},
                                    {"system_prompt", std::string{"ä\"\n"}}})),
            std::nullopt);
  const auto expected = json::parse(R"({"version":1,"models":{"Qwen3":{
      "updated_at":"2026-02-03T04:05:06.789Z",
      "values":{"temperature":0.5,"top_k":7,"system_prompt":"ä\"\n"}}}})");
  EXPECT_EQ(json::parse(read_file(file)), expected);
  EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(names_in(directory.path()), texts{"profiles.json"});
  auto again = make_store(file);
  ASSERT_EQ(again.load(), std::nullopt);
  EXPECT_EQ(*again.all(), *store.all());
}

TEST_F(profile_store_test, changes_set_unset_and_replace) {
  auto store = make_store(file);
  ASSERT_EQ(store.put(put("a", {{"temperature", 0.5}, {"top_p", 0.25}})), std::nullopt);
  ASSERT_EQ(store.put(put("b", {{"top_p", 1.0}})), std::nullopt);
  ASSERT_EQ(store.put(put("a", {{"min_p", 0.5}}, {"temperature", "max_tokens"})), std::nullopt);
  EXPECT_EQ(stored(file, "a"), (profile_values{{"top_p", 0.25}, {"min_p", 0.5}}));
  ASSERT_EQ(store.put(put("a", {{"temperature", 1.5}}, {}, true)), std::nullopt);
  EXPECT_EQ(stored(file, "a"), (profile_values{{"temperature", 1.5}}));
  ASSERT_EQ(store.put(put("a", {}, {}, true)), std::nullopt);
  EXPECT_FALSE(store.all()->contains("a")) << "a profile without values is none";
  EXPECT_EQ(stored(file, "b"), (profile_values{{"top_p", 1.0}}));
}

TEST_F(profile_store_test, who_holds_the_profiles_keeps_them_as_they_were) {
  auto store = make_store(file);
  ASSERT_EQ(store.put(put("a", {{"top_p", 0.5}})), std::nullopt);
  const auto before = store.all();
  ASSERT_EQ(store.put(put("a", {{"top_p", 1.0}})), std::nullopt);
  EXPECT_EQ(before->at("a").values, (profile_values{{"top_p", 0.5}}));
}

TEST_F(profile_store_test, a_damaged_file_is_kept_aside_reported_and_never_overwritten) {
  const std::string damaged[] = {
      "",
      "{",
      "[]",
      "{}",
      "\xff",
      R"({"version":2,"models":{}})",
      R"({"version":"1","models":{}})",
      R"({"version":true,"models":{}})",
      R"({"version":1})",
      R"({"version":1,"models":[]})",
      R"({"models":{}})",
  };
  texts asides;
  for (const auto& text : damaged) {
    write(text);
    auto store = make_store(file);
    ASSERT_EQ(store.load(), std::nullopt);
    EXPECT_TRUE(store.all()->empty());
    const auto number = asides.size() + 1;
    asides.push_back(number == 1 ? aside : aside + "-" + std::to_string(number));
    EXPECT_FALSE(fs::exists(file));
    EXPECT_EQ(read_file(directory.path() / asides.back()), text);
    const auto problems = store.take_problems();
    ASSERT_EQ(problems.size(), 1U) << text;
    EXPECT_NE(problems[0].find(asides.back()), std::string::npos) << problems[0];
    EXPECT_EQ(problems[0].find(directory.path()), std::string::npos);
    EXPECT_EQ(store.take_problems(), texts{}) << "said once";
  }
  for (std::size_t i = 0; i < asides.size(); ++i)
    EXPECT_EQ(read_file(directory.path() / asides[i]), damaged[i]) << "kept for ever";
  auto store = make_store(file);
  ASSERT_EQ(store.put(put("a", {{"top_p", 0.5}})), std::nullopt);
  EXPECT_EQ(stored(file, "a"), (profile_values{{"top_p", 0.5}}));
}

TEST_F(profile_store_test, what_is_no_file_or_too_long_is_kept_aside_as_well) {
  fs::create_directory(file);
  auto store = make_store(file);
  ASSERT_EQ(store.put(put("a", {{"top_p", 0.5}})), std::nullopt);
  EXPECT_TRUE(fs::is_directory(directory.path() / aside));
  write("");
  fs::resize_file(file, max_profile_file_bytes + 1);
  auto other = make_store(file);
  ASSERT_EQ(other.load(), std::nullopt);
  EXPECT_EQ(fs::file_size(directory.path() / (aside + "-2")), max_profile_file_bytes + 1);
  EXPECT_EQ(other.take_problems().size(), 1U);
}

TEST_F(profile_store_test, a_symbolic_link_is_not_followed) {
  write_file(directory.path() / "other", "{}");
  fs::create_symlink(directory.path() / "other", file);
  auto store = make_store(file);
  const auto problem = store.put(put("a", {{"top_p", 0.5}}));
  ASSERT_TRUE(problem);
  EXPECT_NE(problem->find("symbolic link"), std::string::npos) << *problem;
  EXPECT_EQ(read_file(directory.path() / "other"), "{}");
}

TEST_F(profile_store_test, of_an_entry_with_bad_fields_the_good_ones_count) {
  const auto text = with_models(R"({
      "a":{"updated_at":"x","values":{"top_p":0.5,"temperature":3,"nonsense":1,"top_k":null}},
      "b":{"updated_at":"y","values":{"min_p":0.5}},
      "c":{"values":[]},"d":7,
      "e":{"values":{"top_k":0}},
      "f":{"updated_at":1,"values":{"top_k":1}},
      "gpt-oss-20b":{"updated_at":"z","values":{"reasoning_effort":"low"}}})");
  write(text);
  auto store = make_store(file);
  ASSERT_EQ(store.load(), std::nullopt);
  const auto all = store.all();
  EXPECT_EQ(all->size(), 4U);
  EXPECT_EQ(all->at("a"), (model_profile{"x", {{"top_p", 0.5}}}));
  EXPECT_EQ(all->at("b"), (model_profile{"y", {{"min_p", 0.5}}}));
  EXPECT_EQ(all->at("f"), (model_profile{"", {{"top_k", std::int64_t{1}}}}));
  EXPECT_EQ(all->at("gpt-oss-20b").values.size(), 1U);
  const auto problems = store.take_problems();
  ASSERT_EQ(problems.size(), 6U);
  EXPECT_NE(problems[0].find("\"a\": \"nonsense\" is no field"), std::string::npos) << problems[0];
  EXPECT_NE(problems[1].find("\"a\": \"temperature\" must be"), std::string::npos) << problems[1];
  EXPECT_EQ(read_file(file), text) << "reading changes nothing";

  ASSERT_EQ(store.put(put("b", {{"min_p", 0.25}})), std::nullopt);
  EXPECT_EQ(read_file(directory.path() / aside), text) << "what is lost now is kept";
  EXPECT_EQ(store.take_problems().size(), 1U);
  ASSERT_EQ(store.put(put("b", {{"min_p", 0.125}})), std::nullopt);
  EXPECT_EQ(names_in(directory.path()), (texts{"profiles.json", aside})) << "once";
  EXPECT_EQ(stored(file, "a"), (profile_values{{"top_p", 0.5}}));
}

TEST_F(profile_store_test, unknown_keys_are_reported_and_kept_aside) {
  const std::string text = R"({"version":1,"models":{},"comment":"mine"})";
  write(text);
  auto store = make_store(file);
  ASSERT_EQ(store.load(), std::nullopt);
  EXPECT_EQ(store.take_problems().size(), 1U);
  ASSERT_EQ(store.put(put("a", {{"top_p", 0.5}})), std::nullopt);
  EXPECT_EQ(read_file(directory.path() / aside), text);
}

TEST_F(profile_store_test, a_flood_of_problems_is_cut_short) {
  std::string models = "{";
  for (int i = 0; i < 100; ++i)
    models += (i ? ",\"m" : "\"m") + std::to_string(i) + "\":1";
  write(with_models(models + "}"));
  auto store = make_store(file);
  ASSERT_EQ(store.load(), std::nullopt);
  const auto problems = store.take_problems();
  ASSERT_EQ(problems.size(), 21U);
  EXPECT_NE(problems.back().find("80 more"), std::string::npos);
}

TEST_F(profile_store_test, the_number_of_models_is_bounded) {
  auto models = json::object();
  for (std::size_t i = 0; i < max_profiles + 1; ++i)
    models["m" + std::to_string(i)] = {{"updated_at", ""}, {"values", {{"top_k", 1}}}};
  write(with_models(models.dump()));
  auto store = make_store(file);
  ASSERT_EQ(store.load(), std::nullopt);
  EXPECT_EQ(store.all()->size(), max_profiles);
  EXPECT_EQ(store.take_problems().size(), 1U);
  const auto one_more = store.put(put("another", {{"top_p", 0.5}}));
  ASSERT_TRUE(one_more);
  EXPECT_NE(one_more->find("10000"), std::string::npos) << *one_more;
  EXPECT_EQ(store.put(put("m1", {{"top_p", 0.5}})), std::nullopt) << "those there are may change";
}

TEST_F(profile_store_test, a_file_that_would_grow_too_large_is_not_written) {
  auto store = make_store(file);
  const std::string long_text(max_profile_file_bytes / 2, 'x');
  ASSERT_EQ(store.put(put("a", {{"system_prompt", long_text}})), std::nullopt);
  const auto before = store.all();
  EXPECT_TRUE(store.put(put("b", {{"system_prompt", long_text}})));
  EXPECT_EQ(store.all(), before);
}

TEST_F(profile_store_test, a_text_that_is_no_utf8_is_refused) {
  auto store = make_store(file);
  EXPECT_TRUE(store.put(put("a", {{"system_prompt", std::string{"\xff"}}})));
  EXPECT_TRUE(store.all()->empty());
  EXPECT_FALSE(fs::exists(file));
}

TEST_F(profile_store_test, a_file_or_folder_that_vanished_comes_back_with_the_next_change) {
  const auto deep = directory.path() / "a" / "b" / "profiles.json";
  auto store = make_store(deep);
  ASSERT_EQ(store.put(put("a", {{"top_p", 0.5}})), std::nullopt);
  fs::remove(deep);
  ASSERT_EQ(store.put(put("b", {{"top_p", 1.0}})), std::nullopt);
  EXPECT_EQ(stored(deep, "a"), (profile_values{{"top_p", 0.5}}));
  fs::remove_all(directory.path() / "a");
  ASSERT_EQ(store.put(put("c", {{"top_p", 0.0}})), std::nullopt);
  EXPECT_EQ(stored(deep, "a"), (profile_values{{"top_p", 0.5}}));
  EXPECT_EQ(stored(deep, "c"), (profile_values{{"top_p", 0.0}}));
}

TEST_F(profile_store_test, a_folder_that_cannot_be_made_is_tried_again) {
  const auto place = directory.path() / "place";
  write_file(place, "in the way");
  auto store = make_store(place / "profiles.json");
  EXPECT_TRUE(store.load()) << "a file stands where the folder should be";
  EXPECT_TRUE(store.put(put("a", {{"top_p", 0.5}})));
  fs::remove(place);
  EXPECT_EQ(store.put(put("a", {{"top_p", 0.5}})), std::nullopt);
  EXPECT_EQ(stored(place / "profiles.json", "a"), (profile_values{{"top_p", 0.5}}));
}

TEST_F(profile_store_test, a_leftover_of_a_crash_is_removed) {
  write_file(directory.path() / ".profiles.json.tmp", "half");
  auto store = make_store(file);
  ASSERT_EQ(store.load(), std::nullopt);
  EXPECT_EQ(names_in(directory.path()), texts{});
}

} // namespace
} // namespace synapse::models
