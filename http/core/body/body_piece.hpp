/// @file
/// How whoever hands out a body piece by piece answers when it is asked for the next one.
#pragma once

#include <cstdint>

namespace synapse::http {

enum class body_piece : std::uint8_t {
  data,   ///< here it is; valid until it is released
  end,    ///< all of the body has been handed out
  wait,   ///< nothing yet; whoever asks is woken when there is
  failed, ///< there will be no more, and what was handed out must not be taken for a whole body
};

} // namespace synapse::http
