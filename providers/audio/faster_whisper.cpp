// whisper-stt: one model, loaded with the first request; its health names it.
#include "providers/model_entry.hpp"
#include "providers/types.hpp"

namespace synapse::providers {

namespace {
using config::capability;
namespace detail = http::detail;

listing read_whisper_health(std::string_view body) {
  listing result;
  detail::borrowed_parser parser;
  const auto root = detail::parse_object(parser, body, max_answer_bytes, result.problem);
  const auto name = root ? usable_name(*root, "model") : std::nullopt;
  if (!name) {
    if (result.problem.empty())
      result.problem = "its answer names no model: " + excerpt(body);
    return result;
  }
  auto& model = result.models.emplace_back();
  model.name = *name;
  say_only(model, {capability::transcription});
  if (const auto loaded = flag_member(*root, "model_loaded"))
    model.memory = *loaded ? presence::loaded : presence::cold;
  return result;
}
} // namespace

const descriptor types::faster_whisper{
    .health = {.paths = {"/health"}, .judge = judge_by_status},
    .discovery = {.paths = {"/health"}, .read = read_whisper_health, .every = usual_pace},
};

} // namespace synapse::providers
