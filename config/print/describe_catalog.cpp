#include "config/print/describe_catalog.hpp"

#include "config/print/yaml_writer.hpp"
#include "config/values/values.hpp"

#include <algorithm>

namespace synapse::config {

namespace {

/// Adds `text` to a list with commas between.
void add_item(std::string& list, const std::string& text) {
  list += (list.empty() ? "" : ", ") + text;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string list;
  for (const std::string& one : texts)
    add_item(list, one);
  return list;
}

void add_limit(std::string& list, std::size_t value, const char* unit) {
  if (value != 0)
    add_item(list, std::to_string(value) + " " + unit);
}

std::string capability_words(const capability_set& set) {
  std::string text;
  for (const auto one : all_capabilities)
    if (set.has(one) || set.lacks(one))
      text += (text.empty() ? "" : " ") + std::string{set.has(one) ? "" : "no-"} +
              std::string{to_string(one)};
  return text;
}

/// What differs from a deployment of which only backend and model are known.
std::string traits_of(const deployment_settings& one) {
  std::string text;
  if (one.weight != 1)
    add_item(text, one.weight == 0 ? "only by id" : "weight " + yaml_number(one.weight));
  if (one.id != one.backend + "/" + one.model)
    add_item(text, "id " + one.id);
  add_limit(text, one.max_requests, "at once");
  add_limit(text, one.rpm, "requests/min");
  add_limit(text, one.tpm, "tokens/min");
  add_limit(text, one.context, "tokens of context");
  if (one.cost_input != 0 || one.cost_output != 0)
    add_item(text, "cost " + yaml_number(one.cost_input) + "/" + yaml_number(one.cost_output));
  if (!one.tags.empty())
    add_item(text, "tags " + joined(one.tags));
  if (one.capabilities != capability_set{})
    add_item(text, capability_words(one.capabilities));
  return text;
}

std::string name_line(const catalog_model& model) {
  std::string text = "  " + model.name;
  if (!model.aliases.empty())
    text += ", also " + joined(model.aliases);
  std::string traits{to_string(model.strategy)};
  if (model.affinity != affinity_rule::prefix)
    add_item(traits, "affinity " + std::string{to_string(model.affinity)});
  if (model.hidden)
    add_item(traits, "hidden");
  return text + "  (" + traits + ")\n";
}

std::string deployments_text(const catalog_model& model) {
  std::vector<const deployment_settings*> tiers;
  std::size_t width = 0;
  for (const deployment_settings& one : model.deployments) {
    tiers.push_back(&one);
    width = std::max(width, one.backend.size());
  }
  std::stable_sort(tiers.begin(), tiers.end(),
                   [](const auto* a, const auto* b) { return a->order < b->order; });
  std::string text;
  const deployment_settings* last = nullptr;
  for (const deployment_settings* one : tiers) {
    const bool begins = last == nullptr || one->order != last->order;
    last = one;
    std::string tier = begins ? "tier " + std::to_string(one->order) : "";
    tier.resize(std::max<std::size_t>(tier.size(), 8), ' ');
    std::string backend = one->backend;
    backend.resize(std::max(width, backend.size()), ' ');
    const std::string traits = traits_of(*one);
    text += "    " + tier + backend + "  " + one->model;
    text += (traits.empty() ? "" : "  (" + traits + ")") + "\n";
  }
  return text;
}

std::string fallbacks_text(const fallback_settings& fallbacks, const std::string& name) {
  std::string text;
  const auto line = [&](const char* when, const name_lists& lists) {
    if (const auto found = lists.find(name); found != lists.end() && !found->second.empty())
      text += std::string{"    "} + when + joined(found->second) + "\n";
  };
  line("then    ", fallbacks.any);
  line("when too long: ", fallbacks.context);
  line("when refused: ", fallbacks.policy);
  return text;
}

std::string gpus_text(const settings& all) {
  std::string text = all.gpus.empty() ? "" : "gpus\n";
  for (const auto& [name, gpu] : all.gpus) {
    std::string backends;
    for (const auto& [backend, one] : all.backends)
      if (one.gpu == name)
        add_item(backends, backend + " " + format_size(one.vram.awake));
    text += "  " + name + "  " + format_size(gpu.vram) + " less " + format_size(gpu.reserve) +
            (backends.empty() ? "" : ": " + backends) + "\n";
  }
  return text;
}

} // namespace

std::string describe_catalog(const settings& all) {
  std::string text = gpus_text(all);
  if (all.catalog.empty())
    return text;
  text += "names" +
          (all.litellm.empty() ? std::string{} : ", those of " + all.litellm + " among them") +
          "\n";
  for (const catalog_model& model : all.catalog)
    text += name_line(model) + deployments_text(model) + fallbacks_text(all.fallbacks, model.name);
  if (!all.fallbacks.defaults.empty())
    text += "  at last " + joined(all.fallbacks.defaults) + "\n";
  return text;
}

} // namespace synapse::config
