#include "backends/text/words.hpp"

#include <algorithm>
#include <array>
#include <unordered_set>

namespace synapse::backends {

namespace {

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}

bool is_ascii_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_word_byte(char c) {
  return is_upper(c) || is_lower(c) || is_ascii_digit(c) || static_cast<unsigned char>(c) >= 0x80;
}

bool is_vowel(char c) {
  return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u' || c == 'y';
}

bool has_vowel(std::string_view text) {
  return std::any_of(text.begin(), text.end(), is_vowel);
}

struct ending {
  std::string_view text;
  std::string_view replacement;
};

// Longest first: the first that fits is taken off.
constexpr std::array endings{
    ending{"ization", "ize"}, ending{"ational", "ate"}, ending{"fulness", "ful"},
    ending{"ousness", "ous"}, ending{"ations", "ate"},  ending{"ation", "ate"},
    ending{"ments", "ment"},  ending{"ingly", ""},      ending{"edly", ""},
    ending{"ness", ""},       ending{"ings", ""},       ending{"ies", "y"},
    ending{"ied", "y"},       ending{"ing", ""},        ending{"ers", ""},
    ending{"sses", "ss"},     ending{"ed", ""},         ending{"er", ""},
    ending{"es", "e"},        ending{"ly", ""},         ending{"s", ""},
};

const std::unordered_set<std::string_view> stop_words{
    "a",     "about", "above", "after",  "again",  "all",   "also",  "am",    "an",    "and",
    "any",   "are",   "as",    "at",     "be",     "been",  "being", "but",   "by",    "can",
    "could", "did",   "do",    "does",   "doing",  "don",   "else",  "for",   "from",  "get",
    "give",  "had",   "has",   "have",   "having", "he",    "her",   "here",  "him",   "his",
    "how",   "i",     "if",    "in",     "into",   "is",    "it",    "its",   "just",  "let",
    "ll",    "many",  "may",   "me",     "might",  "more",  "most",  "much",  "must",  "my",
    "no",    "nor",   "not",   "of",     "on",     "one",   "only",  "or",    "other", "our",
    "out",   "over",  "own",   "please", "re",     "s",     "same",  "shall", "she",   "should",
    "so",    "some",  "such",  "t",      "tell",   "than",  "that",  "the",   "their", "them",
    "then",  "there", "these", "they",   "this",   "those", "to",    "too",   "under", "up",
    "us",    "ve",    "very",  "was",    "we",     "were",  "what",  "when",  "where", "which",
    "while", "who",   "whom",  "why",    "will",   "with",  "would", "you",   "your",
};

} // namespace

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> out;
  std::string word;
  auto flush = [&] {
    if (!word.empty())
      out.push_back(std::move(word));
    word.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (!is_word_byte(c)) {
      flush();
      continue;
    }
    if (is_upper(c) && i > 0 && is_lower(text[i - 1]))
      flush();
    word += is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
  }
  flush();
  return out;
}

std::string stem(std::string_view word) {
  if (word.size() < 4 || word.ends_with("ss") || word.ends_with("us") || word.ends_with("is"))
    return std::string(word);
  std::string out(word);
  for (const auto& each : endings) {
    if (!word.ends_with(each.text))
      continue;
    auto root = word.substr(0, word.size() - each.text.size());
    if (root.size() + each.replacement.size() < 3 || !has_vowel(root))
      continue;
    out = std::string(root) + std::string(each.replacement);
    break;
  }
  auto size = out.size();
  if (size > 4 && out[size - 1] == out[size - 2] && !is_vowel(out[size - 1]) &&
      out[size - 1] != 'l' && out[size - 1] != 's' && out.size() < word.size())
    out.pop_back();
  if (out.size() > 4 && out.ends_with('e'))
    out.pop_back();
  // "generate" and "generation" meet here, and "configuration" meets "configure".
  if (out.size() >= 7 && out.ends_with("at"))
    out.resize(out.size() - 2);
  return out;
}

bool is_stop_word(std::string_view word) {
  return stop_words.contains(word);
}

std::vector<std::string> key_terms(std::string_view text) {
  std::vector<std::string> out;
  for (const auto& word : split_words(text))
    if (!is_stop_word(word))
      out.push_back(stem(word));
  return out;
}

} // namespace synapse::backends
