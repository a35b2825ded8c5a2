#include "backends/text/docs_index.hpp"
#include "backends/text/embedding_model.hpp"
#include "backends/text/markdown.hpp"
#include "backends/text/text_models.hpp"
#include "backends/text/tokenizer.hpp"
#include "backends/text/words.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <unistd.h>

namespace synapse::backends {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(words, split_at_case_marks_and_punctuation) {
  EXPECT_THAT(split_words("loadModel, X-Request-Id"),
              ElementsAre("load", "model", "x", "request", "id"));
}

TEST(words, stems_bring_forms_of_a_word_together) {
  EXPECT_EQ(stem("loading"), stem("loads"));
  EXPECT_EQ(stem("configuration"), stem("configure"));
  EXPECT_EQ(stem("retries"), stem("retry"));
  EXPECT_EQ(stem("generated"), stem("generation"));
  EXPECT_EQ(stem("creating"), stem("creation"));
  EXPECT_EQ(stem("stopped"), stem("stop"));
  EXPECT_NE(stem("port"), stem("report"));
}

TEST(tokenizer, gives_every_text_back) {
  for (std::string text : {"Hello, World!", "  two  blanks ", "camelCase_and-9999999",
                           "Grüße 🚀\n\t|x|", "\x7f\x01", ""}) {
    std::vector<std::int64_t> ids;
    std::string joined;
    for (const auto& each : tokenize(text)) {
      EXPECT_GE(each.id, 0);
      EXPECT_LT(each.id, vocabulary_size);
      EXPECT_EQ(piece_of(each.id), each.piece);
      ids.push_back(each.id);
      joined += each.piece;
    }
    EXPECT_EQ(joined, text);
    EXPECT_EQ(detokenize(ids), text);
  }
}

TEST(tokenizer, keeps_bytes_that_are_no_utf8) {
  std::string bytes = "a\xff\xc3(\0b";
  std::vector<std::int64_t> ids;
  for (const auto& each : tokenize(bytes))
    ids.push_back(each.id);
  EXPECT_EQ(detokenize(ids), bytes);
}

TEST(tokenizer, refuses_numbers_that_are_no_tokens) {
  EXPECT_FALSE(detokenize({-1}));
  EXPECT_FALSE(detokenize({vocabulary_size}));
  EXPECT_FALSE(detokenize({(1LL << 29) | 31}));
}

TEST(tokenizer, makes_about_one_token_of_four_characters) {
  std::string text(
      "The gateway forwards what came, unparsed where nothing has to be read, and parses a copy.");
  auto count = tokenize(text).size();
  EXPECT_GT(count, text.size() / 6);
  EXPECT_LT(count, text.size() / 3);
}

struct triple {
  const char* about;
  const char* paraphrase;
  const char* unrelated;
};

/// Else the test would be called by the addresses of its texts, by others in every run.
void PrintTo(const triple& texts, std::ostream* out) {
  *out << texts.about;
}

class embedding_quality : public testing::TestWithParam<triple> {};

TEST_P(embedding_quality, a_paraphrase_is_nearer_than_something_else) {
  embedding_model model;
  auto about = model.embed(GetParam().about);
  auto near = cosine(about, model.embed(GetParam().paraphrase));
  auto far = cosine(about, model.embed(GetParam().unrelated));
  EXPECT_GT(near, far + 0.1);
}

INSTANTIATE_TEST_SUITE_P(
    texts, embedding_quality,
    testing::Values(triple{"How do I reset my password?", "I forgot the password and need it reset",
                           "What is the weather like in Oslo?"},
                    triple{"The cat sat on the mat", "On the mat a cat is sitting",
                           "Quarterly revenue fell sharply"},
                    triple{"Restart the server after changing the configuration",
                           "When the configuration has changed, servers must be restarted",
                           "Bake the bread for forty minutes"},
                    triple{"unit tests fail on Windows", "failing unit test on a Windows machine",
                           "the concert starts at eight"},
                    triple{"Die Katze schläft auf dem Sofa", "Auf dem Sofa schläft eine Katze",
                           "Der Zug nach Hamburg fährt gleich"}));

TEST(embedding, is_of_unit_length_and_always_the_same) {
  embedding_model model;
  for (auto text : {"hello", "!?", " ", "a longer text about gateways and their backends"}) {
    auto first = embedding_model{}.embed(text);
    ASSERT_EQ(first.size(), embedding_model::dimensions);
    EXPECT_NEAR(cosine(first, first), 1.0, 1e-6);
    double length = 0;
    for (double value : first)
      length += value * value;
    EXPECT_NEAR(length, 1.0, 1e-5) << text;
    EXPECT_EQ(first, model.embed(text));
  }
}

TEST(embedding, its_first_dimensions_are_a_coarser_embedding) {
  embedding_model model;
  auto cut = [&](const char* text) {
    auto out = model.embed(text);
    out.resize(64);
    return out;
  };
  auto about = cut("restart the server after changing the configuration");
  EXPECT_GT(cosine(about, cut("servers are restarted when their configuration changed")),
            cosine(about, cut("bake the bread for forty minutes")) + 0.1);
}

TEST(embedding, normalizes_as_asked) {
  std::vector<float> values{3, -4};
  normalize(values, 1);
  EXPECT_THAT(values, ElementsAre(testing::FloatEq(3.0F / 7), testing::FloatEq(-4.0F / 7)));
  normalize(values, 0);
  EXPECT_FLOAT_EQ(values[1], -32760);
  normalize(values, -1);
  EXPECT_FLOAT_EQ(values[1], -32760);
}

constexpr auto manual = R"(# Kettle

Intro with a [link](http://x) and **bold** words. Things, e.g. This one, stay together.

## Heating water

Press the red button. The water boils at 100 degrees.

| part | price |
|---|---|
| lid | 3 euro |

## Cleaning

- Use vinegar against lime.
- Rinse twice.

Run the self test:

```sh
kettle --self-test
# Not a heading
```
)";

TEST(markdown, becomes_passages_with_sentences_and_code) {
  auto parts = read_markdown(manual, "manual.md");
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_THAT(parts[0].sentences, ElementsAre("Intro with a link and bold words.",
                                              "Things, e.g. This one, stay together."));
  EXPECT_EQ(parts[1].place(), "Kettle > Heating water");
  EXPECT_THAT(parts[1].sentences, ElementsAre("Press the red button.",
                                              "The water boils at 100 degrees.", "lid: 3 euro"));
  ASSERT_EQ(parts[2].blocks.size(), 1U);
  EXPECT_EQ(parts[2].blocks[0].language, "sh");
  EXPECT_EQ(parts[2].blocks[0].lead, "Run the self test:");
  EXPECT_EQ(parts[2].blocks[0].code, "kettle --self-test\n# Not a heading\n");
}

TEST(markdown, takes_an_unfinished_code_block) {
  auto parts = read_markdown("text\n```\ncode", "x.md");
  ASSERT_EQ(parts.size(), 1U);
  EXPECT_EQ(parts[0].blocks.at(0).code, "code\n");
}

std::shared_ptr<const docs_index> kettle_index() {
  auto index = std::make_shared<docs_index>();
  index->add(read_markdown(manual, "manual.md"));
  index->add(read_markdown("# Toaster\n\nPut the bread in. Push the lever down.\n", "toaster.md"));
  return index;
}

TEST(docs_index, ranks_the_passage_that_is_asked_for_first) {
  auto index = kettle_index();
  auto hits = index->search(key_terms("how is the bread toasted?"), 3, false);
  ASSERT_FALSE(hits.empty());
  EXPECT_EQ(hits[0].where->file, "toaster.md");
  EXPECT_GT(hits[0].coverage, 0.5);
}

TEST(docs_index, reads_a_folder_with_its_folders) {
  auto root = std::filesystem::temp_directory_path() / ("synapse-docs-" + std::to_string(getpid()));
  std::filesystem::create_directories(root / "deep");
  std::ofstream(root / "a.md") << "# Alpha\n\nFirst.\n";
  std::ofstream(root / "deep" / "b.md") << "# Beta\n\nSecond.\n";
  std::ofstream(root / "c.txt") << "# Gamma\n\nThird.\n";
  auto index = docs_index::from_paths({root, root / "missing"});
  std::filesystem::remove_all(root);
  EXPECT_THAT(index.titles(10), ElementsAre("Alpha", "Beta"));
}

TEST(docs_model, quotes_and_names_its_source) {
  auto model = make_docs_model(kettle_index());
  auto text = model->answer({{"user", "How do I clean the kettle of lime?"}});
  EXPECT_THAT(text,
              AllOf(HasSubstr("Use vinegar against lime."),
                    HasSubstr("manual.md (Kettle > Cleaning)"), HasSubstr("retrieval model")));
}

TEST(docs_model, says_when_it_finds_nothing) {
  auto model = make_docs_model(kettle_index());
  auto text = model->answer({{"user", "Who composed the opera Fidelio in Vienna?"}});
  EXPECT_THAT(text, AllOf(HasSubstr("I found nothing"), HasSubstr("Kettle"), HasSubstr("Toaster")));
}

TEST(docs_model, introduces_itself_to_a_greeting_and_explains_itself_once) {
  auto model = make_docs_model(kettle_index());
  EXPECT_THAT(model->answer({{"user", "hello"}}), HasSubstr("I am local-docs"));
  auto later = model->answer(
      {{"user", "hi"}, {"assistant", "Hello!"}, {"user", "what does the red button heat?"}});
  EXPECT_THAT(later, AllOf(HasSubstr("red button"), Not(HasSubstr("I am local-docs"))));
}

TEST(docs_model, understands_a_short_follow_up) {
  auto model = make_docs_model(kettle_index());
  auto text = model->answer(
      {{"user", "kettle water heating"}, {"assistant", "…"}, {"user", "and the price?"}});
  EXPECT_THAT(text, HasSubstr("3 euro"));
}

TEST(coder_model, shows_commands_and_admits_its_limits) {
  auto model = make_coder_model(kettle_index());
  EXPECT_THAT(model->answer({{"user", "self test command of the kettle"}}),
              HasSubstr("```sh\nkettle --self-test\n"));
  EXPECT_THAT(model->answer({{"user", "write a quicksort in Rust"}}),
              HasSubstr("I do not write new code"));
}

TEST(echo_model, repeats_the_last_user_message) {
  auto model = make_echo_model();
  EXPECT_EQ(model->answer({{"user", "one"}, {"assistant", "two"}, {"user", "three"}}), "three");
}

} // namespace
} // namespace synapse::backends
