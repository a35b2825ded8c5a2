// SGLang: its `/health` generates a token, so that it is asked what it serves instead.
#include "providers/gauges.hpp"
#include "providers/model_entry.hpp"
#include "providers/types.hpp"

namespace synapse::providers {

namespace {
queue_reading read_sglang_queue(std::string_view page) {
  return read_queue(page, "sglang:num_queue_reqs", "sglang:num_running_reqs");
}

/// 503 until the model is loaded, and when the server ends.
wellness judge_sglang(unsigned status, std::string_view) {
  return status == 200 ? wellness::well : status == 503 ? wellness::loading : wellness::unwell;
}

void read_sglang_entry(const json_object& from, discovered_model& into) {
  read_openai_entry(from, into);
  into.memory = presence::loaded;
}

listing read_sglang_list(std::string_view body) {
  return read_list(body, {{"data"}, {"id"}}, read_sglang_entry);
}
} // namespace

const descriptor types::sglang{
    .health = {.paths = {"/get_model_info", "/model_info", "/v1/models"}, .judge = judge_sglang},
    .discovery = {.paths = {"/v1/models"}, .read = read_sglang_list},
    .queue = {.path = "/metrics", .read = read_sglang_queue},
};

} // namespace synapse::providers
