// What a model pool shows of itself: its lists and its events.
#include "backends/llama/model_pool.hpp"

#include <algorithm>
#include <utility>

namespace synapse::backends {

using state = pooled_model::state;

namespace {

constexpr std::size_t most_queued_events = 256;

std::string_view name_of(state value) {
  switch (value) {
  case state::unloaded:
    return "unloaded";
  case state::loading:
    return "loading";
  case state::loaded:
    return "loaded";
  case state::sleeping:
    return "sleeping";
  }
  return "unloaded";
}

} // namespace

void model_pool::publish(const pooled_model& model, std::string_view event, json data) {
  json message = {{"model", model.spec.id}, {"event", event}, {"data", std::move(data)}};
  auto text = dump(message);
  for (auto* each : listeners_) {
    if (each->events.size() >= most_queued_events)
      each->events.pop_front();
    each->events.push_back(text);
    each->user->wake();
  }
}

void model_pool::publish_progress(const pooled_model& model, double value) {
  json progress = {{"stages", {"text_model"}}, {"current", "text_model"}, {"value", value}};
  publish(model, "status_change", {{"status", "loading"}, {"progress", std::move(progress)}});
}

json model_pool::info(const pooled_model& model) const {
  return {{"id", model.spec.id},
          {"aliases", {model.spec.id}},
          {"tags", json::array()},
          {"object", "model"},
          {"architecture", {{"input_modalities", {"text"}}, {"output_modalities", {"text"}}}},
          {"created", unix_now()},
          {"owned_by", "llamacpp"},
          {"meta", {{"n_vocab", vocabulary_size}, {"n_ctx", options_.ctx_size}}}};
}

bool model_pool::sleeps(std::string_view name) const {
  return std::any_of(models_.begin(), models_.end(), [&](const auto& model) {
    return model->spec.id == name && model->now == state::sleeping && !model->stopping();
  });
}

json model_pool::status(const pooled_model& model) const {
  auto ctx = std::to_string(options_.ctx_size);
  json out = {{"value", name_of(model.now)},
              {"args",
               {"llama-server", "--host", "127.0.0.1", "--ctx-size", ctx, "--parallel",
                std::to_string(options_.parallel), "--model", model.spec.id}},
              {"preset", "[" + model.spec.id + "]\nctx-size = " + ctx + "\n"}};
  if (model.now == state::loading)
    out["progress"] = {{"stages", {"text_model"}}, {"current", "text_model"}, {"value", 0.0}};
  if (model.failed) {
    out["failed"] = true;
    out["exit_code"] = 1;
  }
  return out;
}

json model_pool::list() const {
  json data = json::array();
  for (const auto& model : models_) {
    json entry = {{"id", model->spec.id}};
    if (options_.behavior == router_behavior::new_builds) {
      entry["aliases"] = json::array();
      entry["tags"] = json::array();
    }
    entry["object"] = "model";
    entry["owned_by"] = "llamacpp";
    entry["created"] = unix_now();
    entry["status"] = status(*model);
    if (options_.behavior == router_behavior::new_builds) {
      entry["architecture"] = {{"input_modalities", {"text"}}, {"output_modalities", {"text"}}};
      entry["context_length"] = options_.ctx_size;
      entry["source"] = "models_dir";
      entry["can_remove"] = false;
    }
    data.push_back(std::move(entry));
  }
  return data;
}

json model_pool::slots(const model_process& process) const {
  json out = json::array();
  for (const auto& each : process.slots) {
    json next = {{"has_next_token", each.busy},
                 {"has_new_line", false},
                 {"n_remain", -1},
                 {"n_decoded", each.decoded}};
    out.push_back({{"id", each.id},
                   {"id_task", each.task},
                   {"n_ctx", options_.ctx_size},
                   {"speculative", false},
                   {"is_processing", each.busy},
                   {"params", json::object()},
                   {"next_token", std::move(next)}});
  }
  return out;
}

} // namespace synapse::backends
