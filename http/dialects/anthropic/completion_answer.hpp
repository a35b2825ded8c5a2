/// @file
/// Anthropic's message → OpenAI's answer to a chat.
#pragma once

#include "http/dialects/anthropic/answer_words.hpp"
#include "http/dialects/json_answer.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace synapse::http::anthropic {

/// A message → a `chat.completion`.
class completion_answer final : public json_answer {
public:
  explicit completion_answer(answer_names names) : names_(std::move(names)) {}

  /// Once the answer is complete.
  const token_usage& usage() const noexcept { return usage_; }
  std::int64_t prompt_tokens() const noexcept override { return usage_.prompt; }
  std::int64_t completion_tokens() const noexcept override { return usage_.completion; }

protected:
  progress translate(std::string& text, std::string& out) override;

private:
  answer_names names_;
  token_usage usage_;
};

} // namespace synapse::http::anthropic
