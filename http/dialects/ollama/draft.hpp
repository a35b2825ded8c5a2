/// @file
/// Internal: a client's request while a native one is made of it.
#pragma once

#include "http/dialects/ollama/request.hpp"
#include "http/dialects/openai/json_values.hpp"
#include "http/dialects/request_draft.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::http::ollama {

/// Members of OpenAI's requests that are looked at.
enum class member : std::uint8_t {
  audio,
  best_of,
  chat_template_kwargs,
  dimensions,
  echo,
  encoding_format,
  frequency_penalty,
  function_call,
  functions,
  input,
  logit_bias,
  logprobs,
  max_completion_tokens,
  max_tokens,
  messages,
  min_p,
  modalities,
  n,
  parallel_tool_calls,
  prediction,
  presence_penalty,
  prompt,
  reasoning,
  reasoning_effort,
  repeat_last_n,
  repeat_penalty,
  repetition_penalty,
  response_format,
  seed,
  service_tier,
  stop,
  store,
  stream,
  suffix,
  temperature,
  think,
  tool_choice,
  tools,
  top_k,
  top_logprobs,
  top_p,
  typical_p,
  verbosity,
  web_search_options,
  count_,
};

std::string_view to_string(member which) noexcept;

using detail::each_of;
using detail::integer_of;
using detail::is_said;
using detail::number_of;
using detail::value_in;

/// Reads members and writes the native body as well. Values are the client's texts of them, valid
/// as long as its body.
class draft : public detail::request_draft {
public:
  draft(std::string_view body, const call_settings& settings);

  /// @returns the value; empty where there is none, or null.
  std::string_view operator[](member which) const noexcept {
    return values_[static_cast<std::size_t>(which)];
  }
  /// The first of them that there is; else the last one.
  member first_of(std::initializer_list<member> names) const noexcept;

  using request_draft::refuse;
  bool refuse(member which, std::string message);

  /// Reads a member that is true or false; without one `to` stays. @returns false when refused.
  bool read(member which, bool& to);
  /// @returns false, and refuses, when it is there and says something else than true or false.
  bool is_flag(member which) {
    bool unused = false;
    return read(which, unused);
  }
  /// Refuses what asks for more than one answer.
  bool is_one(member which);

  const call_settings& settings() const noexcept { return settings_; }
  /// Begins a member of the native body; its value is to be appended.
  std::string& add(std::string_view name);
  /// The request, or why there is none. Once, at the end.
  native_request finish(std::string_view path);

private:
  call_settings settings_;
  std::array<std::string_view, static_cast<std::size_t>(member::count_)> values_{};
  std::string out_;
};

// ---- members that more than one kind of request has; false when refused ----

/// `options`: how a text is made. options.cpp
bool add_options(draft& to);
/// `think`. options.cpp
bool add_think(draft& to);
/// `format`. options.cpp
bool add_format(draft& to);
/// `keep_alive`, and that no prompt is to be cut silently.
void add_constants(draft& to);

} // namespace synapse::http::ollama
