/// @file
/// Ollama's answer as one JSON object → OpenAI's.
#pragma once

#include "http/dialects/json_answer.hpp"
#include "http/dialects/ollama/answer_parts.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace synapse::http::ollama {

/// The answer to /api/chat or /api/generate without a stream.
class whole_answer : public json_answer {
public:
  whole_answer(answer_kind kind, answer_names names) : names_(std::move(names)), kind_(kind) {}

  /// As the server says, once the answer is complete; -1 where it does not.
  std::int64_t prompt_tokens() const noexcept override { return prompt_tokens_; }
  std::int64_t completion_tokens() const noexcept override { return completion_tokens_; }
  /// Of the prompt of a complete answer. See `is_truncated`
  bool truncated(std::int64_t estimated, std::int64_t context) const noexcept {
    return is_truncated(prompt_tokens_, estimated, context);
  }
  /// After `bad`: the answer was an error in place of one.
  const std::optional<reported_error>& error() const noexcept { return error_; }
  std::optional<told_error> reported() const override { return told_of(error_); }

protected:
  progress translate(std::string& text, std::string& out) override;

private:
  std::optional<std::string> message_of(const answer_parts& parts, bool& called) const;

  answer_names names_;
  answer_kind kind_;
  std::int64_t prompt_tokens_ = -1;
  std::int64_t completion_tokens_ = -1;
  std::optional<reported_error> error_;
};

} // namespace synapse::http::ollama
