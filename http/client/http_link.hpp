/// @file
/// Sockets for actors that have none.
#pragma once

#include "actors/protocol/actor_interfaces.hpp"
#include "actors/runtime/pinned.hpp"
#include "http/client/fetch.hpp"
#include "http/client/upstream_pool.hpp"

namespace synapse::actors {

/// Makes requests on its I/O thread, each on its own; connections are kept for the next ones. When
/// it ends, what runs is cut off and answered as canceled.
class http_link : public pinned<http_link_actor::base> {
public:
  /// @param options of the connections: TLS, server name, limits.
  http_link(caf::actor_config& config, io_unit& unit, client::pool_options options);
  ~http_link() override;

  http_link_actor::behavior_type make_behavior() override;
  const char* name() const override { return "http_link"; }
  void on_exit() override;

private:
  caf::result<http_reply> call(http_call what);
  static net::task<void> run(caf::strong_actor_ptr keep, http_link* self,
                             caf::typed_response_promise<http_reply> promise, http_call what,
                             caf::strong_actor_ptr asker);

  client::pool_options options_;
  net::local_ptr<client::upstream_pool> pool_; ///< made on the I/O thread
  client::canceler_ptr cancel_;                ///< likewise
};

} // namespace synapse::actors
