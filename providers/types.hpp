/// @file
/// Internal: a descriptor for each type of backend.
#pragma once

#include "providers/descriptor.hpp"

namespace synapse::providers::types {

extern const descriptor openai_compatible;
// Engines.
extern const descriptor ollama;
extern const descriptor vllm;
extern const descriptor llama_router;
extern const descriptor sglang;
extern const descriptor trtllm;
extern const descriptor tei;
extern const descriptor infinity;
// Audio.
extern const descriptor chatterbox;
extern const descriptor faster_whisper;
extern const descriptor pyannote;
extern const descriptor deepfilter;
extern const descriptor speaches;
extern const descriptor piper;
extern const descriptor whisper_cpp;
// Clouds.
extern const descriptor openai;
extern const descriptor openrouter;
extern const descriptor azure;
extern const descriptor anthropic;

} // namespace synapse::providers::types
