/// @file
/// Asks one backend how it is.
#pragma once

#include "actors/protocol/actor_interfaces.hpp"
#include "actors/runtime/pinned.hpp"
#include "http/client/fetch.hpp"
#include "http/client/upstream_pool.hpp"

#include <memory>
#include <string>
#include <vector>

namespace synapse::actors {

/// What it tells itself besides: the backend's name may have been resolved by now.
using waiting_prober = prober_actor::extend<caf::reacts_to<tick_atom>>;

/// Owns a connection pool of its own, so that a probe measures the backend and not our queue.
/// Talks to its BACKEND for addresses only. A probe never costs tokens: it is a GET of
/// `health.path`, or, where nobody chose one, of what the backend's type has for that. Where that
/// is not there, the next one is asked, and the first that answers 200 is asked from then on. Where
/// somebody is paid for answers, and nobody chose a path, a connection is all that is tried.
class prober : public pinned<waiting_prober::base> {
public:
  prober(caf::actor_config& config, io_unit& unit, backend_actor backend,
         config::backend_settings settings, std::shared_ptr<net::asio::ssl::context> tls,
         std::string bearer);
  ~prober() override;

  waiting_prober::behavior_type make_behavior() override;
  const char* name() const override { return "prober"; }
  void on_exit() override;

private:
  struct probe {
    caf::typed_response_promise<probe_result> promise;
    net::time_ns due; ///< when an address has to be known at the latest
  };
  caf::result<probe_result> check();
  void look_for_address(probe what);
  void on_tick();
  static net::task<void> run(caf::strong_actor_ptr keep, prober* self,
                             caf::typed_response_promise<probe_result> promise,
                             net::tcp::endpoint address, bool saturated);
  /// @returns the answer that counts; found_path_ is where it comes from.
  net::task<client::fetch_result> ask(net::tcp::endpoint address, net::time_ns deadline);
  client::fetch_request ask_at(std::string_view path, net::time_ns deadline) const;
  void judge(const client::fetch_result& answer, probe_result& into) const;

  backend_actor backend_;
  config::backend_settings settings_;
  std::string bearer_;
  client::pool_options options_;
  net::local_ptr<client::upstream_pool> pool_; ///< made on the I/O thread
  client::canceler_ptr cancel_;                ///< likewise
  std::vector<probe> waiting_;                 ///< for the backend's name to be resolved
  std::vector<std::string> paths_;             ///< the usual one first; empty: it is not asked
  std::string found_path_; ///< that answers instead of the usual one; empty: none was needed
};

} // namespace synapse::actors
