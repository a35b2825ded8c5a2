/// @file
/// What has come of the steps before a deployment is asked.
#pragma once

#include "http/api/request/refusal.hpp"
#include "http/proxy/targets.hpp"

#include <cstdint>

namespace synapse::api {

/// Plain state of one request.
struct preparation {
  enum class outcome : std::uint8_t {
    ready,
    unfit,  ///< the backend cannot do what is asked for, see `why`
    failed, ///< the backend has failed, see `failed` and `answer`
    denied, ///< it may not be asked now
    faulty, ///< the request is at fault, wherever it goes, see `why`
    gone,   ///< the client has left
  };
  outcome how = outcome::ready;
  refusal why;
  proxy::failure failed;          ///< where there is no answer
  proxy::collected_answer answer; ///< with a status: what the backend has answered
  http::lost_request lost;
  actors::deny_reason denied = actors::deny_reason::none;
  std::uint32_t retry_after_ms = 0; ///< of that

  void refuse(refusal unfit) {
    how = outcome::unfit;
    why = std::move(unfit);
  }
  void fail(proxy::mishap what, std::string message) {
    how = outcome::failed;
    failed = {what, std::move(message)};
  }
  /// As it is told to targets. Its views lead into this.
  proxy::miss as_miss() const {
    proxy::miss what;
    what.denied = denied;
    what.retry_after_ms = retry_after_ms;
    what.lost = lost;
    if (how == outcome::failed && answer.status != 0)
      what.answer = &answer;
    else if (how == outcome::failed)
      what.failed = &failed;
    return what;
  }
};

} // namespace synapse::api
