#include "actors/gpus/gpu_desk.hpp"

#include <utility>

namespace synapse::client {

using namespace synapse::actors;

namespace {
gpu_grant retired_answer(std::uint64_t request) {
  gpu_grant no;
  no.request = request;
  no.why = gpu_denial::retired;
  return no;
}
} // namespace

gpu_desk::gpu_desk(caf::actor_config& config, io_unit& unit, gpu_coordinator_actor coordinator,
                   std::uint32_t lane)
    : pinned(config, unit), coordinator_(std::move(coordinator)), lane_(lane) {}

gpu_desk::~gpu_desk() = default;

void gpu_desk::on_exit() {
  refuse_all();
  retired_ = true;
  coordinator_ = nullptr;
}

gpu_desk& gpu_desk::behind(const gpu_desk_actor& handle) {
  return *static_cast<gpu_desk*>(caf::actor_cast<caf::abstract_actor*>(handle));
}

gpu_desk_actor::behavior_type gpu_desk::make_behavior() {
  return {
      [this](const gpu_request& what) { return ask(what); },
      [this](const gpu_abandoned& what) {
        if (asked_.erase(what.request) > 0)
          send(coordinator_, gpu_demand_gone(lane_, what.request));
        else if (const auto granted = granted_.extract(what.request))
          leave(granted.mapped());
      },
      [this](const gpu_view_ptr& view) { on_view(view); },
      [this](gpu_grant& granted) { on_grant(granted); },
      [this](retire_atom) {
        retired_ = true;
        refuse_all();
        quit();
      },
  };
}

void gpu_desk::refuse_all() {
  for (auto& [request, promise] : std::exchange(asked_, {}))
    promise.deliver(retired_answer(request));
}

// ---- for picking ----

const gpu_view::entry* gpu_desk::find(std::string_view member) const noexcept {
  const auto found = view_->members.find(member);
  return found == view_->members.end() ? nullptr : &found->second;
}

routing::load_state gpu_desk::load_of(std::string_view member) const noexcept {
  const auto* entry = find(member);
  if (entry == nullptr)
    return routing::load_state::unknown;
  switch (entry->state) {
  case gpu_state::awake:
    return routing::load_state::loaded;
  case gpu_state::waking:
    return routing::load_state::loading;
  case gpu_state::asleep:
  case gpu_state::failed:
    return entry->fits ? routing::load_state::cold_fits : routing::load_state::cold_evicts;
  case gpu_state::draining: // it sleeps first, for another one
    return routing::load_state::cold_evicts;
  default:
    return routing::load_state::unknown;
  }
}

bool gpu_desk::hopeless(std::string_view member, net::time_ns now) const noexcept {
  const auto* entry = find(member);
  if (entry == nullptr)
    return false;
  if (!view_->led && (entry->state == gpu_state::asleep || entry->state == gpu_state::failed))
    return true;
  return entry->state == gpu_state::away ||
         (entry->state == gpu_state::failed && now < entry->retry_at);
}

// ---- uses ----

caf::result<gpu_grant> gpu_desk::ask(const gpu_request& what) {
  if (retired_)
    return retired_answer(what.request);
  auto promise = make_response_promise<gpu_grant>();
  asked_.emplace(what.request, promise);
  gpu_demand demand;
  demand.lane = lane_;
  demand.request = what.request;
  demand.member = what.member;
  send(coordinator_, std::move(demand));
  return promise;
}

void gpu_desk::on_grant(gpu_grant& granted) {
  const auto asked = asked_.find(granted.request);
  if (asked == asked_.end())
    return; // its asker has left, and so has the coordinator been told
  auto promise = std::move(asked->second);
  asked_.erase(asked);
  if (granted.why == gpu_denial::none) {
    began(granted.member);
    granted_.emplace(granted.request, granted.member);
  }
  promise.deliver(std::move(granted));
}

void gpu_desk::began(const std::string& member) {
  auto& of = uses_[member];
  ++of.count;
  of.last = net::io_thread::recent();
  if (of.count == 1 && view_->contended)
    tell_usage(member, of);
}

bool gpu_desk::enter(std::string_view member) {
  const auto found = view_->members.find(member);
  if (found == view_->members.end() || !found->second.open || retired_)
    return false;
  began(found->first);
  return true;
}

void gpu_desk::leave(std::string_view member) {
  const auto used = uses_.find(member);
  if (used == uses_.end() || used->second.count == 0)
    return;
  auto& of = used->second;
  --of.count;
  of.last = net::io_thread::recent();
  if (!coordinator_ || of.count > 0)
    return;
  if (view_->contended)
    tell_usage(used->first, of);
  if (const auto* entry = find(member); entry != nullptr)
    tell_if_drained(used->first, entry->closing);
}

void gpu_desk::tell_usage(const std::string& member, const use& of) {
  if (!coordinator_)
    return;
  gpu_usage usage;
  usage.lane = lane_;
  usage.member = member;
  usage.in_use = of.count;
  usage.last_used = of.last;
  caf::anon_send(coordinator_, std::move(usage));
}

void gpu_desk::tell_if_drained(const std::string& member, std::uint32_t closing) {
  if (closing == 0)
    return;
  if (const auto used = uses_.find(member); used != uses_.end() && used->second.count > 0)
    return;
  gpu_drained drained;
  drained.lane = lane_;
  drained.member = member;
  drained.closing = closing;
  caf::anon_send(coordinator_, std::move(drained));
}

void gpu_desk::on_view(const gpu_view_ptr& view) {
  const auto before = std::exchange(view_, view);
  for (const auto& [member, entry] : view_->members) {
    const auto old = before->members.find(member);
    const bool was_there = old != before->members.end();
    if (view_->contended && entry.open && (!before->contended || !was_there || !old->second.open))
      tell_usage(member, uses_[member]);
    if (entry.closing != 0 && (!was_there || old->second.closing != entry.closing))
      tell_if_drained(member, entry.closing);
  }
  std::erase_if(uses_, [this](const auto& one) {
    return one.second.count == 0 && !view_->members.contains(one.first);
  });
}

} // namespace synapse::client
