/// @file
/// Why a request is not served, and how the client is told. Who finds out: head_checks for its
/// head, body_reading for its body, field_fault for what stands in it.
#pragma once

#include "http/core/local_reply.hpp"
#include "http/dialects/unfit.hpp"
#include "http/net/task.hpp"

#include <string>

namespace synapse::server {
class exchange;
}

namespace synapse::api {

struct refusal {
  http::response_detail detail = http::response_detail::bad_request;
  std::string message; ///< empty: the usual sentence of `detail`
  std::string field;   ///< the field of the request at fault; empty: none
  /// All faults as FastAPI's clients read them, a list in JSON (field_fault.hpp); empty: none such.
  std::string list = {};
};

/// Of a request that cannot be put into another dialect.
refusal refusal_of(http::unfit why);

/// Answers with it, in the dialect of the exchange's path.
net::task<void> refuse(server::exchange& exchange, refusal why);

} // namespace synapse::api
