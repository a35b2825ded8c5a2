/// @file
/// What has become of an attempt, in the words of routing's table of failures.
#pragma once

#include "http/proxy/targets.hpp"
#include "routing/failure/disposition.hpp"

namespace synapse::api {

/// Of an attempt whose answer is not the client's. Its views are valid while `what` is.
routing::failure_facts facts_of(const proxy::miss& what);
/// Of an answer that has begun and not ended well.
routing::failure_facts facts_of(const proxy::mishap_row& what);

} // namespace synapse::api
