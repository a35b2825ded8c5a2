#include "http/api/request/value_checks.hpp"

#include "http/dialects/form_fields.hpp"

#include <utility>

namespace synapse::api {

field_fault check_boolean(std::string_view value) {
  if (value.empty() || http::is_true(value) || http::is_false(value))
    return {};
  return fault_bool(true);
}

field_fault check_whole_number(std::string_view value, long least, long most, std::string message) {
  if (value.empty())
    return {};
  const auto number = http::whole_number(value);
  if (!number)
    return fault_int(std::move(message));
  if (*number < least)
    return fault_least(least, std::move(message));
  if (*number > most)
    return fault_most(most, std::move(message));
  return {};
}

} // namespace synapse::api
