/// @file
/// Asks one backend how it is.
#pragma once

#include "actors/protocol/actor_interfaces.hpp"
#include "actors/runtime/pinned.hpp"
#include "http/client/fetch.hpp"
#include "http/client/upstream_pool.hpp"

#include <memory>

namespace synapse::actors {

/// Owns a connection pool of its own, so that a probe measures the backend and not our queue.
/// Talks to its BACKEND for addresses only. A probe never costs tokens: it is a GET of
/// `health.path`, or, where nobody chose that path and it is not there, of the first usual one that
/// answers 200, which is then asked from the beginning.
class prober : public pinned<prober_actor::base> {
public:
  prober(caf::actor_config& config, io_unit& unit, backend_actor backend,
         config::backend_settings settings, std::shared_ptr<net::asio::ssl::context> tls,
         std::string bearer);
  ~prober() override;

  prober_actor::behavior_type make_behavior() override;
  const char* name() const override { return "prober"; }
  void on_exit() override;

private:
  caf::result<probe_result> check();
  static net::task<void> run(caf::strong_actor_ptr keep, prober* self,
                             caf::typed_response_promise<probe_result> promise,
                             net::tcp::endpoint address, bool saturated);
  client::fetch_request ask_at(std::string_view path, net::time_ns deadline) const;

  backend_actor backend_;
  config::backend_settings settings_;
  std::string bearer_;
  client::pool_options options_;
  net::local_ptr<client::upstream_pool> pool_; ///< made on the I/O thread
  client::canceler_ptr cancel_;                ///< likewise
  std::string found_path_; ///< that answers instead of the usual one; empty: none was needed
};

} // namespace synapse::actors
