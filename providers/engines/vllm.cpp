// vLLM: one model and its adapters. It listens when the model is loaded, and may sleep afterwards.
#include "providers/gauges.hpp"
#include "providers/model_entry.hpp"
#include "providers/types.hpp"

#include <string>

namespace synapse::providers {

namespace {
/// Only servers in development mode can sleep; others have no such route.
load_reading read_sleep(unsigned status, std::string_view body) {
  load_reading result;
  if (status == 404 || status == 405) {
    result.others = presence::loaded;
    return result;
  }
  http::detail::borrowed_parser parser;
  const auto root = http::detail::parse_object(parser, body, max_answer_bytes, result.problem);
  const auto asleep = root ? flag_member(*root, "is_sleeping") : std::nullopt;
  if (status != 200 || !asleep) {
    if (result.problem.empty())
      result.problem = "it does not say whether it sleeps: " + excerpt(body);
    return result;
  }
  result.others = *asleep ? presence::cold : presence::loaded;
  return result;
}

queue_reading read_vllm_queue(std::string_view page) {
  return read_queue(page, "vllm:num_requests_waiting", "vllm:num_requests_running");
}
} // namespace

const descriptor types::vllm{
    .health = {.paths = {"/health"}, .judge = judge_by_status},
    .discovery = {.paths = {"/v1/models"}, .read = read_openai_list},
    .load = {.path = "/is_sleeping", .read = read_sleep},
    .queue = {.path = "/metrics", .read = read_vllm_queue},
};

} // namespace synapse::providers
