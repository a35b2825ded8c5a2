/// @file
/// A chat's stream of chunks, on its way to a client that speaks another dialect.
#pragma once

#include "http/dialects/openai/chat_chunk.hpp"
#include "http/dialects/openai/chat_stream.hpp"
#include "http/dialects/sse_answer.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace synapse::http::openai {

/// Reads chunks, each as soon as it is there, and knows a good end as `event_relay` does: `[DONE]`
/// behind something, or the end of the stream after each choice has told its reason to finish. An
/// event that is an error is `bad`, as is one that is no chunk; so is a stream that ends before.
class chat_events_answer : public sse_answer {
public:
  using sse_answer::sse_answer;

  progress finish(std::string& out) override;
  std::optional<told_error> reported() const override { return told_; }

protected:
  /// @param chunk is valid during the call only. @returns `more`, or `bad`
  virtual progress on_chunk(const chat_chunk& chunk, std::string& out) = 0;
  /// The answer is complete: what closes it. Once. @returns `more`, or `bad`
  virtual progress on_end(std::string& out) = 0;
  /// A comment of the backend's.
  virtual void on_comment(std::string& /*out*/) {}

private:
  progress on_event(const sse_event& event, std::string_view raw, std::string& out) final;
  progress refuse_error(std::string_view data);

  chat_stream_watch watch_;
  std::optional<told_error> told_;
  bool ended_ = false;
};

} // namespace synapse::http::openai
