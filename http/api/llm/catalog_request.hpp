/// @file
/// Requests whose model is a name of the catalog.
#pragma once

#include "http/api/llm/client_dialect.hpp"
#include "http/core/json/json_body.hpp"
#include "http/proxy/call.hpp"
#include "http/server/exchange/exchange.hpp"
#include "routing/names/name_table.hpp"

#include <string>
#include <string_view>

namespace synapse::api {

/// A request about a model, on its way to who has that.
struct llm_call {
  const http::json_inspection& body; ///< of the exchange's body, which is OpenAI's request
  llm_endpoint endpoint;
  client_dialect* dialect = nullptr; ///< null: the client speaks OpenAI's
};

/// The name that a request means; null: none of the catalog. @param body read and inspected
/// @param chosen set to the model that was chosen for a request that leaves it to the gateway
const routing::model_name* find_name(server::exchange& exchange, const http::json_inspection& body,
                                     std::string& chosen);

/// To its deployments. Replies in every case. On the exchange's thread.
/// @param asked the name as the client has it, or as it was chosen
net::task<void> forward_to_deployments(server::exchange& exchange, const routing::model_name& name,
                                       const std::string& asked, const llm_call& call,
                                       proxy::forward_options options);

/// There is a catalog, no name of which is `model`, and no route for such requests: 404.
net::task<void> refuse_unknown_name(server::exchange& exchange, std::string_view model);

} // namespace synapse::api
