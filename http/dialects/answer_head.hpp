/// @file
/// What the head of a backend's answer says about its body, before anybody looks at that.
#pragma once

#include "http/core/head/field.hpp"
#include "http/core/head/head_parser.hpp"

namespace synapse::http {

/// Only the end of the connection says that this answer is over.
inline bool is_unframed(const response_head& answer) {
  return !answer.chunked && answer.content_length < 0;
}

/// A compressed body would have to be unpacked to be looked at; none was asked for.
inline bool is_encoded(const response_head& answer) {
  const auto* coding = answer.fields.find(known_field::content_encoding);
  return coding != nullptr && !iequals(coding->value, "identity");
}

} // namespace synapse::http
