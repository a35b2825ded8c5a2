#include "actors/discovery/record_writer.hpp"

#include <algorithm>
#include <set>
#include <unordered_map>

namespace synapse::actors {

namespace {
using providers::presence;

constexpr std::int64_t traffic_lasts = 10'000'000'000;

using model_index = std::unordered_map<std::string_view, const providers::discovered_model*>;

/// By all names; a model's own before others' further ones.
model_index index_of(const std::vector<providers::discovered_model>& models) {
  model_index index;
  for (const auto& one : models)
    index.emplace(one.name, &one);
  for (const auto& one : models)
    for (const auto& further : one.further)
      index.emplace(further, &one);
  return index;
}

const providers::discovered_model* find(const model_index& index, std::string_view name) {
  const auto found = index.find(name);
  return found == index.end() ? nullptr : found->second;
}

bool is_in_memory(presence memory) {
  return memory == presence::loaded || memory == presence::loading;
}
} // namespace

record_writer::record_writer(const routing::name_table& table,
                             const routing::catalog_records& records, std::string_view backend) {
  for (const auto& one : table.deployments()) {
    if (one.settings->backend != backend || one.place >= records.size())
      continue;
    entry fresh;
    fresh.model = one.settings->model;
    fresh.is_pattern = fresh.model.find('*') != std::string::npos;
    fresh.fixed = one.capabilities;
    fresh.record = records[one.place];
    entries_.push_back(std::move(fresh));
  }
}

std::vector<std::string> record_writer::models() const {
  std::set<std::string_view> names;
  for (const auto& one : entries_)
    if (!one.is_pattern)
      names.insert(one.model);
  return {names.begin(), names.end()};
}

// ---- what models can do ----

void record_writer::write_models(const std::vector<providers::discovered_model>& models) {
  const auto index = index_of(models);
  for (auto& one : entries_) {
    const auto* model = one.is_pattern ? nullptr : find(index, one.model);
    if (model == nullptr)
      continue;
    if (model->context != 0)
      one.told_context = model->context;
    write_context(one);
    write_capabilities(one, model->capabilities);
  }
}

/// The file has the last word.
void record_writer::write_capabilities(const entry& one, config::capability_set told) {
  told.no = static_cast<std::uint16_t>(told.no & ~one.fixed.yes);
  one.record->set_capabilities(told);
}

/// A model that runs does so with the context it was loaded for.
void record_writer::write_context(const entry& one) {
  const auto tokens = one.loaded_context != 0 ? one.loaded_context : one.told_context;
  if (tokens != 0)
    one.record->set_context(tokens);
}

// ---- what is in memory ----

void record_writer::write_memory(const std::vector<providers::discovered_model>& models,
                                 bool loading_evicts, std::int64_t now) {
  const auto index = index_of(models);
  const bool evicts = loading_evicts && std::any_of(models.begin(), models.end(), [](auto& one) {
                        return is_in_memory(one.memory);
                      });
  for (auto& one : entries_)
    if (const auto* model = one.is_pattern ? nullptr : find(index, one.model); model != nullptr)
      write_presence(one, model->memory, evicts, now);
}

void record_writer::write_load(const providers::load_reading& load,
                               const std::vector<providers::discovered_model>& models,
                               bool loading_evicts, std::int64_t now) {
  if (!load.ok())
    return;
  const auto index = index_of(models);
  std::unordered_map<std::string_view, const providers::load_reading::entry*> told;
  for (const auto& one : load.models) {
    told.emplace(one.name, &one);
    // By whatever name it is listed, it is that model.
    if (const auto* model = find(index, one.name); model != nullptr)
      told.emplace(model->name, &one);
  }
  const bool evicts =
      loading_evicts && std::any_of(load.models.begin(), load.models.end(),
                                    [](auto& one) { return is_in_memory(one.memory); });
  for (auto& one : entries_) {
    if (one.is_pattern)
      continue;
    const auto* model = find(index, one.model);
    auto found = told.find(one.model);
    if (found == told.end() && model != nullptr)
      found = told.find(model->name);
    if (found == told.end() && model == nullptr)
      continue; // nobody knows what it is called there
    one.loaded_context = found == told.end() ? 0 : found->second->context;
    write_context(one);
    write_presence(one, found == told.end() ? load.others : found->second->memory, evicts, now);
  }
}

void record_writer::write_presence(entry& one, presence memory, bool evicts, std::int64_t now) {
  auto& meter = one.record->meter;
  switch (memory) {
  case presence::unknown:
    return;
  case presence::loaded:
    if (one.loading_since != 0)
      meter.took_to_load(now - one.loading_since);
    meter.set_load(routing::load_state::loaded);
    break;
  case presence::loading:
    if (one.loading_since == 0)
      one.loading_since = now;
    meter.set_load(routing::load_state::loading);
    return;
  case presence::cold:
    meter.set_load(evicts ? routing::load_state::cold_evicts : routing::load_state::cold_fits);
    break;
  }
  one.loading_since = 0;
}

// ---- requests ----

void record_writer::forget_lacks() {
  for (auto& one : entries_)
    one.record->forget_lacks();
}

void record_writer::write_queue(const providers::queue_reading& queue) {
  if (!queue.known)
    return;
  for (auto& one : entries_)
    one.record->set_queue(queue.waiting);
}

bool record_writer::is_busy(std::int64_t now) {
  std::uint64_t attempts = 0;
  std::uint64_t in_flight = 0;
  for (const auto& one : entries_) {
    attempts += one.record->meter.all().attempts;
    in_flight += one.record->meter.all_in_flight();
  }
  if (attempts != attempts_ || in_flight != 0)
    busy_until_ = now + traffic_lasts;
  attempts_ = attempts;
  return now < busy_until_;
}

} // namespace synapse::actors
