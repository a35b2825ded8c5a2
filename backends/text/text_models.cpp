#include "backends/text/text_models.hpp"

#include "backends/text/words.hpp"

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

namespace synapse::backends {

namespace {

constexpr double least_coverage = 0.34;
constexpr std::size_t sentences_per_answer = 4;
constexpr double introduction_weight = 0.5; // of a passage's first sentence
constexpr std::size_t longest_code = 1200;  // bytes of a block that is quoted
constexpr double worth_naming = 0.5;        // of the best passage's score

bool first_answer(const std::vector<turn>& conversation) {
  return std::none_of(conversation.begin(), conversation.end(),
                      [](const turn& each) { return each.role == "assistant"; });
}

// Words of a question that say what to do with the topic rather than what it is. They count only
// if there is nothing else.
std::vector<std::string> topic_terms(std::string_view question) {
  static const std::set<std::string, std::less<>> vague{
      stem("set"),  stem("use"),  stem("make"),    stem("need"), stem("want"), stem("show"),
      stem("mean"), stem("work"), stem("explain"), stem("know"), stem("find"), stem("happen")};
  auto all = key_terms(question);
  auto topics = all;
  std::erase_if(topics, [&](const std::string& term) { return vague.contains(term); });
  return topics.empty() ? all : topics;
}

// A short follow-up ("and on a Mac?") is about what was asked before.
std::vector<std::string> question_terms(const std::vector<turn>& conversation) {
  auto terms = topic_terms(last_user_text(conversation));
  if (terms.size() >= 2)
    return terms;
  std::size_t users = 0;
  for (auto each = conversation.rbegin(); each != conversation.rend() && users < 2; ++each)
    if (each->role == "user" && users++ == 1)
      for (auto& term : topic_terms(each->text))
        terms.push_back(std::move(term));
  return terms;
}

std::string shortened(std::string_view text) {
  constexpr std::size_t most = 120;
  if (text.size() <= most)
    return std::string(text);
  auto end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
    --end;
  return std::string(text.substr(0, end)) + "…";
}

std::string topics(const docs_index& index) {
  std::string out;
  for (const auto& title : index.titles(8))
    out += "\n- " + title;
  return out;
}

std::string source_of(const passage& where) {
  return where.place() == where.file ? where.file : where.file + " (" + where.place() + ")";
}

std::string with_end(std::string sentence) {
  while (!sentence.empty() && (sentence.back() == ';' || sentence.back() == ','))
    sentence.pop_back();
  if (!sentence.empty() && std::string_view(".!?:").find(sentence.back()) == std::string::npos)
    sentence += '.';
  return sentence;
}

class echo_model final : public text_model {
public:
  std::string answer(const std::vector<turn>& conversation) const override {
    auto text = last_user_text(conversation);
    return text.empty() ? "(nothing was said)" : std::string(text);
  }

  std::string_view description() const override { return "Repeats the last user message."; }
};

class docs_model final : public text_model {
public:
  explicit docs_model(std::shared_ptr<const docs_index> index) : index_(std::move(index)) {}

  std::string_view description() const override {
    return "Answers with sentences of the documentation, found by BM25.";
  }

  std::string answer(const std::vector<turn>& conversation) const override {
    if (!conversation.empty() && conversation.back().role == "tool")
      return "The tool answered: " + conversation.back().text;
    auto terms = question_terms(conversation);
    if (terms.empty() || (terms.size() == 1 && index_->weight(terms[0]) <= 0))
      return introduction();
    auto hits = index_->search(terms, 4, false);
    if (hits.empty() || hits.front().coverage < least_coverage)
      return "I found nothing about \"" + shortened(last_user_text(conversation)) + "\" in the " +
             std::to_string(index_->size()) +
             " passages I can search. I can only quote these documents:" + topics(*index_);
    return compose(hits, terms, first_answer(conversation));
  }

private:
  std::string introduction() const {
    return "Hello! I am local-docs, a small retrieval model without a neural network: I search " +
           std::to_string(index_->size()) +
           " passages of documentation and answer with what they say. Ask me about:" +
           topics(*index_);
  }

  double sentence_score(const std::string& sentence, const std::set<std::string>& terms) const {
    std::set<std::string> met;
    auto words = key_terms(sentence);
    for (auto& word : words)
      if (terms.contains(word))
        met.insert(std::move(word));
    double score = 0;
    for (const auto& term : met)
      score += index_->weight(term);
    return score / (1.0 + 0.02 * static_cast<double>(words.size()));
  }

  /// Where the most telling run of sentences begins: what is quoted in one piece can be understood.
  std::size_t best_beginning(const passage& where, const std::set<std::string>& terms) const {
    std::vector<double> scores;
    for (const auto& sentence : where.sentences)
      scores.push_back(sentence_score(sentence, terms));
    std::size_t best = 0;
    double best_sum = -1;
    for (std::size_t begin = 0; begin < scores.size(); ++begin) {
      double sum = begin == 0 ? introduction_weight : 0;
      for (std::size_t s = begin; s < scores.size() && s < begin + sentences_per_answer; ++s)
        sum += scores[s] / static_cast<double>(s - begin + 1);
      if (sum > best_sum) {
        best = begin;
        best_sum = sum;
      }
    }
    return best;
  }

  /// The code of the passage that the question is about, if any of it is.
  const code_block* best_code(const passage& where, const std::set<std::string>& terms) const {
    const code_block* best = nullptr;
    double best_score = 0;
    for (const auto& block : where.blocks) {
      const auto score = sentence_score(block.lead + " " + block.code, terms);
      if (score > best_score && block.code.size() <= longest_code) {
        best = &block;
        best_score = score;
      }
    }
    return best;
  }

  std::string compose(const std::vector<docs_index::hit>& hits,
                      const std::vector<std::string>& terms, bool first) const {
    const std::set<std::string> unique(terms.begin(), terms.end());
    const auto& where = *hits.front().where;
    std::string text;
    const auto begin = best_beginning(where, unique);
    for (std::size_t s = begin; s < where.sentences.size() && s < begin + sentences_per_answer; ++s)
      text += (text.empty() ? "" : " ") + with_end(where.sentences[s]);
    const auto* code = best_code(where, unique);
    // What a sentence announces is not in the answer unless it is the code.
    if (code == nullptr && text.ends_with(':') && text.rfind(". ") != std::string::npos)
      text.resize(text.rfind(". ") + 1);
    if (code == nullptr && text.empty())
      code = &where.blocks.front();
    if (code != nullptr) {
      text += text.empty() ? code->lead : "";
      text += "\n\n```" + code->language + "\n" + code->code + "```";
    }
    text += "\n\nSources:";
    std::set<std::string> named;
    for (const auto& hit : hits)
      if (hit.score >= worth_naming * hits.front().score &&
          named.insert(source_of(*hit.where)).second)
        text += "\n- " + source_of(*hit.where);
    if (first)
      text += "\n\n(I am local-docs, a retrieval model: I quote these documents and know nothing "
              "else.)";
    return text;
  }

  std::shared_ptr<const docs_index> index_;
};

class coder_model final : public text_model {
public:
  explicit coder_model(std::shared_ptr<const docs_index> index) : index_(std::move(index)) {}

  std::string_view description() const override {
    return "Answers with code blocks and commands of the documentation, found by BM25.";
  }

  std::string answer(const std::vector<turn>& conversation) const override {
    auto terms = question_terms(conversation);
    auto hits = index_->search(terms, 3, true);
    if (hits.empty() || hits.front().coverage < least_coverage)
      return "I am local-coder: I can only show commands and code that the documentation holds, "
             "and none of them matches \"" +
             shortened(last_user_text(conversation)) + "\". I do not write new code.";
    std::string text;
    for (const auto& each : hits) {
      if (each.score < 0.6 * hits.front().score)
        break;
      const auto& block = best_block(*each.where, terms);
      text += (text.empty() ? "" : "\n\n") +
              with_end(block.lead.empty() ? each.where->place() : block.lead) + "\n\n```" +
              block.language + "\n" + block.code + "```\nFrom " + source_of(*each.where) + ".";
    }
    return text;
  }

private:
  const code_block& best_block(const passage& where, const std::vector<std::string>& terms) const {
    std::size_t best = 0;
    double best_score = -1;
    for (std::size_t i = 0; i < where.blocks.size(); ++i) {
      auto words = key_terms(where.blocks[i].lead + " " + where.blocks[i].code);
      double score = 0;
      for (const auto& term : terms)
        if (std::find(words.begin(), words.end(), term) != words.end())
          score += index_->weight(term);
      if (score > best_score) {
        best = i;
        best_score = score;
      }
    }
    return where.blocks[best];
  }

  std::shared_ptr<const docs_index> index_;
};

constexpr std::string_view about = R"(# About the local models

## local-docs
The model local-docs is a retrieval model. It splits the documentation into passages, ranks them
for your question with BM25 over word stems, and answers with the sentences that match best. It has
no neural network, it does not reason, and it says so when it finds nothing.

## local-coder
The model local-coder searches only code blocks and commands of the documentation and shows the
ones that match. It does not write new code.

## local-echo
The model local-echo repeats the last user message, which is useful in tests.

## local-embed
The embedding model local-embed hashes words, word stems and character n-grams into 384 dimensions.
Texts that share vocabulary come out near each other; it knows no meanings beyond that.

## Starting the local backends
The program synapse-backends serves these models on the loopback interface without a GPU. Give it
folders of Markdown files to answer from:

```bash
synapse-backends --docs docs --docs notes
```
)";

} // namespace

std::string_view last_user_text(const std::vector<turn>& conversation) {
  auto found = std::find_if(conversation.rbegin(), conversation.rend(),
                            [](const turn& each) { return each.role == "user"; });
  if (found != conversation.rend())
    return found->text;
  return conversation.empty() ? std::string_view{} : conversation.back().text;
}

std::unique_ptr<text_model> make_echo_model() {
  return std::make_unique<echo_model>();
}

std::unique_ptr<text_model> make_docs_model(std::shared_ptr<const docs_index> index) {
  return std::make_unique<docs_model>(std::move(index));
}

std::unique_ptr<text_model> make_coder_model(std::shared_ptr<const docs_index> index) {
  return std::make_unique<coder_model>(std::move(index));
}

std::vector<passage> about_the_models() {
  return read_markdown(about, "about the local models");
}

} // namespace synapse::backends
