#include "http/dialects/chatterbox/languages.hpp"
#include "http/dialects/whisper_stt/languages.hpp"

#include <gtest/gtest.h>

#include <set>

namespace synapse::http {
namespace {

TEST(languages, are_found_by_their_code) {
  ASSERT_NE(find_language(whisper_stt::languages(), "de"), nullptr);
  EXPECT_EQ(find_language(whisper_stt::languages(), "de")->name, "german");
  EXPECT_EQ(find_language(chatterbox::languages(), "de")->name, "German");
  EXPECT_EQ(find_language(chatterbox::languages(), "xx"), nullptr);
  EXPECT_EQ(find_language(chatterbox::languages(), ""), nullptr);
}

TEST(languages, have_no_code_twice) {
  EXPECT_EQ(chatterbox::languages().size(), 23U);
  EXPECT_EQ(whisper_stt::languages().size(), 100U);
  for (const auto list : {chatterbox::languages(), whisper_stt::languages()}) {
    std::set<std::string_view> codes;
    for (const auto& one : list)
      EXPECT_TRUE(codes.insert(one.code).second) << one.code;
  }
}

TEST(languages, of_whisper_have_english_names_too) {
  ASSERT_NE(whisper_stt::language_of("German"), nullptr);
  EXPECT_EQ(whisper_stt::language_of("German")->code, "de");
  EXPECT_EQ(whisper_stt::language_of("haitian CREOLE")->code, "ht");
  EXPECT_EQ(whisper_stt::language_of("yue")->code, "yue");
  EXPECT_EQ(whisper_stt::language_of("Klingon"), nullptr);
  EXPECT_EQ(whisper_stt::language_of(""), nullptr);
}

} // namespace
} // namespace synapse::http
