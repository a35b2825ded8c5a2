#include "actors/models/router/router_event.hpp"

#include <nlohmann/json.hpp>

namespace synapse::models {

namespace {
std::optional<double> progress_in(const nlohmann::json& event) {
  const auto data = event.find("data");
  if (data == event.end() || !data->is_object())
    return {};
  const auto progress = data->find("progress");
  if (progress == data->end() || !progress->is_object())
    return {};
  const auto value = progress->find("value");
  if (value == progress->end() || !value->is_number())
    return {};
  return value->get<double>();
}
} // namespace

router_event read_event(const std::string& data) {
  router_event result;
  const auto said = nlohmann::json::parse(data, nullptr, false);
  if (!said.is_object())
    return result;
  if (const auto model = said.find("model"); model != said.end() && model->is_string()) {
    result.model = model->get<std::string>();
    result.progress = progress_in(said);
  }
  const auto kind = said.find("event");
  result.is_reason = kind != said.end() && kind->is_string() && *kind != "download_progress";
  return result;
}

} // namespace synapse::models
