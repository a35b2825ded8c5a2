/// @file
/// Carries one request to a backend and its answer back.
#pragma once

#include "http/proxy/call.hpp"
#include "http/proxy/retry_policy.hpp"
#include "http/proxy/upstream/permit_slot.hpp"
#include "http/proxy/upstream/request_body.hpp"

#include <cstdint>
#include <optional>

namespace synapse::proxy {

/// One forwarded exchange: permit → upstream request → relay → outcome, again for a further attempt
/// where that is allowed (see retry_policy), and at another target where there is one (see
/// targets). Replies to the client unless it says otherwise. On the exchange's thread.
class forwarder {
public:
  forwarder(server::exchange& exchange, client::site_ptr site, forward_options options);

  net::task<forward_end> run();

  /// After `collected`.
  collected_answer& answer() noexcept { return leg_->of.collected; }

private:
  /// The attempts at one target.
  struct leg {
    /// @param fresh no kept connection: one was replaced for this request already
    leg(server::exchange& exchange, client::site_ptr site, const forward_options& options,
        bool fresh);

    call of;
    request_body body;
    retry_policy policy;
    std::uint64_t number;              ///< of its permits
    std::optional<permit_slot> permit; ///< of the attempt under way
    net::time_ns begun = 0;            ///< when that began
  };

  void begin_attempt();
  retry after_failure(const http::lost_request& lost);
  void cancel();
  net::task<bool> pause();
  miss miss_of(step how, const http::lost_request& lost);
  bool is_final(step how) const;
  void tell_answered();
  net::task<onward> after_denial();
  void go_on();
  net::task<void> tell_denial();
  net::task<void> tell_failure();
  net::task<void> tell(http::response_detail detail, std::string message,
                       std::optional<unsigned> retry_after = {}, std::string_view label = {});
  net::task<void> relay_collected();

  std::optional<leg> leg_; ///< always there
};

/// Forwards the client's own request and replies in every case.
net::task<void> forward(server::exchange& exchange, client::site_ptr site, forward_options options);
/// The same to the first of several targets, whose body goes out instead of the client's where it
/// has one. @returns what has come of it: `refused` is the caller's to tell
net::task<forward_end> forward(server::exchange& exchange, targets& all, forward_options options);

} // namespace synapse::proxy
