#include "actors/storage/file_ops.hpp"
#include "actors/voices/voice.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <set>

namespace synapse::voices {
namespace {

TEST(voice, an_id_is_a_uuid_in_either_spelling_and_nothing_else) {
  for (const auto* good :
       {"0b8f3c1e-2d4a-4f6b-8c7d-9e0f1a2b3c4d", "0B8F3C1E-2D4A-4F6B-8C7D-9E0F1A2B3C4D",
        "0b8f3c1e2d4a4f6b8c7d9e0f1a2b3c4d"})
    EXPECT_TRUE(is_voice_id(good)) << good;
  for (const auto* bad :
       {"", ".", "..", "lost+found", "0b8f3c1e-2d4a-4f6b-8c7d-9e0f1a2b3c4", ".incoming-0b8f3c1e",
        "0b8f3c1e-2d4a-4f6b-8c7d-9e0f1a2b3c4g", "0b8f3c1e/2d4a-4f6b-8c7d-9e0f1a2b3c4d",
        "0b8f3c1e-2d4a-4f6b-8c7d-9e0f1a2b3c4d/", "0b8f3c1e-2d4a-4f6b-8c7d/../../../xx"})
    EXPECT_FALSE(is_voice_id(bad)) << bad;
}

TEST(voice, new_ids_are_uuids_of_version_4_and_differ) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const auto id = make_voice_id();
    ASSERT_TRUE(is_voice_id(id)) << id;
    ASSERT_EQ(id.size(), 36U);
    ASSERT_EQ(id[14], '4');
    ASSERT_NE(std::string{"89ab"}.find(id[19]), std::string::npos) << id;
    ASSERT_TRUE(seen.insert(id).second);
  }
}

TEST(voice, a_name_is_trimmed) {
  for (const auto* raw : {"Anna", "  Anna ", "\t\r\nAnna\n", "\u3000\u00a0Anna\u2003"}) {
    const auto name = clean_name(raw);
    ASSERT_TRUE(name) << raw;
    EXPECT_EQ(*name, "Anna");
  }
  EXPECT_EQ(*clean_name("Anna  Groß"), "Anna  Groß") << "only at its ends";
}

TEST(voice, a_name_has_1_to_200_characters_not_bytes) {
  std::string smileys;
  for (int i = 0; i < 200; ++i)
    smileys += "\U0001F600";
  EXPECT_EQ(*clean_name(smileys), smileys);
  EXPECT_EQ(*clean_name(smileys + " "), smileys);
  for (const auto& bad : {std::string{}, std::string{" \t\n"}, std::string{"\u3000"}, smileys + "x",
                          std::string(201, 'x'), std::string(1'000'000, 'x')}) {
    const auto name = clean_name(bad);
    ASSERT_FALSE(name) << bad.size();
    EXPECT_EQ(name.error().code, store_error::invalid);
    EXPECT_TRUE(name.error().text.starts_with("name: ")) << name.error().text;
  }
}

TEST(voice, a_name_is_the_same_composed_and_decomposed) {
  const std::string composed = "Zo\u00eb Nguy\u1ec5n \uac01", // one character each
      decomposed = "Zoe\u0308 Nguye\u0302\u0303n \u1100\u1161\u11a8";
  EXPECT_EQ(comparable_name(decomposed), composed);
  EXPECT_EQ(comparable_name(composed), composed);
  EXPECT_EQ(*clean_name(decomposed), decomposed) << "kept as it was given";
  // What only looks alike is another name.
  EXPECT_NE(comparable_name("\u0410nna"), comparable_name("Anna"));
  EXPECT_NE(comparable_name("\ufb01"), comparable_name("fi"));
  EXPECT_NE(comparable_name("anna"), comparable_name("Anna"));
  EXPECT_EQ(comparable_name("\xff"), "\xff") << "in a library of somebody else's making";
  EXPECT_EQ(comparable_name(""), "");
  std::string long_name;
  for (int i = 0; i < 200; ++i)
    long_name += "\u1100\u1161\u11a8";
  EXPECT_EQ(*clean_name(long_name), long_name) << "200 characters";
  EXPECT_FALSE(clean_name(long_name + "x"));
}

TEST(voice, a_name_has_no_control_characters_and_is_utf8) {
  for (const auto& bad :
       {std::string{"a\nb"}, std::string{"a\0b", 3}, std::string{"a\x1b[31m"}, std::string{"a\x7f"},
        std::string{"a\u0085b"}, std::string{"a\u009bb"}, std::string{"a\u2028b"},
        std::string{"\xff"}, std::string{"a\xc0\x80"}, std::string{"\xed\xa0\x80"}}) {
    const auto name = clean_name(bad);
    ASSERT_FALSE(name) << testing::PrintToString(bad);
    EXPECT_TRUE(name.error().text.starts_with("name: ")) << name.error().text;
  }
}

TEST(voice, references_are_numbered_with_three_digits_or_more) {
  EXPECT_EQ(reference_name(1), "ref_001.wav");
  EXPECT_EQ(reference_name(999), "ref_999.wav");
  EXPECT_EQ(reference_name(1000), "ref_1000.wav");
  EXPECT_EQ(reference_number("ref_001.wav"), 1U);
  EXPECT_EQ(reference_number("ref_1000.wav"), 1000U);
  for (const auto* bad : {"ref_.wav", "ref_1.wav", "ref_-01.wav", "ref_00a.wav", "ref_001.mp3",
                          "xref_001.wav", "ref_001.wav.tmp", "ref_9999999999.wav", "ref_"})
    EXPECT_FALSE(reference_number(bad)) << bad;
}

TEST(voice, times_sort_as_texts) {
  const auto first = utc_now();
  const auto second = utc_now();
  EXPECT_LE(first, second);
  EXPECT_EQ(first.size(), std::string{"2026-02-03T04:05:06.000007+00:00"}.size());
  EXPECT_TRUE(first.ends_with("+00:00")) << first;
}

constexpr auto id = "0b8f3c1e-2d4a-4f6b-8c7d-9e0f1a2b3c4d";

TEST(voice, metadata_comes_back_as_written) {
  voice what;
  what.id = id;
  what.name = "Anna \"Groß\" \\";
  what.created_at = utc_now();
  what.seconds = 12.375;
  const auto text = make_metadata(what);
  const auto read = parse_metadata(text, id);
  EXPECT_EQ(read.id, what.id);
  EXPECT_EQ(read.name, what.name);
  EXPECT_EQ(read.created_at, what.created_at);
  EXPECT_EQ(read.seconds, what.seconds);
  const auto document = nlohmann::json::parse(text);
  EXPECT_EQ(document.size(), 4U);
  EXPECT_EQ(document["voice_id"], id);
  EXPECT_EQ(document["duration_seconds"], 12.375);
}

TEST(voice, another_duration_leaves_other_keys_alone) {
  const std::string text = std::string{R"({"color":{"b":[1,2.5,null]},"voice_id":")"} + id +
                           R"(","name":"A","big":18446744073709551615,"duration_seconds":1})";
  const auto changed = with_seconds(text, 2.25);
  auto expected = nlohmann::json::parse(text);
  expected["duration_seconds"] = 2.25;
  EXPECT_EQ(nlohmann::json::parse(changed), expected);
  EXPECT_LT(changed.find("color"), changed.find("voice_id")) << "in the order they were in";
}

TEST(voice, damaged_metadata_is_refused) {
  const auto with = [](const std::string& name, const std::string& rest) {
    return std::string{R"({"voice_id":")"} + id + R"(","name":)" + name + rest + "}";
  };
  EXPECT_EQ(parse_metadata(with("\"A\"", ""), id).seconds, 0) << "what is missing may be missing";
  for (const auto& bad :
       {std::string{}, std::string{"{"}, std::string{"[]"}, std::string{"null"}, with("1", ""),
        with("\"\xff\"", ""), with("\"A\"", R"(,"created_at":1)"),
        with("\"A\"", R"(,"duration_seconds":"1")"), with("\"A\"", "") + "x",
        std::string{R"({"name":"A"})"},
        std::string{R"({"voice_id":"1b8f3c1e-2d4a-4f6b-8c7d-9e0f1a2b3c4d","name":"A"})"}})
    EXPECT_THROW(parse_metadata(bad, id), storage::io_failure) << bad;
}

} // namespace
} // namespace synapse::voices
