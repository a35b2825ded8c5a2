/// @file
/// Ollama's embeddings → OpenAI's list of them.
#pragma once

#include "http/dialects/json_answer.hpp"
#include "http/dialects/ollama/answer_parts.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace synapse::http::ollama {

/// The answer to /api/embed. Numbers stay as the server spells them, or become the four bytes of
/// each (little-endian) as base64.
class embedding_answer final : public json_answer {
public:
  /// @param model as the client is to read it
  /// @param inputs how many there have to be, as in the call
  embedding_answer(std::string model, bool base64, std::size_t inputs)
      : model_(std::move(model)), inputs_(inputs), base64_(base64) {}

  /// As the server says, once the answer is complete; -1 where it does not.
  std::int64_t prompt_tokens() const noexcept override { return prompt_tokens_; }
  /// After `bad`: the answer was an error in place of one.
  const std::optional<reported_error>& error() const noexcept { return error_; }
  std::optional<told_error> reported() const override { return told_of(error_); }

protected:
  progress translate(std::string& text, std::string& out) override;

private:
  std::string model_;
  std::size_t inputs_;
  std::int64_t prompt_tokens_ = -1;
  std::optional<reported_error> error_;
  bool base64_;
};

} // namespace synapse::http::ollama
