/// @file
/// Asking the model manager and the stored profiles from a handler.
#pragma once

#include "actors/models/router/catalog.hpp"
#include "actors/protocol/error.hpp"
#include "http/core/local_reply.hpp"
#include "http/server/exchange/exchange.hpp"
#include "http/sites/thread_routes.hpp"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace synapse::api {

/// `%41` becomes `A`; what is no escape stays as it is.
std::string percent_decoded(std::string_view text);

/// Why a question about models came to nothing.
struct model_trouble {
  http::response_detail detail = http::response_detail::bad_request;
  std::string message = {}; ///< for people
  unsigned retry_after_s = 1;
  bool gone = false; ///< the client has left: nobody is to be told

  unsigned status() const noexcept { return http::info(detail).status; }
};
using trouble = std::optional<model_trouble>;

model_trouble model_at_fault(std::string message);
/// @param known names that may have been meant
model_trouble no_such_model(std::string_view model, std::span<const std::string_view> known);
/// `there is no model 'x'. Did you mean "y"?` @param who the subject, such as "the router has"
std::string unknown_model_sentence(std::string_view model, std::string_view who,
                                   std::span<const std::string_view> known);
/// Of a command that was not carried out.
model_trouble trouble_of(const actors::model_command_done& done);
/// Of a change of the router's runtime.
model_trouble runtime_trouble(const caf::error& error);
/// Of the stored profiles.
model_trouble profile_trouble(const caf::error& error);

/// Answers with it, or notes the client's departure.
net::task<void> tell(server::exchange& exchange, model_trouble why);

/// 1 to 512 bytes of UTF-8 without control characters. @returns what is wrong with it, if so.
trouble check_model_id(std::string_view id);
/// Reads `model` of a body.
trouble read_model_id(const nlohmann::ordered_json& body, std::string& id);

/// What a router said when it was asked for its models.
struct router_list {
  actors::http_reply reply;
  models::catalog known; ///< of an answer with status 200
  bool refused = false;  ///< it answered, and will not tell
};

/// Asks for the list anew. An answer that says that there is no such route is no trouble: `known`
/// stays empty then.
/// @param patience a router that does not answer is asked again for so long
net::task<trouble> ask_list(server::exchange& exchange, const client::site_ptr& site,
                            router_list& list, net::time_ns patience = 0);

/// A model as the stored profiles and the router know it.
struct named_model {
  std::string key;         ///< of its profile, and its name for clients
  router_list list;        ///< empty when there is no manager
  bool is_managed = false; ///< its router loads and unloads models

  const models::router_model* listed() const {
    const auto found = list.known.models.find(key);
    return found == list.known.models.end() ? nullptr : &found->second;
  }
};

/// Finds out which model a client means. Where nobody manages the models each name is one.
net::task<trouble> find_model(server::exchange& exchange, const client::site_ptr& site,
                              std::string_view name, named_model& model, net::time_ns patience = 0);

/// All stored profiles.
net::task<trouble> ask_profiles(server::exchange& exchange, actors::profile_map_ptr& all);
/// Stores a change. Afterwards the next request of any thread has it.
net::task<trouble> store_profile(server::exchange& exchange, const client::site_ptr& site,
                                 actors::put_profile change, actors::profile_map_ptr& all);
/// The stored values of a model; empty if there are none.
actors::profile_values values_of(const actors::profile_map_ptr& all, std::string_view key);

/// Sees to it that the router runs with the context size of `values`, if they have one.
net::task<trouble> apply_stored_runtime(server::exchange& exchange, const client::site_ptr& site,
                                        const named_model& model,
                                        const actors::profile_values& values);

/// Has a model loaded or unloaded. Trouble is what `done` says, too.
net::task<trouble> command_model(server::exchange& exchange, const client::site_ptr& site,
                                 bool load, std::string model, actors::model_command_done& done);

} // namespace synapse::api
