/// @file
/// Who waits for a model of one router.
#pragma once

#include "actors/models/turns/schedule.hpp"
#include "actors/protocol/actor_interfaces.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace synapse::actors {

/// Tells the schedule's verdicts to those whose tickets they are about: the desks of sessions, and
/// those who have given a command. Part of the manager and used on its thread only.
class model_askers {
public:
  explicit model_askers(model_manager_actor::pointer self) : self_(self) {}

  /// A session's request. @param lane of the desk that demands it, @param request its number there.
  void add_demand(models::ticket_id ticket, model_desk_actor desk, std::uint32_t lane,
                  std::uint64_t request);
  /// The session has gone. @returns its ticket; nothing when it has had its verdict.
  std::optional<models::ticket_id> remove_demand(std::uint32_t lane, std::uint64_t request);
  /// Within the command's handler. @returns its answer.
  caf::typed_response_promise<model_command_done> add_command(models::ticket_id ticket, bool load);

  /// What the router answered to a load or unload: those who have commanded it hear of it.
  void router_said(bool load, const std::string& model, const http_reply& reply);
  /// Such an answer belongs to the load or unload under way; later ones hear their own.
  void forget_replies(const models::schedule& turns);

  void tell(const models::verdict& verdict, const models::schedule& turns);

  /// The actor ends: those who have given a command are told.
  void let_go(const caf::error& why);

private:
  using desk_request = std::pair<std::uint32_t, std::uint64_t>;
  struct asker {
    model_desk_actor desk; ///< of a session's request
    desk_request request;
    std::optional<caf::typed_response_promise<model_command_done>> command;
    bool load = false;
  };

  void tell_desk(const asker& who, const models::verdict& verdict, bool managed);
  void tell_commander(asker& who, const models::verdict& verdict, bool ready) const;

  model_manager_actor::pointer self_;
  std::map<models::ticket_id, asker> askers_;
  std::map<desk_request, models::ticket_id> demands_;
  std::map<std::string, http_reply> last_load_; ///< by model
  std::map<std::string, http_reply> last_unload_;
};

} // namespace synapse::actors
