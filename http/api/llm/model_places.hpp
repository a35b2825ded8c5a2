/// @file
/// The backends' own lists of models: asking for them, and finding out who has one.
#pragma once

#include "http/server/exchange/exchange.hpp"
#include "http/sites/thread_routes.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace synapse::api {

/// What one backend said when it was asked for its models.
struct backend_list {
  client::site_ptr site;
  std::string body;               ///< of a good answer
  std::vector<std::string> names; ///< in it, further ones of the same models among them
  unsigned status = 0;            ///< of its answer; 0: there is none
  std::string left_out;           ///< why there are no models; empty: it has answered
};

/// Asks every backend that lists models, side by side; those that do not answer are logged. The
/// thread's index learns from it. @returns false when the client has left.
/// @param outside only those that no name of the catalog has a deployment at
net::task<bool> ask_for_models(server::exchange& exchange, std::vector<backend_list>& lists,
                               bool outside = false);

/// Where a model is, or why it is not known.
struct model_place {
  client::site_ptr site; ///< null: nobody lists it
  bool gone = false;     ///< the client has left
};

/// Finds the backend that lists the model. Backends are asked when the thread does not know one, by
/// one of the requests that want to know. @param anew forgets what the thread knows.
net::task<model_place> find_model_place(server::exchange& exchange, std::string_view model,
                                        bool anew = false);

/// After find_model_place() has found none: tells that nobody lists the model, 404 with names that
/// are near, or 503 when a backend that may have it does not answer.
net::task<void> refuse_unknown_model(server::exchange& exchange, std::string_view model);

} // namespace synapse::api
