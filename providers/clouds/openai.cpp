// Services that somebody is paid for and that speak OpenAI's API. Their lists are asked for once an
// hour; how they are is only seen by requests.
#include "providers/model_entry.hpp"
#include "providers/types.hpp"

namespace synapse::providers {

namespace {
using config::capability;

/// Its list says for what its models may be asked.
void read_openrouter_entry(const json_object& from, discovered_model& into) {
  read_openai_entry(from, into);
  const auto architecture = http::detail::object_member(from, "architecture");
  const auto outputs =
      architecture ? http::detail::array_member(*architecture, "output_modalities") : std::nullopt;
  if (!outputs || outputs->size() == 0)
    return;
  const bool speaks = has_text(*outputs, "text");
  say(into, capability::chat, speaks);
  say(into, capability::completions, speaks);
  if (has_text(*outputs, "embeddings"))
    say(into, capability::embeddings, true);
}

listing read_openrouter_list(std::string_view body) {
  return read_list(body, {{"data"}, {"id"}}, read_openrouter_entry);
}
} // namespace

const descriptor types::openai{
    .discovery = {.paths = {"/v1/models"}, .read = read_openai_list, .every = hourly_pace},
};

const descriptor types::openrouter{
    .discovery = {.paths = {"/v1/models"}, .read = read_openrouter_list, .every = hourly_pace},
};

/// A request names a deployment there, and Azure's lists are of the models behind those: they say
/// nothing of what may be asked for.
const descriptor types::azure{};

} // namespace synapse::providers
