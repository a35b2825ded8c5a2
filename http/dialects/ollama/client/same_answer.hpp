/// @file
/// Ollama's answer for Ollama's client: the same bytes, whose end is watched.
#pragma once

#include "http/dialects/answer_translator.hpp"
#include "http/dialects/json_answer.hpp"
#include "http/dialects/ollama/answer_parts.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace synapse::http::ollama::client {

/// Lines of JSON. Each goes on when it is whole; one that reports an error is `bad`, and so is a
/// stream that ends before it says that it is done.
class same_lines final : public answer_translator {
public:
  /// @param kind chat or generate. @param max_line_bytes of one line
  same_lines(answer_kind kind, std::size_t max_line_bytes)
      : max_line_bytes_(max_line_bytes), kind_(kind) {}

  progress begin(const response_head& answer) override;
  progress take(std::string_view bytes, std::string& out) override;
  progress finish(std::string& out) override;
  head client_head() const override;
  void broken(std::string& out, response_detail detail, std::string_view message) override;
  std::optional<told_error> reported() const override { return told_of(error_); }
  std::int64_t prompt_tokens() const noexcept override { return prompt_tokens_; }
  std::int64_t completion_tokens() const noexcept override { return completion_tokens_; }

private:
  progress take_line(std::string_view line, std::string& out);

  std::string rest_;
  std::size_t max_line_bytes_;
  std::int64_t prompt_tokens_ = -1;
  std::int64_t completion_tokens_ = -1;
  std::optional<reported_error> error_;
  answer_kind kind_;
  bool done_ = false;
};

/// One JSON object that is no error.
class same_object final : public json_answer {
public:
  /// @param kind of a chat or a prompt; nothing: of embeddings
  explicit same_object(std::optional<answer_kind> kind) : kind_(kind) {}
  std::int64_t prompt_tokens() const noexcept override { return prompt_tokens_; }
  std::int64_t completion_tokens() const noexcept override { return completion_tokens_; }

protected:
  progress translate(std::string& text, std::string& out) override;

private:
  std::optional<answer_kind> kind_;
  std::int64_t prompt_tokens_ = -1;
  std::int64_t completion_tokens_ = -1;
};

} // namespace synapse::http::ollama::client
