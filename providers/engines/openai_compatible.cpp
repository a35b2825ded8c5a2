// Anything that speaks OpenAI's API; llama.cpp's server with one model among others.
#include "providers/model_entry.hpp"
#include "providers/types.hpp"

namespace synapse::providers {

/// What servers without `/health` have, none of which costs tokens: OpenAI's list of models,
/// Ollama's version, and a page for people.
const descriptor types::openai_compatible{
    .health = {.paths = {"/health", "/v1/models", "/api/version", "/"}, .judge = judge_by_status},
    .discovery = {.paths = {"/v1/models", "/models"}, .read = read_openai_list},
};

} // namespace synapse::providers
