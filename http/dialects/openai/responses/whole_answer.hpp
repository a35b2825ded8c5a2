/// @file
/// A chat's answer as one JSON object → a response.
#pragma once

#include "http/dialects/json_answer.hpp"
#include "http/dialects/openai/responses/output.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace synapse::http::openai::responses {

class whole_answer final : public json_answer {
public:
  explicit whole_answer(answer_frame frame) : output_(std::move(frame)) {}

  /// The response as the client has it, to be stored; empty before the end.
  const std::string& response() const noexcept { return response_; }
  /// After a good end: what a later response goes on from, as `known::earlier`.
  std::string conversation() const { return output_.conversation(); }
  /// As the backend says; -1 where it does not, or has not yet.
  std::int64_t prompt_tokens() const noexcept override { return output_.counts().prompt; }
  std::int64_t completion_tokens() const noexcept override { return output_.counts().completion; }

protected:
  progress translate(std::string& text, std::string& out) override;

private:
  void take_texts(const chat_chunk& answer);
  bool take_calls(const chat_chunk& answer);

  output output_;
  std::string response_;
};

} // namespace synapse::http::openai::responses
