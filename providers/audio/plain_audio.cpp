// Those that say nothing of models: whisper.cpp has one, pyannote and deepfilter have their own.
#include "providers/types.hpp"

namespace synapse::providers {

/// While another model is being loaded the answer is a 404.
const descriptor types::whisper_cpp{
    .health = {.paths = {"/health"}, .judge = judge_by_status},
};

const descriptor types::pyannote{
    .health = {.paths = {"/health"}, .judge = judge_by_status},
};

const descriptor types::deepfilter{
    .health = {.paths = {"/health"}, .judge = judge_by_status},
};

} // namespace synapse::providers
