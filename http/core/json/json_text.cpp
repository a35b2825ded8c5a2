#include "http/core/json/json_text.hpp"

#include "http/core/json/json_body.hpp"

#include <nlohmann/json.hpp>

namespace synapse::http {

using json = nlohmann::ordered_json;

json parse_json(const std::string& text) {
  // nlohmann/json copies and writes by recursion: depth has to be limited before.
  if (!inspect_json(text).ok())
    return {};
  return json::parse(text, nullptr, false);
}

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

} // namespace synapse::http
