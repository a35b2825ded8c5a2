/// @file
/// What is said to requests that no route takes. Any thread.
#pragma once

#include "http/core/head/head_parser.hpp"

#include <string>
#include <string_view>

namespace synapse::server {

class route_table;

/// For 404: the sentence, with the route that was probably meant if one is near.
std::string no_such_route(const route_table& table, std::string_view path);

/// TRACE (also as Microsoft's TRACK) and CONNECT, in any case: a backend may not be strict about
/// it.
bool is_never_taken(const http::request_head& head) noexcept;
/// For 405 where the paths are the configuration's: Allow (RFC 9110 section 10.2.1).
inline constexpr std::string_view allowed_by_pass_through =
    "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

} // namespace synapse::server
