/// @file
/// What a request's head says about its body: whether that can be taken at all.
#pragma once

#include "http/api/request/refusal.hpp"
#include "http/core/head/head_parser.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace synapse::api {

/// Of a JSON body. @returns why the request cannot be taken, if so.
std::optional<refusal> check_json_head(const http::request_head& head);

/// Of a form, whose boundary it finds. @returns why the request cannot be taken, if so.
/// @param max_bytes of the body
std::optional<refusal> check_form_head(const http::request_head& head, std::uint64_t max_bytes,
                                       std::string& boundary);
/// 413, or nothing when the body's length is not known beforehand or fits.
std::optional<refusal> check_length(const http::request_head& head, std::uint64_t max_bytes);

} // namespace synapse::api
