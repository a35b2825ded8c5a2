/// @file
/// Internal: a request of an Ollama client while OpenAI's is made of it.
#pragma once

#include "http/dialects/json_writer.hpp"
#include "http/dialects/ollama/client/request.hpp"
#include "http/dialects/request_draft.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace synapse::http::ollama::client {

/// Members of the routes' requests; empty: none, or null.
struct asked {
  std::string_view model, messages, prompt, suffix, system, raw, images, context, template_text;
  std::string_view stream, format, options, tools, think, keep_alive, truncate, shift;
  std::string_view logprobs, top_logprobs, input, dimensions;
  bool others = false; ///< there are members that nobody here knows
};
asked read_asked(std::string_view body);

/// Writes the body as well.
class draft : public detail::request_draft {
public:
  std::string& add(std::string_view name) { return out_.add(name); }
  void reserve(std::size_t bytes) { out_.reserve(bytes); }
  /// The call, or why there is none. Once, at the end.
  request finish(openai_call made) {
    auto settled = settle(std::move(made), out_.finish());
    return std::visit([](auto&& one) -> request { return std::move(one); }, std::move(settled));
  }

private:
  detail::object_writer out_;
};

// ---- what more than one route has; false when refused ----

/// `messages`. messages.cpp
bool add_messages(draft& to, std::string_view messages);
/// A prompt as messages. messages.cpp
bool add_prompt(draft& to, const asked& from);
/// `tools`, which are the same but for a type that may be left out. messages.cpp
bool add_tools(draft& to, std::string_view tools);
/// `options`. options.cpp
bool add_options(draft& to, std::string_view options);
/// `format`. options.cpp
bool add_format(draft& to, std::string_view format);
/// `think`. options.cpp
bool add_think(draft& to, std::string_view think);
/// Whether `keep_alive` is a number or a duration, such as `10m`. options.cpp
bool is_keep_alive(std::string_view value);
/// Whether it asks to let the model go at once. options.cpp
bool is_zero(std::string_view keep_alive);

} // namespace synapse::http::ollama::client
