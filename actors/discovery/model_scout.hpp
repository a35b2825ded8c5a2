/// @file
/// Asks one backend what models it has, what is in memory and who waits.
#pragma once

#include "actors/discovery/record_writer.hpp"
#include "actors/discovery/scout_agenda.hpp"
#include "actors/protocol/actor_interfaces.hpp"
#include "actors/runtime/pinned.hpp"
#include "http/client/fetch.hpp"
#include "http/client/upstream_pool.hpp"
#include "providers/discovered_names.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::actors {

struct model_scout_parts {
  backend_actor control; ///< knows the backend's addresses
  config::backend_settings backend;
  std::shared_ptr<net::asio::ssl::context> tls;       ///< null: plain TCP
  std::string key;                                    ///< the backend's own; never logged
  std::shared_ptr<providers::discovered_names> names; ///< what it has told of, for all threads
  /// Something that people should know; called on the scout's thread.
  std::function<void(const std::string& text)> report = [](const std::string&) {};
};

/// Owns a connection pool of its own. Writes into the records of its backend's deployments, those
/// of the snapshot that it was given last, and into `names`. Never asks anything that costs tokens
/// or changes anything; what a backend does not answer, or answers wrongly, leaves what was known
/// as it was. Tells the BACKEND's actor when it answers again after it did not.
class model_scout : public pinned<model_scout_actor::base> {
public:
  model_scout(caf::actor_config& config, io_unit& unit, model_scout_parts parts);
  ~model_scout() override;

  model_scout_actor::behavior_type make_behavior() override;
  const char* name() const override { return "model_scout"; }
  void on_exit() override;

private:
  struct details {
    std::string version;
    bool known = false;
    std::int64_t asked = 0;
    providers::discovered_model told;
  };
  using models = std::vector<providers::discovered_model>;

  void on_snapshot(const snapshot_ptr& snapshot);
  void on_tick();
  void on_state(const backend_snapshot& state);

  // Coroutines on this actor's thread; `ended()` has to be asked after each question.
  static net::task<void> run(caf::strong_actor_ptr keep, model_scout* self, scout_plan plan,
                             net::tcp::endpoint address);
  net::task<void> work_off(scout_plan plan, net::tcp::endpoint address);
  net::task<void> look_for_life(net::tcp::endpoint address);
  net::task<void> discover(net::tcp::endpoint address);
  net::task<void> add_details(net::tcp::endpoint address, models& into);
  net::task<void> ask_load(net::tcp::endpoint address);
  net::task<void> ask_queue(net::tcp::endpoint address);
  /// The answer of the first of the paths that is there.
  net::task<client::fetch_result> ask_one_of(net::tcp::endpoint address, providers::path_list paths,
                                             std::size_t& first);
  net::task<client::fetch_result> ask(net::tcp::endpoint address, client::fetch_request request);

  client::fetch_request get(std::string_view path) const;
  bool ended() const noexcept { return !pool_; }
  bool may_ask_details(const details& of, const std::string& version) const;
  void note_problem(const std::string& problem);
  void note_offload(const providers::load_reading& load);

  model_scout_parts parts_;
  const providers::descriptor& what_;
  providers::path_list health_paths_;
  scout_agenda agenda_;
  record_writer writer_;
  client::pool_options options_;
  net::local_ptr<client::upstream_pool> pool_; ///< made on the I/O thread
  client::canceler_ptr cancel_;                ///< likewise
  bool ticking_ = false;
  bool running_ = false;
  std::size_t health_path_ = 0; ///< of several, the one that is there
  std::size_t list_path_ = 0;
  std::map<std::string, details, std::less<>> details_; ///< by model
  std::string problem_;                                 ///< reported last
  std::set<std::string, std::less<>> offloaded_;        ///< reported
};

} // namespace synapse::actors
