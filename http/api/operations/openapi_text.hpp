/// @file
/// What GET /openapi.json answers.
#pragma once

#include <string>

namespace synapse::api {

/// The document of the API, rendered once.
struct openapi_text {
  std::string json;
};

} // namespace synapse::api
