#include "backends/llama/llama_router.hpp"
#include "backends/llama/schema_sample.hpp"
#include "backends/llama/tokens_api.hpp"

#include <utility>

namespace synapse::backends {

answer_choice plan_tool_call(const chat_request& wanted, std::size_t room) {
  json parameters;
  for (const auto& tool : wanted.tools)
    if (tool.name == *wanted.forced_tool)
      parameters = tool.parameters;
  std::string said(last_user_text(wanted.conversation));
  auto arguments = sample_from_schema(
      parameters.is_object() && !parameters.empty() ? parameters : json{{"type", "object"}}, said);
  auto params = wanted.params;
  params.stop.clear();
  auto out = plan_choice(dump(arguments), params, room);
  if (out.finish == "stop")
    out.finish = "tool_calls";
  out.call = tool_call{random_id(32), *wanted.forced_tool};
  return out;
}

namespace {

void check_fits(std::size_t tokens, std::size_t limit) {
  if (tokens >= limit)
    throw api_error{error_type::exceed_context_size,
                    "request (" + std::to_string(tokens) +
                        " tokens) exceeds the available context size (" + std::to_string(limit) +
                        " tokens), try increasing it",
                    {{"n_prompt_tokens", tokens}, {"n_ctx", limit}}};
}

} // namespace

void llama_router::add_generation_routes() {
  for (auto path : {"/v1/chat/completions", "/chat/completions"})
    add_model_post(path, [this](const request& in, exchange& out, const json& body,
                                model_lease& model) { return chat(in, out, body, model); });
  for (auto path : {"/v1/completions", "/completions", "/completion"}) {
    bool native = std::string_view(path) != "/v1/completions";
    add_model_post(path, [this, native](const request& in, exchange& out, const json& body,
                                        model_lease& model) {
      return complete(in, out, body, model, native);
    });
  }
}

generation llama_router::prepare(std::string prompt, generation_params params, const json& body,
                                 const model_lease& model) const {
  generation out;
  out.model = value_or<std::string>(body, "model", model.id());
  out.params = std::move(params);
  out.prompt = std::move(prompt);
  out.prompt_tokens = tokenize(out.prompt);
  check_fits(out.prompt_tokens.size(), options_.pool.ctx_size);
  return out;
}

std::size_t llama_router::room_for(const generation& todo) const {
  return options_.pool.ctx_size - todo.prompt_tokens.size();
}

asio::awaitable<void> llama_router::chat(const request& in, exchange& out, const json& body,
                                         model_lease& model) {
  auto wanted = parse_chat(body, options_.pool.parallel);
  auto todo = prepare(wanted.prompt, wanted.params, body, model);
  auto room = room_for(todo);
  answer_choice choice;
  if (wanted.forced_tool) {
    choice = plan_tool_call(wanted, room);
  } else {
    auto text = model.process()->model.answer(wanted.conversation);
    if (wanted.answer_schema)
      text = dump(sample_from_schema(*wanted.answer_schema, text));
    choice = plan_choice(text, wanted.params, room);
  }
  todo.choices.assign(wanted.params.choices, choice);
  auto format = make_chat_format();
  co_await run_generation(out, in, model.process(), todo, *format, options_.speed);
}

asio::awaitable<void> llama_router::complete(const request& in, exchange& out, const json& body,
                                             model_lease& model, bool native) {
  if (!body.contains("prompt"))
    throw api_error{error_type::invalid_request, "\"prompt\" is required"};
  auto params = parse_params(body, options_.pool.parallel);
  if (native) {
    params.include_usage = false;
    params.logprobs = false;
  }
  auto prompts = parse_prompts(body["prompt"]);
  auto todo = prepare(prompts.front().text, params, body, model);
  for (const auto& prompt : prompts) {
    check_fits(prompt.tokens, options_.pool.ctx_size);
    std::vector<turn> conversation{{"user", prompt.text}};
    auto text = model.process()->model.answer(conversation);
    auto choice = plan_choice(text, params, room_for(todo));
    todo.choices.insert(todo.choices.end(), params.choices, choice);
  }
  auto format = native ? make_native_format(value_or(body, "return_tokens", false))
                       : make_completion_format();
  co_await run_generation(out, in, model.process(), todo, *format, options_.speed);
}

} // namespace synapse::backends
