/// @file
/// The API described, from the one list of routes.
#pragma once

#include <string>
#include <string_view>

namespace synapse::api {

/// OpenAPI 3.1 as JSON text.
std::string make_openapi(std::string_view version);

/// The same as a readable page without scripts or anything from elsewhere.
std::string make_docs_page(std::string_view version);

} // namespace synapse::api
