#include "http/dialects/whisper_cpp/answer.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

namespace synapse::http::whisper_cpp {
namespace {

std::vector<token> tokens(const std::vector<std::string>& texts) {
  std::vector<token> result;
  for (const auto& text : texts) {
    const auto start = static_cast<double>(result.size());
    result.push_back({text, start, start + 1, 0.5});
  }
  return result;
}

std::vector<std::string> texts_of(const std::vector<transcript_word>& words) {
  std::vector<std::string> result;
  for (const auto& one : words)
    result.push_back(one.word);
  return result;
}

using texts = std::vector<std::string>;

TEST(whisper_cpp_words, are_tokens_up_to_a_blank) {
  const auto words = words_of(" Hello there.", tokens({" Hel", "lo", " there", "."}));
  EXPECT_EQ(texts_of(words), (texts{" Hello", " there."}));
  EXPECT_EQ(words[0].start, 0);
  EXPECT_EQ(words[0].end, 2);
  EXPECT_EQ(words[1].start, 2);
  EXPECT_EQ(words[1].end, 4);
  EXPECT_NEAR(words[0].probability, 0.5, 1e-12);
  EXPECT_TRUE(words_of("", {}).empty());
}

TEST(whisper_cpp_words, are_as_probable_as_their_tokens_in_the_mean) {
  const std::vector<token> parts{{" a", 0, 1, 0.9}, {"b", 1, 2, 0.4}, {"c", 2, 3, 0}};
  EXPECT_NEAR(words_of(" abc", parts)[0].probability, std::sqrt(0.36), 1e-12);
  EXPECT_EQ(words_of(" c", {{" c", 0, 1, 0}})[0].probability, 0) << "not told";
}

TEST(whisper_cpp_words, of_scripts_without_blanks_are_their_tokens) {
  EXPECT_EQ(texts_of(words_of("你好世界。ok then", tokens({"你好", "世界", "。", "ok", " then"}))),
            (texts{"你好", "世界", "。", "ok", " then"}));
}

TEST(whisper_cpp_words, have_characters_that_no_token_has_from_the_text) {
  const std::string bad = "\xef\xbf\xbd";
  EXPECT_EQ(texts_of(words_of(" caf\xc3\xa9 is", tokens({" caf" + bad, bad, " is"}))),
            (texts{" caf\xc3\xa9", " is"}));
  EXPECT_EQ(texts_of(words_of("你好吗", tokens({"你", bad, bad, "吗"}))),
            (texts{"你", "好", "吗"}));
  EXPECT_EQ(texts_of(words_of(" so \xf0\x9f\x98\x80", tokens({" so", " " + bad, bad, bad}))),
            (texts{" so", " \xf0\x9f\x98\x80"}));
}

TEST(whisper_cpp_words, stay_as_they_are_where_the_text_has_others) {
  const std::string bad = "\xef\xbf\xbd";
  EXPECT_EQ(texts_of(words_of(" other", tokens({" a", " " + bad, " b"}))),
            (texts{" a", " " + bad, " b"}));
  EXPECT_EQ(texts_of(words_of("", tokens({bad, " b"}))), (texts{bad, " b"}));
}

TEST(whisper_cpp_words, survive_any_tokens) {
  std::mt19937 random{5};
  const std::vector<std::string> pieces{"", " ", "a", " b", "\xef\xbf\xbd", "好", "\xff", " \xe5"};
  for (int round = 0; round < 2000; ++round) {
    texts some;
    std::string text;
    for (auto count = random() % 8; count > 0; --count) {
      some.push_back(pieces[random() % pieces.size()]);
      text += random() % 3 == 0 ? "好" : some.back();
    }
    std::string joined;
    for (const auto& one : texts_of(words_of(text, tokens(some))))
      joined += one;
    EXPECT_LE(joined.size(), text.size() + 40);
  }
}

} // namespace
} // namespace synapse::http::whisper_cpp
