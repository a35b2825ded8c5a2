/// @file
/// Anthropic's answer for Anthropic's client: the same bytes, whose end is watched.
#pragma once

#include "http/dialects/anthropic/answer_words.hpp"
#include "http/dialects/json_answer.hpp"
#include "http/dialects/sse_answer.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace synapse::http::anthropic {

/// A stream of events. Each goes on when it is whole. One that says nothing yet is held back until
/// the next one does, so that an error behind it can still have a status; an `error` is `bad`, and
/// so is a stream that ends before `message_stop`.
class same_events final : public sse_answer {
public:
  using sse_answer::sse_answer;

  progress finish(std::string& out) override;
  void broken(std::string& out, response_detail detail, std::string_view message) override;
  std::optional<told_error> reported() const override { return told_; }
  std::int64_t prompt_tokens() const noexcept override { return usage_.prompt; }
  std::int64_t completion_tokens() const noexcept override { return usage_.completion; }

private:
  progress on_event(const sse_event& event, std::string_view raw, std::string& out) override;

  std::string held_; ///< whole events that say nothing
  token_usage usage_;
  std::optional<told_error> told_;
  bool said_ = false;
  bool ended_ = false;
};

/// A message that is one.
class same_message final : public json_answer {
public:
  std::int64_t prompt_tokens() const noexcept override { return usage_.prompt; }
  std::int64_t completion_tokens() const noexcept override { return usage_.completion; }

protected:
  progress translate(std::string& text, std::string& out) override;

private:
  token_usage usage_;
};

} // namespace synapse::http::anthropic
