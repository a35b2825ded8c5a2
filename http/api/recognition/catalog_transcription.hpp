/// @file
/// Transcriptions and translations whose model is a name of the catalog.
#pragma once

#include "http/api/forms/upload_body.hpp"
#include "http/server/exchange/exchange.hpp"

namespace synapse::api {

/// @param body read as far as the model is; whoever goes on reads it from its beginning
/// @param looked set to whether it was read at all
/// @returns whether the client has its answer or has left; false: the catalog has nothing to do
/// with the request. On the exchange's thread.
net::task<bool> transcribe_by_name(server::exchange& exchange, upload_body& body, bool& looked);

} // namespace synapse::api
