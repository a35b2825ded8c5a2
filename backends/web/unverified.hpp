#pragma once

#include "backends/web/fastapi_service.hpp"

#include <string>

namespace synapse::backends {

/// What nobody outside knows of the pyannote and deepfilter services, to be set as needed.
struct unverified_shape {
  enum class errors { text, detail };

  errors error_style = errors::text; ///< 500 as plain text, or as `{"detail": …}`
  std::string health_body;           ///< JSON instead of the usual; empty: the usual
  std::string audio_type;            ///< Content-Type of audio; empty: the right one
};

} // namespace synapse::backends
