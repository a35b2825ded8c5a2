/// @file
/// Ollama's lines of JSON → OpenAI's events.
#pragma once

#include "http/dialects/answer_translator.hpp"
#include "http/dialects/ollama/answer_parts.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace synapse::http::ollama {

/// The answer to /api/chat or /api/generate as a stream: each line becomes its events at once. A
/// first line that says nothing is not passed on, so that an error behind it can still have a
/// status; a line that reports one is `bad`, as is a stream that ends before it says it is done.
class stream_answer final : public answer_translator {
public:
  /// @param include_usage whether the client wants the counts, as a chunk before the last event.
  /// @param max_line_bytes of one line
  stream_answer(answer_kind kind, answer_names names, bool include_usage,
                std::size_t max_line_bytes);

  progress begin(const response_head& answer) override;
  progress take(std::string_view bytes, std::string& out) override;
  progress finish(std::string& out) override;
  head client_head() const override;
  void broken(std::string& out, response_detail detail, std::string_view message) override;
  bool may_keep_alive() const override { return true; }
  bool promises_events() override { return true; }

  /// As the server says in its last line; -1 where it does not, or has not yet.
  std::int64_t prompt_tokens() const noexcept override { return prompt_tokens_; }
  std::int64_t completion_tokens() const noexcept override { return completion_tokens_; }
  /// Of the prompt of a complete answer. See `is_truncated`
  bool truncated(std::int64_t estimated, std::int64_t context) const noexcept {
    return is_truncated(prompt_tokens_, estimated, context);
  }
  /// After `bad`: the server has reported an error.
  const std::optional<reported_error>& error() const noexcept { return error_; }
  std::optional<told_error> reported() const override { return told_of(error_); }

private:
  progress take_line(std::string_view line, std::string& out);
  bool append_deltas(const answer_parts& parts, std::string& out);
  void begin_chunk(std::string& out) const;
  void end_chunk(std::string& out, std::string_view finish) const;
  void append_text(std::string& out, std::string_view name, std::string_view text) const;
  void append_end(const answer_parts& last, std::string& out) const;

  answer_names names_;
  std::string lead_; ///< of each event, up to its choices
  std::string rest_; ///< the line under way
  std::size_t max_line_bytes_;
  std::size_t calls_ = 0;
  std::int64_t prompt_tokens_ = -1;
  std::int64_t completion_tokens_ = -1;
  std::optional<reported_error> error_;
  answer_kind kind_;
  bool include_usage_;
  bool begun_ = false; ///< a chunk has gone out
  bool done_ = false;
};

} // namespace synapse::http::ollama
