#include "http/dialects/openai/responses/whole_answer.hpp"

#include "http/dialects/json_writer.hpp"

namespace synapse::http::openai::responses {

using progress = answer_translator::progress;

void whole_answer::take_texts(const chat_chunk& answer) {
  if (!answer.reasoning.empty())
    output_.add(item_kind::reasoning)
        .parts.push_back({std::string{detail::inner(answer.reasoning)}, false, false});
  // An answer that says nothing at all has a message that is empty.
  if (answer.content.empty() && answer.refusal.empty() && !answer.calls.empty())
    return;
  auto& parts = output_.add(item_kind::message).parts;
  if (!answer.content.empty() || answer.refusal.empty())
    parts.push_back({std::string{detail::inner(answer.content)}, false, false});
  if (!answer.refusal.empty())
    parts.push_back({std::string{detail::inner(answer.refusal)}, true, false});
}

bool whole_answer::take_calls(const chat_chunk& answer) {
  for (const auto& call : answer.calls) {
    if (call.name.empty())
      return false;
    auto& item = output_.add(item_kind::call);
    item.name = call.name;
    item.call_id = call.id;
    if (item.call_id.empty())
      item.call_id = "\"call_" + output_.frame().unique + '_' + std::to_string(call.index) + '"';
    item.parts.push_back({std::string{detail::inner(call.arguments)}, false, false});
  }
  return true;
}

progress whole_answer::translate(std::string& text, std::string& out) {
  const auto answer = read_chat_chunk(text);
  if (!answer || !answer->has_choice)
    return refuse_answer(text, "its answer has no text: " + text.substr(0, 200));
  take_texts(*answer);
  if (!take_calls(*answer))
    return refuse("one of its calls of functions has no name");
  const auto end = end_of(answer->finish_reason);
  for (auto& item : output_.items()) {
    item.open = false;
    item.status = end == response_end::complete ? "completed" : "incomplete";
  }
  output_.name_model(answer->model);
  output_.counts().take(*answer);
  response_ = output_.object(end);
  out += response_;
  return progress::more;
}

} // namespace synapse::http::openai::responses
