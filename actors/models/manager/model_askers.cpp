#include "actors/models/manager/model_askers.hpp"

namespace synapse::actors {

namespace {
model_denial denial_of(models::denial why) {
  switch (why) {
  case models::denial::none:
    return model_denial::none;
  case models::denial::unknown_model:
    return model_denial::unknown_model;
  case models::denial::loading:
    return model_denial::loading;
  case models::denial::load_failed:
    return model_denial::load_failed;
  case models::denial::load_timeout:
    return model_denial::load_timeout;
  case models::denial::wait_timeout:
    return model_denial::wait_timeout;
  case models::denial::queue_full:
    return model_denial::queue_full;
  case models::denial::router_unavailable:
    return model_denial::router_unavailable;
  case models::denial::router_error:
    break;
  }
  return model_denial::router_error;
}
} // namespace

// ---- who comes and goes ----

void model_askers::add_demand(models::ticket_id ticket, model_desk_actor desk, std::uint32_t lane,
                              std::uint64_t request) {
  asker who;
  who.desk = std::move(desk);
  who.request = {lane, request};
  demands_[who.request] = ticket;
  askers_[ticket] = std::move(who);
}

std::optional<models::ticket_id> model_askers::remove_demand(std::uint32_t lane,
                                                             std::uint64_t request) {
  const auto found = demands_.extract({lane, request});
  if (!found)
    return {};
  askers_.erase(found.mapped());
  return found.mapped();
}

caf::typed_response_promise<model_command_done> model_askers::add_command(models::ticket_id ticket,
                                                                          bool load) {
  auto promise = self_->make_response_promise<model_command_done>();
  asker who;
  who.command = promise;
  who.load = load;
  askers_[ticket] = std::move(who);
  return promise;
}

// ---- what they are told ----

void model_askers::router_said(bool load, const std::string& model, const http_reply& reply) {
  (load ? last_load_ : last_unload_)[model] = reply;
}

void model_askers::forget_replies(const models::schedule& turns) {
  last_unload_.clear();
  std::erase_if(last_load_, [&](const auto& one) { return !turns.loading(one.first); });
}

void model_askers::tell(const models::verdict& verdict, const models::schedule& turns) {
  auto node = askers_.extract(verdict.ticket);
  if (!node)
    return;
  auto& who = node.mapped();
  if (who.command) {
    tell_commander(who, verdict, turns.turn_of(verdict.model).open);
    return;
  }
  if (const auto known = demands_.find(who.request);
      known != demands_.end() &&
      known->second == verdict.ticket) // no other desk's, after a restart
    demands_.erase(known);
  tell_desk(who, verdict, turns.managed());
}

void model_askers::tell_commander(asker& who, const models::verdict& verdict, bool ready) const {
  model_command_done result;
  result.why = denial_of(verdict.why);
  result.detail = verdict.detail;
  result.retry_after_s = verdict.retry_after_s;
  result.ready = ready;
  const auto& last = who.load ? last_load_ : last_unload_;
  if (const auto answer = last.find(verdict.model); answer != last.end()) {
    result.status = answer->second.status;
    result.body = answer->second.body;
  }
  who.command->deliver(std::move(result));
}

void model_askers::tell_desk(const asker& who, const models::verdict& verdict, bool managed) {
  model_grant grant;
  grant.request = who.request.second;
  grant.why = denial_of(verdict.why);
  grant.model = verdict.model;
  grant.id = verdict.id;
  grant.detail = verdict.detail;
  grant.progress = verdict.progress;
  grant.retry_after_s = verdict.retry_after_s;
  grant.managed = managed;
  self_->send(who.desk, std::move(grant));
}

void model_askers::let_go(const caf::error& why) {
  // CAF lets askers wait whose promise is dropped.
  for (auto& [ticket, who] : askers_)
    if (who.command)
      who.command->deliver(why);
  askers_.clear();
}

} // namespace synapse::actors
