#pragma once

#include "backends/llama/api.hpp"
#include "backends/text/text_models.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace synapse::backends {

/// The parts of a generation request that all routes share.
struct generation_params {
  bool stream = false;
  bool include_usage = false;
  bool timings_per_token = false;
  bool return_progress = false;
  bool logprobs = false;
  bool cache_prompt = true;
  std::optional<std::size_t> max_tokens;
  std::vector<std::string> stop;
  std::size_t choices = 1;
  std::optional<std::chrono::seconds> ping_interval;
};

/// A function the answer may call.
struct tool_spec {
  std::string name;
  json parameters;
};

/// A validated chat request.
struct chat_request {
  std::string model;
  generation_params params;
  std::vector<turn> conversation;
  std::string prompt; ///< the conversation as the chat template renders it
  std::vector<tool_spec> tools;
  std::optional<std::string> forced_tool; ///< the tool that must be called
  std::optional<json> answer_schema;      ///< the answer must be JSON of that schema
};

/// @param slots number of slots, the limit of `n`
/// @throws api_error llama.cpp's texts
generation_params parse_params(const json& body, std::size_t slots);

/// @throws api_error llama.cpp's texts
chat_request parse_chat(const json& body, std::size_t slots);

/// Checks `messages` and reduces them to text. @throws api_error
std::vector<turn> parse_messages(const json& body);

/// @returns the prompt of a conversation (ChatML). An assistant message at the end is left open.
std::string apply_template(const std::vector<turn>& conversation);

} // namespace synapse::backends
