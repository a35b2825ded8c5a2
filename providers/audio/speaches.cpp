// Speaches: installed models for speech and recognition, loaded with their first request.
#include "providers/model_entry.hpp"
#include "providers/types.hpp"

namespace synapse::providers {

namespace {
using config::capability;
namespace detail = http::detail;

void read_speaches_entry(const json_object& from, discovered_model& into) {
  const auto task = detail::text_member(from, "task").value_or("");
  if (task == "automatic-speech-recognition")
    say_only(into, {capability::transcription});
  else if (task == "text-to-speech")
    say_only(into, {capability::speech});
}

listing read_speaches_list(std::string_view body) {
  return read_list(body, {{"data", "models"}, {"id"}}, read_speaches_entry);
}

load_reading read_speaches_running(unsigned status, std::string_view body) {
  load_reading result;
  detail::borrowed_parser parser;
  const auto root = detail::parse_object(parser, body, max_answer_bytes, result.problem);
  const auto names = root ? detail::array_member(*root, "models") : std::nullopt;
  if (status != 200 || !names) {
    if (result.problem.empty())
      result.problem = "its list of loaded models is none: " + excerpt(body);
    return result;
  }
  result.others = presence::cold;
  for (const auto one : *names) {
    std::string_view name;
    if (one.get(name) == simdjson::SUCCESS && is_usable_name(name) &&
        result.models.size() < max_models)
      result.models.emplace_back().name = name;
  }
  return result;
}
} // namespace

const descriptor types::speaches{
    .health = {.paths = {"/health"}, .judge = judge_by_status},
    .discovery = {.paths = {"/v1/models"}, .read = read_speaches_list},
    .load = {.path = "/api/ps", .read = read_speaches_running},
};

} // namespace synapse::providers
