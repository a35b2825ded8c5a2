#include "http/core/json/utf8.hpp"
#include "http/dialects/segment_joiner.hpp"
#include "http/dialects/whisper_cpp/answer.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace synapse::http::whisper_cpp {
namespace {

constexpr std::string_view unreadable = "\xef\xbf\xbd"; // U+FFFD
/// Bytes of one character, for each unreadable one that stands for some of them.
constexpr std::size_t character_bytes = 4;

bool has_unreadable(std::string_view text) {
  return text.find(unreadable) != std::string_view::npos;
}

/// Begins with a character of a script that has no blanks between words.
bool begins_unspaced(std::string_view text) {
  const auto length = text.empty() ? 0 : detail::utf8_length(text);
  if (length < 3)
    return false; // they begin at U+0E00
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  char32_t character = byte(0) & (0x7fU >> length);
  for (std::size_t at = 1; at < length; ++at)
    character = character << 6 | (byte(at) & 0x3fU);
  return is_unspaced(character);
}

/// Puts tokens together until a blank, or a script without blanks, begins another word.
class word_builder {
public:
  void add(const token& one) {
    const bool unspaced = begins_unspaced(one.word);
    if (words_.empty() || one.word.starts_with(' ') || unspaced || unspaced_)
      start(one);
    else
      extend(one);
    unspaced_ = unspaced;
  }
  std::vector<transcript_word> finish() {
    close();
    return std::move(words_);
  }

private:
  void start(const token& one) {
    close();
    words_.push_back(one);
    logs_ = one.probability > 0 ? std::log(one.probability) : 0;
    count_ = one.probability > 0 ? 1 : 0;
  }
  void extend(const token& one) {
    auto& word = words_.back();
    word.word += one.word;
    word.end = std::max(word.end, one.end);
    if (one.probability > 0) {
      logs_ += std::log(one.probability);
      ++count_;
    }
  }
  /// A word is as probable as its tokens are in the mean.
  void close() {
    if (!words_.empty())
      words_.back().probability = count_ > 0 ? std::exp(logs_ / count_) : 0;
  }

  std::vector<transcript_word> words_;
  double logs_ = 0;
  int count_ = 0;
  bool unspaced_ = false; ///< the last token
};

/// Gives words with unreadable characters the part of the text that lies between their neighbours.
void mend(std::string_view text, std::vector<transcript_word>& words) {
  for (std::size_t at = 0; at < words.size(); ++at) {
    auto& word = words[at].word;
    if (!has_unreadable(word)) {
      if (!text.starts_with(word))
        return; // not the words of this text
      text.remove_prefix(word.size());
      continue;
    }
    auto end = text.size();
    if (at + 1 < words.size()) {
      if (has_unreadable(words[at + 1].word))
        return; // which of both has what cannot be told
      const auto& next = words[at + 1].word;
      end = text.substr(0, word.size() * character_bytes + next.size()).find(next);
    }
    if (end == std::string_view::npos)
      return;
    word = text.substr(0, end);
    text.remove_prefix(end);
  }
}

} // namespace

std::vector<transcript_word> words_of(std::string_view segment_text,
                                      const std::vector<token>& tokens) {
  word_builder builder;
  bool broken = false;
  for (const auto& one : tokens) {
    builder.add(one);
    broken = broken || has_unreadable(one.word);
  }
  auto words = builder.finish();
  if (broken)
    mend(segment_text, words);
  return words;
}

} // namespace synapse::http::whisper_cpp
