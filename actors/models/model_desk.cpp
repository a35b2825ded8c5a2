#include "actors/models/model_desk.hpp"

#include <utility>

namespace synapse::client {

using namespace synapse::actors;

model_desk::model_desk(caf::actor_config& config, io_unit& unit, model_manager_actor manager,
                       std::uint32_t lane)
    : pinned(config, unit), manager_(std::move(manager)), lane_(lane) {}

model_desk::~model_desk() = default;

void model_desk::on_exit() {
  refuse_all();
  retired_ = true;
  manager_ = nullptr;
}

model_desk& model_desk::behind(const model_desk_actor& handle) {
  return *static_cast<model_desk*>(caf::actor_cast<caf::abstract_actor*>(handle));
}

model_desk_actor::behavior_type model_desk::make_behavior() {
  return {
      [this](const model_request& what) { return ask(what); },
      [this](const model_abandoned& what) {
        if (asked_.erase(what.request) > 0)
          send(manager_, model_demand_gone(lane_, what.request));
        else if (const auto granted = granted_.extract(what.request))
          leave(granted.mapped());
      },
      [this](const model_view_ptr& view) { on_view(view); },
      [this](model_grant& granted) { on_grant(granted); },
      [this](retire_atom) {
        retired_ = true;
        refuse_all();
        quit();
      },
  };
}

void model_desk::refuse_all() {
  for (auto& [request, promise] : std::exchange(asked_, {})) {
    model_grant no;
    no.request = request;
    no.why = model_denial::retired;
    promise.deliver(std::move(no));
  }
}

caf::result<model_grant> model_desk::ask(const model_request& what) {
  if (retired_) {
    model_grant no;
    no.request = what.request;
    no.why = model_denial::retired;
    return no;
  }
  auto promise = make_response_promise<model_grant>();
  asked_.emplace(what.request, promise);
  model_demand demand;
  demand.lane = lane_;
  demand.request = what.request;
  demand.model = what.model;
  demand.wait = what.wait;
  demand.anew = what.anew;
  send(manager_, std::move(demand));
  return promise;
}

void model_desk::on_grant(model_grant& granted) {
  const auto asked = asked_.find(granted.request);
  if (asked == asked_.end())
    return; // its asker has left, and so has the manager been told
  auto promise = std::move(asked->second);
  asked_.erase(asked);
  if (granted.why == model_denial::none) {
    began(granted.model);
    granted_.emplace(granted.request, granted.model);
  }
  promise.deliver(std::move(granted));
}

void model_desk::began(const std::string& model) {
  auto& of = uses_[model];
  ++of.count;
  of.last = net::io_thread::recent();
  if (of.count == 1 && view_->contended)
    tell_usage(model, of);
}

bool model_desk::enter(std::string_view model) {
  const auto found = view_->models.find(model);
  if (found == view_->models.end() || !found->second.open || retired_)
    return false;
  began(found->first);
  return true;
}

void model_desk::leave(std::string_view model) {
  const auto used = uses_.find(model);
  if (used == uses_.end() || used->second.count == 0)
    return;
  auto& of = used->second;
  --of.count;
  of.last = net::io_thread::recent();
  if (!manager_)
    return;
  if (of.count > 0) {
    // Somebody waits for these, and may be asking for how many.
    if (closing_ && is_closing(model))
      tell_usage(used->first, of);
    return;
  }
  if (view_->contended)
    tell_usage(used->first, of);
  if (const auto found = view_->models.find(model); found != view_->models.end())
    tell_if_drained(found->first, found->second.closing);
}

bool model_desk::is_closing(std::string_view model) const {
  const auto found = view_->models.find(model);
  return found != view_->models.end() && found->second.closing != 0;
}

void model_desk::suspect(std::string_view model) {
  if (manager_)
    caf::anon_send(manager_, model_suspect(std::string{model}));
}

void model_desk::tell_usage(const std::string& model, const use& of) {
  model_usage usage;
  usage.lane = lane_;
  usage.model = model;
  usage.in_use = of.count;
  usage.last_used = of.last;
  caf::anon_send(manager_, std::move(usage));
}

void model_desk::tell_if_drained(const std::string& model, std::uint32_t closing) {
  if (closing == 0)
    return;
  if (const auto used = uses_.find(model); used != uses_.end() && used->second.count > 0)
    return;
  model_drained drained;
  drained.lane = lane_;
  drained.model = model;
  drained.closing = closing;
  caf::anon_send(manager_, std::move(drained));
}

void model_desk::on_view(const model_view_ptr& view) {
  const auto before = std::exchange(view_, view);
  closing_ = false;
  for (const auto& [model, entry] : view_->models) {
    closing_ = closing_ || entry.closing != 0;
    const auto old = before->models.find(model);
    const bool was_there = old != before->models.end();
    if (view_->contended && entry.open && (!before->contended || !was_there || !old->second.open))
      tell_usage(model, uses_[model]);
    if (entry.closing != 0 && (!was_there || old->second.closing != entry.closing)) {
      if (const auto used = uses_.find(model); used != uses_.end() && used->second.count > 0)
        tell_usage(model, used->second);
      tell_if_drained(model, entry.closing);
    }
  }
  std::erase_if(uses_, [this](const auto& one) {
    return one.second.count == 0 && !view_->models.contains(one.first);
  });
}

} // namespace synapse::client
