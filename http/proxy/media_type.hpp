/// @file
/// What an answer calls itself.
#pragma once

#include "http/core/head/field.hpp"

#include <string_view>

namespace synapse::proxy {

/// @param field value of Content-Type; parameters may follow. @param type such as "audio/wav"
inline bool has_type(std::string_view field, std::string_view type) noexcept {
  return field.size() >= type.size() && http::iequals(field.substr(0, type.size()), type);
}

} // namespace synapse::proxy
