/// @file
/// What a router means by its answer to a management call. One table for all of these calls, so
/// that none takes for "not yet" what another takes for "no".
#pragma once

#include "actors/protocol/http_messages.hpp"
#include "actors/protocol/model_messages.hpp"

#include <cstdint>
#include <string>

namespace synapse::models {

/// What the gateway asks a router of its own accord.
enum class management_call : std::uint8_t {
  list,   ///< GET /models
  load,   ///< POST /models/load
  unload, ///< POST /models/unload
  props,  ///< GET /props
  events, ///< GET /models/sse
};

enum class router_answer : std::uint8_t {
  accepted,    ///< or it was so already
  not_found,   ///< it has no such model
  no_room,     ///< "model limit reached": another one is still going
  unreachable, ///< not yet: no answer, busy, or on its way up. The only one worth asking again
  refused,     ///< definitely no: asking again would get the same answer
  no_route,    ///< it has no such route: an older build, or no router
};

struct router_word {
  router_answer means = router_answer::accepted;
  /// The router's reason as a sentence for people; of `not_found` its own words alone. Empty for a
  /// plain success. May hold any bytes.
  std::string reason;
};

/// Texts as seen on builds of several ages (llama.cpp, `server-models.cpp`); the statuses alone do
/// not tell. Pure, any thread.
router_word understand(management_call what, const actors::http_reply& reply);

/// The sentence in an error answer, whichever envelope it came in, else what there is, short; empty
/// for a page of HTML.
std::string message_in(const std::string& body);

} // namespace synapse::models
