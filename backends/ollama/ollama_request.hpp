#pragma once

#include "backends/llama/chat_request.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace synapse::backends {

/// What Ollama's own routes say of a generation beside the conversation.
struct ollama_settings {
  std::size_t num_ctx = 0;
  std::optional<std::chrono::milliseconds> keep_alive; ///< negative: for ever
  std::optional<bool> think;                           ///< none: if the model can
  bool truncate = true;
  bool shift = true; ///< the answer may be longer than the context
  bool stream = true;
};

/// @param usual_ctx what counts when `options.num_ctx` is not given
/// @throws standin_problem 400 with Ollama's texts
ollama_settings parse_ollama_settings(const json& body, std::size_t usual_ctx);

/// Reads `keep_alive`: seconds as a number, or Go's text (`10m`, `1h30m`, `-1s`).
/// @returns nothing for what is neither
std::optional<std::chrono::milliseconds> parse_keep_alive(const json& value);

/// Reads the body of `/api/chat`. Images are checked and not looked at.
/// @throws standin_problem 400, api_error
chat_request parse_ollama_chat(const json& body);

/// @returns `/api/generate` as a chat of the system text and the prompt. @throws standin_problem
chat_request parse_ollama_generate(const json& body);

/// Cuts the front of a conversation until it fits, as Ollama does without a word: older turns
/// first, then the beginning of the last one. System texts stay.
/// @returns tokens of what is left
std::size_t fit_conversation(std::vector<turn>& conversation, std::size_t num_ctx);

} // namespace synapse::backends
