/// @file
/// What has become of an attempt, in the words of routing's table of failures.
#pragma once

#include "actors/protocol/model_messages.hpp"
#include "http/proxy/targets.hpp"
#include "routing/failure/disposition.hpp"

#include <optional>

namespace synapse::api {

/// Of an attempt whose answer is not the client's. Its views are valid while `what` is.
routing::failure_facts facts_of(const proxy::miss& what);
/// Of a router's model that is not to be had; nothing: others have it for now.
std::optional<routing::failure_facts> facts_of(actors::model_denial why);
/// Of an answer that has begun and not ended well.
routing::failure_facts facts_of(const proxy::mishap_row& what);

} // namespace synapse::api
