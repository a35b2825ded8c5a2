/// @file
/// A made-up catalog, what is known of its deployments, and requests that travel through it.
#pragma once

#include "routing/failure/disposition.hpp"
#include "routing/journey/journey.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace synapse::routing {

inline constexpr std::int64_t second_ns = 1'000'000'000;

/// What is known of deployments, as a test says it.
class told_standing final : public standing {
public:
  place_state of(const deployment& which, kind) override { return states[which.place]; }
  std::vector<place_state> states; ///< by deployment_place
};

/// Names and deployments first, then `done`, then states and journeys.
class atlas {
public:
  config::settings settings;
  told_standing known;
  random_source random{7};
  retry_budget budget;
  wish what; ///< of the journeys that begin from here on

  /// One more deployment of a name; its id is also its model.
  config::deployment_settings& put(const std::string& name, const std::string& id,
                                   unsigned order = 1) {
    settings.backends["b"].name = "b";
    auto& made = name_of(name).deployments.emplace_back();
    made.backend = "b";
    made.id = made.model = id;
    made.order = order;
    return made;
  }
  config::catalog_model& name_of(const std::string& name) {
    for (auto& one : settings.catalog)
      if (one.name == name)
        return one;
    settings.catalog.emplace_back().name = name;
    return settings.catalog.back();
  }
  void done() {
    table.emplace(settings);
    known.states.resize(table->deployments().size());
    for (auto& state : known.states)
      state.meter = meters.emplace_back(std::make_unique<deployment_meter>(1)).get();
  }
  place_state& state(std::string_view id) {
    return known.states[table->find_deployment(id)->place];
  }
  journey travel(std::string_view name, std::int64_t now = 0) {
    return journey{*table, *table->find(name), what, settings.routing, budget, 0, now};
  }
  // Ids of where it goes, "" for nowhere.
  std::string first(journey& trip, std::int64_t now = 0) {
    return id_of(trip.first(known, random, now));
  }
  std::string after(journey& trip, const verdict& how, std::int64_t now = 0) {
    return id_of(trip.after(how, known, random, now));
  }
  std::string denied(journey& trip, bool full, std::int64_t retry_at, std::int64_t now = 0) {
    return id_of(trip.after_denial(full, retry_at, known, random, now));
  }
  static std::string id_of(const move& next) {
    return next.to == nullptr ? std::string{} : next.to->settings->id;
  }

  std::optional<name_table> table;
  std::vector<std::unique_ptr<deployment_meter>> meters;
};

/// What an attempt is that ended with this status and these words.
inline verdict status_verdict(std::uint16_t status, std::string_view words = "x",
                              std::int64_t retry_after_ms = 0) {
  failure_facts facts;
  facts.status = status;
  facts.words = words;
  facts.retry_after_ms = retry_after_ms;
  facts.our_key = true;
  return judge(facts);
}

inline verdict end_verdict(attempt_end what) {
  failure_facts facts;
  facts.what = what;
  return judge(facts);
}

} // namespace synapse::routing
