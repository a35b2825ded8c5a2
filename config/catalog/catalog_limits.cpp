#include "config/catalog/catalog_limits.hpp"

#include "config/values/values.hpp"

namespace synapse::config {

std::string wrong_name(std::string_view name, std::size_t most) {
  if (name.find_first_not_of(' ') == std::string_view::npos)
    return "must not be empty";
  if (name.size() > most)
    return "must not be longer than " + std::to_string(most) + " bytes";
  if (!is_printable(name))
    return "must not have control characters";
  return {};
}

} // namespace synapse::config
