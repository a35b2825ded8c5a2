// Infinity: several models, each for vectors, ranks or classes; its list tells who waits, too.
#include "providers/model_entry.hpp"
#include "providers/types.hpp"

#include <algorithm>

namespace synapse::providers {

namespace {
using config::capability;
namespace detail = http::detail;

void read_infinity_entry(const json_object& from, discovered_model& into) {
  into.memory = presence::loaded;
  const auto words = detail::array_member(from, "capabilities");
  if (!words || words->size() == 0)
    return;
  const bool embeds = has_text(*words, "embed") || has_text(*words, "image_embed") ||
                      has_text(*words, "audio_embed");
  say_only(into, {});
  if (embeds)
    say(into, capability::embeddings, true);
  if (has_text(*words, "rerank"))
    say(into, capability::rerank, true);
}

listing read_infinity_list(std::string_view body) {
  return read_list(body, {{"data"}, {"id"}}, read_infinity_entry);
}

/// Of all its models together: they share one machine.
queue_reading read_infinity_queue(std::string_view body) {
  queue_reading result;
  detail::borrowed_parser parser;
  std::string problem;
  const auto root = detail::parse_object(parser, body, max_answer_bytes, problem);
  const auto models = root ? detail::array_member(*root, "data") : std::nullopt;
  if (!models)
    return result;
  constexpr double most = 1'000'000;
  double waiting = 0;
  for (const auto one : *models) {
    json_object entry;
    if (one.get(entry) != simdjson::SUCCESS)
      continue;
    if (const auto stats = detail::object_member(entry, "stats")) {
      result.known = true;
      waiting += detail::number_member(*stats, "queue_absolute", 0, most, 0);
    }
  }
  result.waiting = static_cast<std::uint32_t>(std::min(waiting, most));
  return result;
}
} // namespace

const descriptor types::infinity{
    .health = {.paths = {"/health", "/models", "/v1/models"}, .judge = judge_by_status},
    .discovery = {.paths = {"/models", "/v1/models"}, .read = read_infinity_list},
    .queue = {.path = "/models", .read = read_infinity_queue},
};

} // namespace synapse::providers
