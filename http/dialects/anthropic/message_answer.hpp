/// @file
/// OpenAI's answer to a chat → Anthropic's message.
#pragma once

#include "http/dialects/anthropic/answer_words.hpp"
#include "http/dialects/json_answer.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace synapse::http::anthropic {

/// A `chat.completion` → a message. Of a call whose arguments are no JSON object there is no block
/// to be made, and none is made up: the answer is `bad`. Only where the answer was cut by its limit
/// of tokens such a call is left out: the reason, `max_tokens`, says that something is missing.
class message_answer final : public json_answer {
public:
  explicit message_answer(answer_names names) : names_(std::move(names)) {}

  /// Once the answer is complete.
  const token_usage& usage() const noexcept { return usage_; }
  std::int64_t prompt_tokens() const noexcept override { return usage_.prompt; }
  std::int64_t completion_tokens() const noexcept override { return usage_.completion; }

protected:
  progress translate(std::string& text, std::string& out) override;

private:
  bool append_content(const openai::chat_chunk& answer, std::string& out) const;
  bool append_call(const openai::call_part& call, std::size_t number, std::string& out) const;

  answer_names names_;
  token_usage usage_;
};

} // namespace synapse::http::anthropic
