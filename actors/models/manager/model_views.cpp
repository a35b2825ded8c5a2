#include "actors/models/manager/model_views.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>

namespace synapse::actors {

void model_views::add(const model_desk_actor& desk, std::uint32_t lane) {
  desks_.resize(std::max<std::size_t>(desks_.size(), lane + 1));
  desks_[lane] = desk;
  if (view_)
    self_->send(desk, view_);
}

model_desk_actor model_views::desk(std::uint32_t lane) const {
  return lane < desks_.size() ? desks_[lane] : model_desk_actor{};
}

void model_views::publish(const models::schedule& turns) {
  auto view = std::make_shared<model_view>();
  view->contended = turns.contended();
  view->profiles = profiles_;
  if (const auto& known = turns.known()) {
    view->known = true;
    view->managed = known->is_router;
    view->names = known->aliases;
    for (const auto& [name, model] : known->models) {
      const auto turn = turns.turn_of(name);
      view->models.emplace(name, model_view::entry{model.id, turn.open, turn.closing});
    }
  }
  view_ = std::move(view);
  for (const auto& desk : desks_)
    if (desk)
      self_->send(desk, view_);
}

} // namespace synapse::actors
