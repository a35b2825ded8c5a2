/// @file
/// What happens to backends and their models, as lines of the log and as metrics.
#pragma once

#include "actors/backends/backend.hpp"
#include "actors/models/model_manager.hpp"
#include "app/boot/instruments.hpp"
#include "app/observation/observation.hpp"

#include <string>

namespace synapse::app {

/// @param observed hears of circuits. Both outlive the backend's actors.
actors::backend_events events_of_backend(const std::string& name, instruments& tools,
                                         observation& observed);

/// Of a router whose models are managed. @param tools outlives its actors.
actors::model_events events_of_models(const std::string& name, instruments& tools);

} // namespace synapse::app
