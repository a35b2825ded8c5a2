/// @file
/// Carries one request to a backend and its answer back.
#pragma once

#include "http/proxy/call.hpp"
#include "http/proxy/retry_policy.hpp"
#include "http/proxy/upstream/permit_slot.hpp"
#include "http/proxy/upstream/request_body.hpp"

#include <cstdint>

namespace synapse::proxy {

/// One forwarded exchange: permit → upstream request → relay → outcome, again for a further attempt
/// where that is allowed (see retry_policy). Replies to the client unless it says otherwise. On the
/// exchange's thread.
class forwarder {
public:
  forwarder(server::exchange& exchange, client::site_ptr site, forward_options options);

  net::task<forward_end> run();

  /// After `collected`.
  collected_answer& answer() noexcept { return call_.collected; }
  /// After `collected`, for the client's own request: passes the answer on as it came.
  net::task<void> relay_collected();
  /// After `failed`: tells the client.
  net::task<void> tell_failure();
  /// After `failed`: the backend could not be reached, or let go of the connection before it had
  /// the whole request. It may be sent again.
  bool unreachable() const noexcept { return policy_.repeatable(); }

private:
  net::task<step> attempt(permit_slot& permit);
  net::task<bool> pause();
  net::task<void> tell(http::response_detail detail, std::string message,
                       std::optional<unsigned> retry_after = {}, std::string_view label = {});

  call call_;
  request_body body_;
  retry_policy policy_;
  std::uint64_t number_; ///< of the permit
};

/// Forwards the client's own request and replies in every case.
net::task<void> forward(server::exchange& exchange, client::site_ptr site, forward_options options);

} // namespace synapse::proxy
