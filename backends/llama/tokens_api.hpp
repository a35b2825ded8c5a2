#pragma once

#include "backends/llama/api.hpp"

#include <optional>
#include <string>
#include <vector>

namespace synapse::backends {

/// A prompt as a client may give it: text, token ids, or a mix of both in one array.
struct prompt_input {
  std::string text;
  std::size_t tokens = 0;
};

/// Reads one prompt or several: a string, an array of ids (or a mix of ids and strings), an array
/// of such prompts.
/// @throws api_error 400 for anything else and for ids that are no tokens
std::vector<prompt_input> parse_prompts(const json& value);

/// `POST /tokenize`: `{"content","with_pieces"}` to `{"tokens"}`.
json tokenize_route(const request& in);

/// `POST /detokenize`: `{"tokens"}` to `{"content"}`.
json detokenize_route(const request& in);

} // namespace synapse::backends
