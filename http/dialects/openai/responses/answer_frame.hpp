/// @file
/// What a response says that no backend's answer has a say in.
#pragma once

#include "http/dialects/openai/responses/request.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace synapse::http::openai::responses {

struct answer_frame {
  /// Of letters and digits; no two responses have the same: `resp_…`, and `msg_…_0` and the like
  /// for its items.
  std::string unique;
  std::int64_t created = 0; ///< seconds since 1970
  /// The same clock, now; asked once, at the end.
  std::function<std::int64_t()> now;
  asked request;
};

} // namespace synapse::http::openai::responses
