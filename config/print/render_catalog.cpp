#include "config/print/render_catalog.hpp"

#include "config/print/yaml_writer.hpp"

namespace synapse::config {

namespace {

/// `[chat, tools]`, or `{chat: true, vision: false}` where something is known to be missing.
std::string capabilities_text(const capability_set& set) {
  std::string text;
  for (const auto one : all_capabilities) {
    if (!set.has(one) && !set.lacks(one))
      continue;
    text += (text.empty() ? "" : ", ") + std::string{to_string(one)};
    if (set.no != 0)
      text += set.has(one) ? ": true" : ": false";
  }
  return set.no != 0 ? "{" + text + "}" : "[" + text + "]";
}

timeout_settings usual_timeouts(const settings& all, const deployment_settings& one) {
  const auto backend = all.backends.find(one.backend);
  return backend == all.backends.end() ? timeout_settings{} : backend->second.timeouts;
}

void render_deployment(std::string& out, const settings& all, const deployment_settings& one) {
  const section_writer write{out, 4};
  const deployment_settings usual;
  const std::size_t begin = out.size();
  write.fields(4, one, &usual);
  out[begin + 6] = '-'; // the first of a list's entry
  if (one.cost_input != 0 || one.cost_output != 0)
    write.line(4, "cost",
               "{input: " + yaml_number(one.cost_input) +
                   ", output: " + yaml_number(one.cost_output) + "}");
  if (one.capabilities != capability_set{})
    write.line(4, "capabilities", capabilities_text(one.capabilities));
  if (!one.defaults.empty())
    write.line(4, "defaults", "");
  for (const auto& [name, json] : one.defaults)
    write.line(5, yaml_text(name), json);
  if (!one.headers.empty())
    write.line(4, "headers", "");
  for (const auto& [name, text] : one.headers)
    write.line(5, yaml_text(name), yaml_text(text));
  write.differing(4, "timeouts", one.timeouts, usual_timeouts(all, one));
}

} // namespace

void render_fallbacks(std::string& out, const fallback_settings& fallbacks) {
  const section_writer write{out, 1};
  for (const auto& [kind, lists] : {std::pair{"any", &fallbacks.any},
                                    {"context", &fallbacks.context},
                                    {"policy", &fallbacks.policy}}) {
    if (!lists->empty())
      write.line(1, kind, "");
    for (const auto& [name, names] : *lists)
      write.line(2, yaml_text(name), yaml_value(names, {}));
  }
}

void render_gpus(std::string& out, const settings& all) {
  const section_writer write{out, 2};
  if (!all.gpus.empty())
    write.line(0, "gpus", "");
  for (const auto& [name, gpu] : all.gpus) {
    write.line(1, yaml_text(name), "");
    write("", gpu);
    write.line(2, "exclusive", yaml_value(gpu.exclusive, {}));
  }
}

void render_catalog(std::string& out, const settings& all) {
  const section_writer write{out, 2};
  if (!all.litellm.empty())
    out += "# With the names of the LiteLLM file " + yaml_text(all.litellm) + ".\n";
  if (!all.catalog.empty())
    write.line(0, "catalog", "");
  const catalog_model usual;
  for (const catalog_model& model : all.catalog) {
    write.line(1, yaml_text(model.name), "");
    write.fields(2, model, &usual);
    write.differing(2, "spill", model.spill, usual.spill);
    write.line(2, "strategy", to_string(model.strategy));
    write.line(2, "affinity", to_string(model.affinity));
    write.line(2, "deployments", "");
    for (const deployment_settings& one : model.deployments)
      render_deployment(out, all, one);
  }
}

} // namespace synapse::config
