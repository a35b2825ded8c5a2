/// @file
/// Anthropic's events → OpenAI's chunks of a chat.
#pragma once

#include "http/dialects/anthropic/answer_words.hpp"
#include "http/dialects/sse_answer.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace synapse::http::anthropic {

/// A stream of events → chunks, each as soon as it is there. Nothing goes out before an event says
/// something, so that an error behind `message_start` can still have a status. An `error` is `bad`;
/// so is a stream that ends without its `message_stop`. Events of unknown types are left out.
class completion_events final : public sse_answer {
public:
  /// @param include_usage whether the client wants the counts, as a chunk before the last event
  /// @param max_event_bytes of one event
  completion_events(answer_names names, bool include_usage, std::size_t max_event_bytes);

  progress finish(std::string& out) override;
  void broken(std::string& out, response_detail detail, std::string_view message) override;
  std::optional<told_error> reported() const override { return told_; }

  /// As the backend says, as far as it has.
  const token_usage& usage() const noexcept { return usage_; }
  std::int64_t prompt_tokens() const noexcept override { return usage_.prompt; }
  std::int64_t completion_tokens() const noexcept override { return usage_.completion; }

private:
  progress on_event(const sse_event& event, std::string_view raw, std::string& out) override;
  progress on_data(std::string_view data, std::string& out);
  progress on_block(std::string_view block, std::string& out);
  progress on_delta(std::string_view delta, std::string& out);
  progress on_error(std::string_view data);
  void end_block(std::string& out);
  progress end(std::string& out);
  void say(std::string& out, std::string_view name, std::string_view quoted);
  void append_arguments(std::string& out, std::string_view quoted);
  void begin_chunk(std::string& out);
  void end_chunk(std::string& out, std::string_view finish) const;

  answer_names names_;
  token_usage usage_;
  std::optional<told_error> told_;
  std::string lead_;   ///< what every chunk begins with
  std::string reason_; ///< with its quotes
  std::size_t calls_ = 0;
  bool include_usage_;
  bool started_ = false;
  bool begun_ = false; ///< the role is told
  bool in_call_ = false;
  bool has_arguments_ = false; ///< the call's
  bool ended_ = false;
};

} // namespace synapse::http::anthropic
