// TensorRT-LLM: one model. Its `/metrics` hands each number out once, to whoever asks first, and is
// left to those it is meant for.
#include "providers/model_entry.hpp"
#include "providers/types.hpp"

namespace synapse::providers {

namespace {
void read_trtllm_entry(const json_object& from, discovered_model& into) {
  read_openai_entry(from, into);
  into.memory = presence::loaded;
}

listing read_trtllm_list(std::string_view body) {
  return read_list(body, {{"data"}, {"id"}}, read_trtllm_entry);
}
} // namespace

const descriptor types::trtllm{
    .health = {.paths = {"/health"}, .judge = judge_by_status},
    .discovery = {.paths = {"/v1/models"}, .read = read_trtllm_list},
};

} // namespace synapse::providers
