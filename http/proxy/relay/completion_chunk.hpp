/// @file
/// A whole completion as the one chunk of a stream.
#pragma once

#include <optional>
#include <string>

namespace synapse::proxy {

/// For a client that has been promised a stream when the backend answers with a whole completion
/// all the same. @param completion JSON of a chat or text completion. @returns JSON of a chunk with
/// all of it, on one line; nothing when it is no completion.
std::optional<std::string> chunk_of(const std::string& completion);

} // namespace synapse::proxy
