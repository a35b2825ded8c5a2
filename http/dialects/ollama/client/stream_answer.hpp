/// @file
/// OpenAI's chunks of a chat or a completion → Ollama's lines of JSON.
#pragma once

#include "http/dialects/ollama/client/answer_lines.hpp"
#include "http/dialects/ollama/client/call_buffer.hpp"
#include "http/dialects/openai/chat_events_answer.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace synapse::http::ollama::client {

/// Each chunk that says something becomes its line at once; calls of functions are put together and
/// come whole, when the answer has its reason to finish. The last line comes when the stream has
/// its good end, and only then; one that breaks ends with a line that is an error.
class stream_answer final : public openai::chat_events_answer {
public:
  /// @param by chat or generate. @param max_event_bytes of one event
  stream_answer(route by, answer_facts facts, std::size_t max_event_bytes)
      : chat_events_answer(max_event_bytes), lines_(by, std::move(facts)), by_(by) {}

  head client_head() const override;
  void broken(std::string& out, response_detail detail, std::string_view message) override;
  /// There is nothing in lines of JSON that says nothing.
  bool may_keep_alive() const override { return false; }
  bool promises_events() override { return false; }

  /// As the backend says; -1 where it does not, or has not yet.
  std::int64_t prompt_tokens() const noexcept override { return end_.prompt_tokens; }
  std::int64_t completion_tokens() const noexcept override { return end_.completion_tokens; }

protected:
  progress on_chunk(const openai::chat_chunk& chunk, std::string& out) override;
  progress on_end(std::string& out) override;

private:
  bool flush_calls(std::string& out);

  answer_lines lines_;
  call_buffer calls_;
  answer_end end_;
  std::string finish_reason_;
  route by_;
};

/// The content of a chunk or an answer, or what it says in place of one.
std::string_view said_in(const openai::chat_chunk& chunk) noexcept;

} // namespace synapse::http::ollama::client
