/// @file
/// What is wrong with the values of a form's fields.
#pragma once

#include "http/api/request/field_fault.hpp"

#include <string>
#include <string_view>

namespace synapse::api {

/// Empty or one of those that web frameworks take for true and false.
field_fault check_boolean(std::string_view value);
/// A whole number of which there may be none. @param message for people
field_fault check_whole_number(std::string_view value, long least, long most, std::string message);

} // namespace synapse::api
