#include "http/dialects/request_draft.hpp"

#include <algorithm>

namespace synapse::http::detail {

bool request_draft::refuse(std::string field, std::string message) {
  if (!unfit_)
    unfit_ = unfit{std::move(field), std::move(message)};
  return false;
}

void request_draft::lose(std::string_view name) {
  if (std::find(lossy_.begin(), lossy_.end(), name) == lossy_.end())
    lossy_.push_back(name);
}

bool request_draft::read(std::string_view name, std::string_view value, bool& to) {
  if (value.empty())
    return true;
  if (value != "true" && value != "false")
    return refuse(std::string{name}, "has to be true or false");
  to = value == "true";
  return true;
}

bool request_draft::is_string(std::string_view name, std::string_view value) {
  return value.empty() || value.starts_with('"') || refuse(std::string{name}, "has to be a string");
}

bool request_draft::is_object(std::string_view name, std::string_view value) {
  return value.empty() || value.starts_with('{') ||
         refuse(std::string{name}, "has to be an object");
}

} // namespace synapse::http::detail
