/// @file
/// All models that clients may ask for, as entries of OpenAI's list.
#pragma once

#include "http/server/exchange/exchange.hpp"

#include <nlohmann/json_fwd.hpp>

namespace synapse::api {

/// What GET /v1/models lists. @param into set to an array. @returns false when the client has left.
/// On the exchange's thread. models_handler.cpp
net::task<bool> all_model_entries(server::exchange& exchange, nlohmann::ordered_json& into);

} // namespace synapse::api
