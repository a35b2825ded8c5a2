/// @file
/// Internal: a request for a response while a chat is made of it.
#pragma once

#include "http/dialects/json_writer.hpp"
#include "http/dialects/openai/responses/request.hpp"
#include "http/dialects/request_draft.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace synapse::http::openai::responses {

/// Members of a request; empty: none, or null.
struct members {
  std::string_view model, input, instructions, previous_response_id, conversation, prompt;
  std::string_view tools, tool_choice, parallel_tool_calls, max_tool_calls, text, reasoning;
  std::string_view max_output_tokens, temperature, top_p, top_logprobs, metadata, include;
  std::string_view stream, store, background, truncation, service_tier, user;
  std::string_view safety_identifier, prompt_cache_key;
  bool others = false; ///< there are members that nobody here knows
};
members read_members(std::string_view body);

/// Writes the body as well.
class draft : public detail::request_draft {
public:
  std::string& add(std::string_view name) { return out_.add(name); }
  void reserve(std::size_t bytes) { out_.reserve(bytes); }
  /// The call, or why there is none. Once, at the end.
  request finish(chat_call made) {
    auto settled = settle(std::move(made), out_.finish());
    return std::visit([](auto&& one) -> request { return std::move(one); }, std::move(settled));
  }

private:
  detail::object_writer out_;
};

/// Appends the chat's messages that the input is, and those before it, without brackets. False when
/// refused. input.cpp
bool append_messages(draft& to, std::string& out, std::string_view input, const known& earlier);

/// Appends the content of a message: a text, or a list of parts. False when refused. content.cpp
/// @param place of the content in the request
bool append_content(draft& to, std::string& out, std::string_view content, bool by_assistant,
                    const std::string& place);

// ---- members of the chat; false when refused. settings.cpp ----

bool add_tools(draft& to, const members& from);
/// `response_format` and `verbosity`
bool add_text(draft& to, std::string_view text);
bool add_reasoning(draft& to, std::string_view reasoning);
/// How a text is made, and by whom it was asked for.
bool add_sampling(draft& to, const members& from);
/// What a response says of its request.
std::string echo_of(const members& from);

} // namespace synapse::http::openai::responses
