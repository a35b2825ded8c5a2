#pragma once

#include "backends/standin/telling.hpp"

#include <memory>
#include <string>

namespace synapse::backends {

/// Where the servers that speak OpenAI's chat differ.
struct openai_dialect {
  std::string fingerprint;     ///< `system_fingerprint`; empty: none
  bool finish_on_last = false; ///< the last piece carries the finish reason, not a chunk of its own
  bool says_stop_reason = false; ///< `stop_reason` beside `finish_reason`
  bool null_members = false;     ///< members without a value are there, as null
  std::string broken_error;      ///< the error object a broken stream ends with; empty: none
};

std::unique_ptr<telling_form> make_openai_chat(openai_dialect dialect);
std::unique_ptr<telling_form> make_openai_completion(openai_dialect dialect);

/// @returns the answer of `/v1/embeddings`: as many inputs as the body has.
/// @param token_ids whether arrays of token ids are taken
/// @param limit most tokens of one input, 0 = any number
/// @throws api_error, standin_problem 400
json openai_embeddings(const json& body, bool token_ids, std::size_t limit);

} // namespace synapse::backends
