/// @file
/// OpenAI's list of embeddings → Ollama's, of today or of old.
#pragma once

#include "http/dialects/json_answer.hpp"
#include "http/dialects/ollama/client/answer_lines.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace synapse::http::ollama::client {

/// Numbers stay as the backend spells them; four bytes of each (little-endian) as base64, which
/// some send whatever they are asked for, become numbers again.
class embedding_answer final : public json_answer {
public:
  /// @param by embed or embeddings. @param inputs how many there have to be, as in the call
  embedding_answer(route by, answer_facts facts, std::size_t inputs)
      : facts_(std::move(facts)), inputs_(inputs), by_(by) {}

  /// As the backend says, once the answer is complete; -1 where it does not.
  std::int64_t prompt_tokens() const noexcept override { return prompt_tokens_; }

protected:
  progress translate(std::string& text, std::string& out) override;

private:
  answer_facts facts_;
  std::size_t inputs_;
  std::int64_t prompt_tokens_ = -1;
  route by_;
};

} // namespace synapse::http::ollama::client
