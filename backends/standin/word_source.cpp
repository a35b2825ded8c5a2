#include "backends/standin/word_source.hpp"

#include "backends/llama/schema_sample.hpp"

#include <utility>

namespace synapse::backends {

namespace {

std::unique_ptr<text_model> make_words(const word_options& options) {
  if (options.kind == model_kind::echo)
    return make_echo_model();
  auto index = docs_index::from_paths(options.docs);
  index.add(about_the_models());
  auto shared = std::make_shared<const docs_index>(std::move(index));
  return options.kind == model_kind::coder ? make_coder_model(std::move(shared))
                                           : make_docs_model(std::move(shared));
}

} // namespace

word_source::word_source(const word_options& options, std::string speaker)
    : speaker_(std::move(speaker)), words_(make_words(options)) {}

std::string word_source::signed_by(const std::string& model, const std::string& text) const {
  return "[" + speaker_ + ", " + model + "] " + text;
}

answer_choice word_source::chat(const chat_request& wanted, const std::string& model,
                                std::size_t room) const {
  if (wanted.forced_tool)
    return plan_tool_call(wanted, room);
  auto text = words_->answer(wanted.conversation);
  if (wanted.answer_schema)
    text = dump(sample_from_schema(*wanted.answer_schema, text));
  else
    text = signed_by(model, text);
  return plan_choice(text, wanted.params, room);
}

answer_choice word_source::text(const std::string& prompt, const generation_params& params,
                                const std::string& model, std::size_t room) const {
  std::vector<turn> conversation{{"user", prompt}};
  return plan_choice(signed_by(model, words_->answer(conversation)), params, room);
}

json without_media(json body) {
  auto messages = body.find("messages");
  if (messages == body.end() || !messages->is_array())
    return body;
  for (auto& message : *messages) {
    if (!message.is_object() || !message.contains("content") || !message["content"].is_array())
      continue;
    for (auto& part : message["content"])
      if (part.is_object() && value_or<std::string>(part, "type", "text") != "text")
        part = {{"type", "text"},
                {"text", "(" + value_or<std::string>(part, "type", "") + " not looked at)"}};
  }
  return body;
}

} // namespace synapse::backends
