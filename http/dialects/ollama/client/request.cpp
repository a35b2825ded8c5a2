#include "http/dialects/ollama/client/request.hpp"

#include "http/core/local_reply.hpp"
#include "http/dialects/ollama/client/draft.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace synapse::http::ollama::client {

using detail::is_said;
using detail::is_text;

namespace {
/// The name that stands for all that nobody here knows: a client's own text is no good for a head.
constexpr std::string_view unknown_name = "unknown_fields";

bool is_list(draft& to, std::string_view name, std::string_view value) {
  return value.empty() || value.starts_with('[') ||
         to.refuse(std::string{name}, "has to be a list");
}

/// What all routes have, before anything is written.
bool is_good(draft& to, const asked& from) {
  if (!is_text(from.model))
    return to.refuse("model", from.model.empty() || from.model == "\"\"" ? "is required"
                                                                         : "has to be a string");
  bool truncate = false;
  bool shift = false;
  if (!to.read("truncate", from.truncate, truncate) || !to.read("shift", from.shift, shift))
    return false;
  if (!from.keep_alive.empty() && !is_keep_alive(from.keep_alive))
    return to.refuse("keep_alive", "has to be a number of seconds, or a duration such as 10m");
  if (truncate) // the others tell who asks too much, and cut nothing
    to.lose("truncate");
  if (from.others)
    to.lose(unknown_name);
  to.add("model") += from.model;
  return true;
}

bool has_no_logprobs(draft& to, const asked& from) {
  bool wanted = false;
  if (!to.read("logprobs", from.logprobs, wanted))
    return false;
  if (wanted)
    return to.refuse("logprobs", "cannot be had from the backend by this route");
  if (is_said(from.top_logprobs) && from.top_logprobs != "0")
    to.lose("top_logprobs");
  return true;
}

/// What chats and prompts have in common, once the texts are written.
bool add_generation(draft& to, const asked& from, bool& stream) {
  stream = true;
  if (!to.read("stream", from.stream, stream) || !has_no_logprobs(to, from))
    return false;
  to.add("stream") += stream ? "true" : "false";
  if (stream)
    to.add("stream_options") += R"({"include_usage":true})";
  return add_format(to, from.format) && add_options(to, from.options);
}

request chat_request(const asked& from, draft& to) {
  openai_call made;
  made.path = "/v1/chat/completions";
  if (add_messages(to, from.messages) && add_tools(to, from.tools) && add_think(to, from.think))
    add_generation(to, from, made.stream);
  return to.finish(std::move(made));
}

/// What Ollama alone can do with a prompt.
bool is_possible(draft& to, const asked& from, bool raw) {
  for (const auto& [name, value] :
       std::array{std::pair{"prompt", from.prompt}, std::pair{"suffix", from.suffix},
                  std::pair{"system", from.system}, std::pair{"template", from.template_text}})
    if (!to.is_string(name, value))
      return false;
  if (!is_list(to, "images", from.images) || !is_list(to, "context", from.context))
    return false;
  if (is_text(from.template_text))
    return to.refuse("template", "is the backend's own business: it has one for each model");
  if (is_said(from.context))
    return to.refuse("context", "is tokens, which the backend does not take: /api/chat takes the "
                                "earlier messages as texts");
  if (!raw && !is_text(from.suffix))
    return true;
  // Ollama leaves out a system's text beside a suffix.
  if (raw && is_text(from.system))
    return to.refuse("system", "cannot be had in raw mode");
  if (is_text(from.system))
    to.lose("system");
  if (is_said(from.images))
    return to.refuse("images", "cannot be had in raw mode, or beside a suffix");
  if (is_said(from.think))
    to.lose("think");
  return true;
}

request generate_request(const asked& from, draft& to) {
  openai_call made;
  bool raw = false;
  if (!to.read("raw", from.raw, raw) || !is_possible(to, from, raw))
    return to.finish({});
  if (!raw && !is_text(from.suffix)) {
    made.path = "/v1/chat/completions";
    if (add_prompt(to, from) && add_think(to, from.think))
      add_generation(to, from, made.stream);
    return to.finish(std::move(made));
  }
  made.path = "/v1/completions";
  made.kind = answer_kind::completion;
  to.add("prompt") += from.prompt;
  if (is_text(from.suffix))
    to.add("suffix") += from.suffix;
  add_generation(to, from, made.stream);
  return to.finish(std::move(made));
}

/// @returns how many texts there are; 0: refused.
std::size_t count_inputs(draft& to, std::string_view input) {
  std::size_t count = input.starts_with('"') ? 1 : 0;
  const bool good =
      detail::each_of(input, [&](auto one) { return one.starts_with('"') && ++count > 0; });
  if (good && count > 0)
    return count;
  to.refuse("input", "has to be a text or a list of texts");
  return 0;
}

bool add_dimensions(draft& to, std::string_view value) {
  if (value.empty() || value == "0") // Ollama's own word for all of them
    return true;
  const auto number = detail::integer_of(value);
  if (!number || *number < 1 || *number > std::numeric_limits<std::int32_t>::max())
    return to.refuse("dimensions", "has to be a whole number from 1");
  to.add("dimensions") += std::to_string(*number);
  return true;
}

request embed_request(const asked& from, draft& to, std::string_view input) {
  openai_call made;
  made.path = "/v1/embeddings";
  made.inputs = count_inputs(to, input);
  if (is_said(from.options))
    to.lose("options");
  if (made.inputs > 0) {
    to.add("input") += input;
    to.add("encoding_format") += "\"float\"";
    add_dimensions(to, from.dimensions);
  }
  return to.finish(std::move(made));
}

/// Whether nothing is asked of the model.
bool asks_nothing(route by, const asked& from) {
  switch (by) {
  case route::chat:
    return from.messages.empty() || (from.messages.starts_with('[') && !is_said(from.messages));
  case route::generate:
  case route::embeddings:
    return from.prompt.empty() || from.prompt == "\"\"";
  case route::embed:
    break;
  }
  return from.input.empty() || from.input == "\"\"" ||
         (from.input.starts_with('[') && !is_said(from.input));
}
} // namespace

asked read_asked(std::string_view body) {
  using wanted = detail::named_value;
  asked read;
  detail::find_members(body,
                       std::array{wanted{"model", &read.model},
                                  wanted{"messages", &read.messages},
                                  wanted{"prompt", &read.prompt},
                                  wanted{"suffix", &read.suffix},
                                  wanted{"system", &read.system},
                                  wanted{"raw", &read.raw},
                                  wanted{"images", &read.images},
                                  wanted{"context", &read.context},
                                  wanted{"template", &read.template_text},
                                  wanted{"stream", &read.stream},
                                  wanted{"format", &read.format},
                                  wanted{"options", &read.options},
                                  wanted{"tools", &read.tools},
                                  wanted{"think", &read.think},
                                  wanted{"keep_alive", &read.keep_alive},
                                  wanted{"truncate", &read.truncate},
                                  wanted{"shift", &read.shift},
                                  wanted{"logprobs", &read.logprobs},
                                  wanted{"top_logprobs", &read.top_logprobs},
                                  wanted{"input", &read.input},
                                  wanted{"dimensions", &read.dimensions}},
                       [&](std::string_view name, std::string_view value) {
                         // The gateway's own, wherever it is asked.
                         read.others =
                             read.others || (is_said(value) && !detail::says(name, "synapse"));
                       });
  return read;
}

request request_of(route by, std::string_view body) {
  const auto from = read_asked(body);
  draft to;
  to.reserve(body.size() + 256);
  if (!is_good(to, from))
    return to.finish({});
  if (asks_nothing(by, from))
    return load_only{is_zero(from.keep_alive)};
  switch (by) {
  case route::chat:
    return chat_request(from, to);
  case route::generate:
    return generate_request(from, to);
  case route::embed:
    return embed_request(from, to, from.input);
  case route::embeddings:
    break;
  }
  if (!to.is_string("prompt", from.prompt))
    return to.finish({});
  return embed_request(from, to, from.prompt);
}

std::string error_body(std::string_view text) {
  std::string body;
  append_json_string(body += R"({"error":)", text);
  return body += '}';
}

std::string error_body(const unfit& why) {
  return error_body(why.field + ' ' + why.message);
}

std::string error_body_of(std::string_view body) {
  return error_body(error_text(body));
}

std::string unknown_model(std::string_view model) {
  return error_body("model '" + std::string{model} + "' not found");
}

} // namespace synapse::http::ollama::client
