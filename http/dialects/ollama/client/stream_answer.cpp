#include "http/dialects/ollama/client/stream_answer.hpp"

#include "http/core/local_reply.hpp"
#include "http/dialects/json_writer.hpp"

namespace synapse::http::ollama::client {

using progress = answer_translator::progress;

std::string_view said_in(const openai::chat_chunk& chunk) noexcept {
  if (detail::is_text(chunk.content))
    return chunk.content;
  return detail::is_text(chunk.refusal) ? chunk.refusal : std::string_view{};
}

progress stream_answer::on_chunk(const openai::chat_chunk& chunk, std::string& out) {
  if (chunk.prompt_tokens >= 0)
    end_.prompt_tokens = chunk.prompt_tokens;
  if (chunk.completion_tokens >= 0)
    end_.completion_tokens = chunk.completion_tokens;
  answer_line said;
  said.content = said_in(chunk);
  said.thinking = detail::is_text(chunk.reasoning) ? chunk.reasoning : std::string_view{};
  if (!said.content.empty() || !said.thinking.empty())
    lines_.append(out, said);
  for (const auto& part : chunk.calls)
    if (!calls_.add(part))
      return refuse("its calls of functions are too large");
  if (chunk.finish_reason.empty())
    return progress::more;
  finish_reason_ = chunk.finish_reason;
  return flush_calls(out) ? progress::more : refuse("one of its calls of functions is none");
}

/// @returns false when one of them is none.
bool stream_answer::flush_calls(std::string& out) {
  if (calls_.empty())
    return true;
  std::string calls;
  if (!calls_.take(calls))
    return false;
  if (by_ != route::chat) // a prompt's answer has no room for them, and none was offered
    return true;
  answer_line said;
  said.calls = calls;
  lines_.append(out, said);
  return true;
}

progress stream_answer::on_end(std::string& out) {
  if (!flush_calls(out))
    return refuse("one of its calls of functions is none");
  end_.finish_reason = finish_reason_;
  lines_.append_last(out, {}, end_);
  out += '\n';
  return progress::ended;
}

answer_translator::head stream_answer::client_head() const {
  head result;
  result.content_type = "application/x-ndjson";
  // As with events: what is held back on the way, or kept, is no stream.
  result.fields = "Cache-Control: no-cache\r\nX-Accel-Buffering: no\r\n";
  return result;
}

void stream_answer::broken(std::string& out, response_detail detail, std::string_view message) {
  (out += error_body(message.empty() ? info(detail).message : message)) += '\n';
}

} // namespace synapse::http::ollama::client
