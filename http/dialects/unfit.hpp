/// @file
/// Why a request is not translated.
#pragma once

#include <string>

namespace synapse::http {

/// What the client asks for cannot be had from such a server, or is no such request.
struct unfit {
  std::string field;   ///< such as `messages[2].content`
  std::string message; ///< what the field has to be, or why it cannot be
};

} // namespace synapse::http
