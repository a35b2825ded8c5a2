#include "http/dialects/ollama/client/whole_answer.hpp"

#include "http/dialects/json_writer.hpp"
#include "http/dialects/ollama/client/call_buffer.hpp"
#include "http/dialects/ollama/client/stream_answer.hpp"

namespace synapse::http::ollama::client {

using progress = answer_translator::progress;

progress whole_answer::translate(std::string& text, std::string& out) {
  const auto read = openai::read_chat_chunk(text);
  if (!read || !read->has_choice)
    return refuse_answer(text, "its answer has no text: " + text.substr(0, 200));
  call_buffer buffer;
  std::string calls;
  for (const auto& part : read->calls)
    if (!buffer.add(part))
      return refuse("its calls of functions are too large");
  if (!buffer.take(calls))
    return refuse("one of its calls of functions is none");
  prompt_tokens_ = read->prompt_tokens;
  completion_tokens_ = read->completion_tokens;
  answer_line said;
  said.content = said_in(*read);
  said.thinking = detail::is_text(read->reasoning) ? read->reasoning : std::string_view{};
  said.calls = calls;
  answer_end end;
  end.finish_reason = read->finish_reason;
  end.prompt_tokens = prompt_tokens_;
  end.completion_tokens = completion_tokens_;
  lines_.append_last(out, said, end);
  return progress::more;
}

} // namespace synapse::http::ollama::client
