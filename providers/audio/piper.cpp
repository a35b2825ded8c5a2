// Piper: its models are its voices. It has no route for its health, and the list of voices costs
// nothing.
#include "providers/model_entry.hpp"
#include "providers/types.hpp"

namespace synapse::providers {

namespace {
using config::capability;
namespace detail = http::detail;

/// An object with a member for each voice.
listing read_piper_voices(std::string_view body) {
  listing result;
  detail::borrowed_parser parser;
  const auto root = detail::parse_object(parser, body, max_answer_bytes, result.problem);
  if (!root)
    return result;
  for (const auto one : *root) {
    json_object voice;
    if (!is_usable_name(one.key) || one.value.get(voice) != simdjson::SUCCESS ||
        result.models.size() == max_models) {
      ++result.omitted;
      continue;
    }
    auto& model = result.models.emplace_back();
    model.name = one.key;
    say_only(model, {capability::speech});
  }
  if (result.models.empty() && result.omitted != 0)
    result.problem = "its list of voices has none: " + excerpt(body);
  return result;
}
} // namespace

const descriptor types::piper{
    .health = {.paths = {"/voices", "/info", "/health"}, .judge = judge_by_status},
    .discovery = {.paths = {"/voices"}, .read = read_piper_voices},
};

} // namespace synapse::providers
