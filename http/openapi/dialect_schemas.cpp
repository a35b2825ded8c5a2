#include "http/openapi/schema_parts.hpp"

namespace synapse::api::openapi {

namespace {
json flag(std::string_view description) {
  return {{"type", "boolean"}, {"description", description}};
}

void add_ollama_requests(json& schemas) {
  json common{{"model", text("As GET /api/tags lists it")},
              {"stream", flag("Lines of JSON; true unless it is false")},
              {"options", {{"type", "object"}, {"description", "temperature, num_predict, …"}}},
              {"format", {{"description", "`json`, or a JSON schema"}}},
              {"think", {{"description", "Whether, or how much, the model is to think first"}}},
              {"keep_alive", {{"description", "How long the model stays in memory"}}}};
  json chat = common;
  chat["messages"] = list_of(object({{"role", text("system, user, assistant or tool")},
                                     {"content", text("What is said")},
                                     {"images", list_of(text("base64"))}},
                                    {"role"}));
  chat["tools"] = list_of(json{{"type", "object"}});
  schemas["OllamaChat"] = object(chat, {"model"});
  json prompt = common;
  prompt["prompt"] = text("What is asked, or embedded");
  prompt["suffix"] = text("What stands behind the place to be filled");
  prompt["system"] = text("How the model is to behave");
  schemas["OllamaPrompt"] = object(prompt, {"model"});
  schemas["OllamaInput"] = object({{"model", text("As GET /api/tags lists it")},
                                   {"input", {{"description", "A text, or a list of texts"}}},
                                   {"dimensions", integer("Length of the vectors")}},
                                  {"model", "input"});
  schemas["OllamaName"] = object({{"model", text("Its name")}}, {"model"});
  schemas["OllamaCopy"] =
      object({{"source", text("Its name")}, {"destination", text("A further one")}},
             {"source", "destination"});
}

void add_ollama_answers(json& schemas) {
  schemas["OllamaAnswer"] =
      object({{"model", text("As it was asked for")},
              {"created_at", text("RFC 3339")},
              {"message", {{"type", "object"}, {"description", "Of a chat"}}},
              {"response", text("Of a prompt")},
              {"done", flag("Nothing follows")},
              {"done_reason", text("stop, length or load")},
              {"prompt_eval_count", integer("Tokens read")},
              {"eval_count", integer("Tokens written")},
              {"total_duration", integer("Nanoseconds; further durations likewise")}},
             {"model", "done"});
  const json vector = list_of(json{{"type", "number"}});
  schemas["OllamaEmbeddings"] = object(
      {{"model", text("As it was asked for")}, {"embeddings", list_of(vector)}}, {"embeddings"});
  schemas["OllamaEmbedding"] = object({{"embedding", vector}}, {"embedding"});
  schemas["OllamaModels"] = object({{"models", list_of(object({{"name", text("Its name")},
                                                               {"model", text("The same")},
                                                               {"details", {{"type", "object"}}}},
                                                              {"name", "model"}))}},
                                   {"models"});
  schemas["OllamaModel"] = object({{"capabilities", list_of(text("completion, tools, …"))},
                                   {"details", {{"type", "object"}}},
                                   {"model_info", {{"type", "object"}}}},
                                  {"capabilities", "details", "model_info"});
  schemas["OllamaVersion"] = object({{"version", text("x.y.z")}}, {"version"});
  schemas["OllamaError"] = object({{"error", text("What went wrong")}}, {"error"});
}

void add_anthropic_schemas(json& schemas) {
  const json block{{"type", "object"}, {"description", "text, image, tool_use, tool_result, …"}};
  json counted{{"model", text("As GET /v1/models lists it")},
               {"messages", list_of(object({{"role", text("user or assistant")},
                                            {"content", {{"description", "Text, or blocks"}}}},
                                           {"role", "content"}))},
               {"system", {{"description", "Text, or blocks of text"}}},
               {"tools", list_of(json{{"type", "object"}})},
               {"tool_choice", {{"type", "object"}}},
               {"thinking", {{"type", "object"}}}};
  schemas["MessageCount"] = object(counted, {"model", "messages"});
  json request = counted;
  request["max_tokens"] = integer("Upper bound of the answer's tokens");
  request["stream"] = flag("Answer with server-sent events that end with `message_stop`");
  request["stop_sequences"] = list_of(text("Where the answer ends"));
  request["temperature"] = number("0 to 1");
  schemas["MessageRequest"] = object(request, {"model", "messages", "max_tokens"});
  schemas["Message"] = object({{"id", text("msg_…")},
                               {"type", {{"const", "message"}}},
                               {"role", {{"const", "assistant"}}},
                               {"model", text("As it was asked for")},
                               {"content", list_of(block)},
                               {"stop_reason", text("end_turn, max_tokens, tool_use or refusal")},
                               {"usage", object({{"input_tokens", integer("Tokens read")},
                                                 {"output_tokens", integer("Tokens written")}})}},
                              {"id", "type", "content"});
  schemas["MessageTokens"] = object({{"input_tokens", integer("Tokens")}}, {"input_tokens"});
  schemas["AnthropicError"] = object(
      {{"type", {{"const", "error"}}},
       {"error", object({{"type", text("Kind of error")}, {"message", text("What went wrong")}},
                        {"type", "message"})},
       {"request_id", text("As in `request-id`")}},
      {"type", "error"});
}

void add_response_schemas(json& schemas) {
  schemas["ResponseRequest"] =
      object({{"model", text("Model id as GET /v1/models lists it")},
              {"input", {{"description", "Text, or a list of items"}}},
              {"instructions", text("How the model is to behave")},
              {"tools", list_of(json{{"type", "object"}})},
              {"text", {{"type", "object"}, {"description", "The answer's form"}}},
              {"reasoning", {{"type", "object"}}},
              {"max_output_tokens", integer("Upper bound of the answer's tokens")},
              {"stream", flag("Answer with server-sent events that end with "
                              "`response.completed` or `response.incomplete`")}},
             {"model", "input"});
  schemas["Response"] = object({{"id", text("resp_…")},
                                {"object", {{"const", "response"}}},
                                {"status", text("completed, incomplete or failed")},
                                {"model", text("Model that answered")},
                                {"output", list_of(json{{"type", "object"}})},
                                {"usage", {{"type", "object"}}}},
                               {"id", "status", "output"});
}
} // namespace

void add_dialect_schemas(json& schemas) {
  add_response_schemas(schemas);
  add_anthropic_schemas(schemas);
  add_ollama_requests(schemas);
  add_ollama_answers(schemas);
}

std::string_view error_schema(http::error_dialect dialect) noexcept {
  switch (dialect) {
  case http::error_dialect::openai:
    return "OpenAIError";
  case http::error_dialect::anthropic:
    return "AnthropicError";
  case http::error_dialect::ollama:
    return "OllamaError";
  case http::error_dialect::plain:
    break;
  }
  return "Error";
}

} // namespace synapse::api::openapi
