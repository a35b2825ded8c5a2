// Files that mean no good: bounded work, no crash, always an answer.
#include "config/litellm/native_text.hpp"
#include "config/litellm/text/json.hpp"
#include "tests/config/litellm/reading.hpp"

#include <gtest/gtest.h>

#include <random>

namespace synapse::config::litellm {
namespace {

TEST(litellm_hostile, no_map_and_no_entries) {
  EXPECT_EQ(read_text("").told(), "c.yaml: the file must be a map with model_list\n");
  EXPECT_TRUE(has_errors(read_text("- a\n").problems));
  EXPECT_EQ(read_text("router_settings: {}\n").told(), "c.yaml: model_list: must have an entry\n");
  EXPECT_TRUE(has_errors(read_text("model_list: {a: b}\n").problems));
  EXPECT_TRUE(has_errors(read_text("model_list: [1, [], null, {}]\n").problems));
  EXPECT_TRUE(has_errors(read_text("a: [\n").problems));
  EXPECT_TRUE(has_errors(read_text(std::string(2'000'000, 'a')).problems));
}

TEST(litellm_hostile, warnings_do_not_push_errors_out_of_the_report) {
  std::string text = "model_list: [{model_name: a, litellm_params: {model: ollama/a}}]\n";
  for (int i = 0; i < 1000; ++i)
    text += "unknown" + std::to_string(i) + ": 1\n";
  text += "general_settings: {master_key: k}\n";
  EXPECT_TRUE(has_errors(read_text(text).problems));
}

TEST(litellm_hostile, aliases_do_not_multiply_without_end) {
  std::string bomb = "x0: &x0 [lol, lol, lol, lol, lol, lol, lol, lol]\n";
  for (int i = 1; i < 20; ++i) {
    const auto before = "*x" + std::to_string(i - 1);
    bomb += "x" + std::to_string(i) + ": &x" + std::to_string(i) + " [" + before;
    for (int j = 0; j < 7; ++j)
      bomb += ", " + before;
    bomb += "]\n";
  }
  const auto found = read_text(bomb + entry_with("stop: *x19"));
  EXPECT_NE(found.told().find("stop: is longer than 65536 bytes"), std::string::npos);
}

TEST(litellm_hostile, one_entry_many_times_is_bounded) {
  std::string text = "long: &long " + std::string(60'000, 'x') +
                     "\nmodel_list:\n"
                     "  - &e {model_name: a, litellm_params: {model: ollama/a, user: *long}}\n";
  for (int i = 0; i < 5000; ++i)
    text += "  - *e\n";
  EXPECT_TRUE(has_errors(read_text(text).problems));
}

TEST(litellm_hostile, files_do_not_include_each_other_for_ever) {
  const auto found =
      read_text("include: [c.yaml, c.yaml]\n", {}, {{"c.yaml", "include: [c.yaml]\n"}});
  EXPECT_EQ(found.all.files.size(), 3u);
}

TEST(litellm_hostile, values_that_are_no_text_of_the_web) {
  EXPECT_FALSE(is_utf8("\xff"));
  EXPECT_FALSE(is_utf8("\xc0\x80"));
  EXPECT_FALSE(is_utf8("\xed\xa0\x80"));
  EXPECT_FALSE(is_utf8("\xf4\x90\x80\x80"));
  EXPECT_FALSE(is_utf8("\xe2\x82"));
  EXPECT_TRUE(is_utf8("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"));
  for (const char* good : {"0", "-1", "1.5", "1e9", "2E-3"})
    EXPECT_TRUE(is_json_number(good)) << good;
  for (const char* bad : {"", "-", "01", "1.", ".5", "1e", "0x1", "1_0", "+1", "nan"})
    EXPECT_FALSE(is_json_number(bad)) << bad;
}

/// Whatever becomes of a file, it is read to an end, and what is printed of it is one.
TEST(litellm_hostile, a_file_with_changed_bytes_has_an_answer) {
  const auto good = read_all(SYNAPSE_SOURCE_DIR "/tests/config/litellm/homelab.yaml");
  std::mt19937 random{7};
  const std::string marks = ":-[]{}*&\n \"'#x0/";
  for (int round = 0; round < 300; ++round) {
    std::string text = good;
    for (int i = 0; i < 1 + round % 4; ++i) {
      const std::size_t at = random() % text.size();
      if (random() % 2 == 0)
        text[at] = marks[random() % marks.size()];
      else
        text.erase(at, random() % 12);
    }
    const auto found = read_text(text, {{"VLLM_API_KEY", "x"}, {"ANTHROPIC_API_KEY", "y"}});
    EXPECT_LE(found.problems.size(), problem_list::max_problems + 1);
    problem_list problems;
    EXPECT_TRUE(parse_yaml(render_native(found.all), "n.yaml", problems)) << text;
  }
}

} // namespace
} // namespace synapse::config::litellm
