/// @file
/// OpenAI's answer to a chat or a completion as one JSON object → Ollama's.
#pragma once

#include "http/dialects/json_answer.hpp"
#include "http/dialects/ollama/client/answer_lines.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace synapse::http::ollama::client {

/// The answer without a stream.
class whole_answer final : public json_answer {
public:
  /// @param by chat or generate
  whole_answer(route by, answer_facts facts) : lines_(by, std::move(facts)) {}

  /// As the backend says, once the answer is complete; -1 where it does not.
  std::int64_t prompt_tokens() const noexcept override { return prompt_tokens_; }
  std::int64_t completion_tokens() const noexcept override { return completion_tokens_; }

protected:
  progress translate(std::string& text, std::string& out) override;

private:
  answer_lines lines_;
  std::int64_t prompt_tokens_ = -1;
  std::int64_t completion_tokens_ = -1;
};

} // namespace synapse::http::ollama::client
