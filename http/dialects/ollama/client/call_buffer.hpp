/// @file
/// Internal: calls of functions that come in pieces, for clients that get each as a whole.
#pragma once

#include "http/dialects/openai/chat_chunk.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace synapse::http::ollama::client {

/// Puts the calls of one answer together.
class call_buffer {
public:
  /// @returns false when there are more of them, or longer ones, than anybody could mean.
  bool add(const openai::call_part& part);
  bool empty() const noexcept { return calls_.empty(); }
  /// Appends them as elements of Ollama's `tool_calls`, in the order of their indices, and lets
  /// them go. Arguments are the object that their text is, as it is spelled. @returns false, with
  /// `out` as it was, when one of them has no name or arguments that are no object
  bool take(std::string& out);

private:
  struct call {
    std::size_t index = 0;
    std::string id;        ///< a JSON string; empty: none
    std::string name;      ///< likewise
    std::string arguments; ///< of a JSON string, what is between its quotes
  };
  call* at(std::size_t index);
  static bool append(std::string& out, const call& one);

  std::vector<call> calls_; ///< in the order of their indices
  std::size_t bytes_ = 0;   ///< of their arguments
};

} // namespace synapse::http::ollama::client
