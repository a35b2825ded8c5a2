#include "config/loader.hpp"

#include "config/catalog/catalog_defaults.hpp"
#include "config/defaults/derived_routes.hpp"
#include "config/defaults/route_defaults.hpp"
#include "config/text/document_reader.hpp"
#include "config/text/file_text.hpp"
#include "config/text/yaml_tree.hpp"
#include "config/validator.hpp"

#include <iterator>
#include <utility>

namespace synapse::config {

namespace {

constexpr std::string_view cluster_secret = "cluster.secret_env";

std::vector<named_variable> variables_of(const settings& all, const document_reader& reader,
                                         const std::string& file_name) {
  std::vector<named_variable> result;
  const auto add = [&](const std::string& variable, const std::string& key) {
    if (!variable.empty())
      result.push_back({variable, file_name, reader.line_of(key), key});
  };
  for (const auto& [name, backend] : all.backends)
    add(backend.authorization.bearer_env, "backends." + name + ".authorization.bearer_env");
  add(all.cluster.secret_env, std::string{cluster_secret});
  return result;
}

/// A key that is not there would be found out by the first client whose request is refused for it.
void check_variables(const load_result& loaded, const settings& all, const environment& variables,
                     std::vector<problem>& problems) {
  for (const named_variable& one : loaded.variables) {
    const bool needed = one.key != cluster_secret || (all.process.terminal_feed.bus_mode == "caf" &&
                                                      all.cluster.secret_env == one.name);
    const auto found = variables.find(one.name);
    const bool is_set = found != variables.end();
    if (needed && (!is_set || trimmed(found->second).empty()))
      problems.push_back(
          {one.file, one.line, one.key,
           "the environment variable " + one.name + " is " + (is_set ? "empty" : "not set"), ""});
  }
}

} // namespace

load_result load_text(std::string_view text, const std::string& file_name) {
  problem_list problems;
  load_result result;
  if (const auto root = parse_yaml(text, file_name, problems)) {
    document_reader reader{file_name, problems};
    settings all = reader.read(*root);
    const auto given = [&](const std::string& key) { return reader.was_given(key); };
    append_default_routes(all);
    result.derived_routes = append_derived_routes(all, given);
    apply_use_defaults(all, given);
    apply_catalog_defaults(all);
    const auto add = [&](problem&& found) {
      if (reader.is_reported(found.key))
        return;
      found.file = file_name;
      found.line = reader.line_of(found.key);
      problems.add(std::move(found));
    };
    auto wrong = validate(all);
    if (!has_errors(wrong)) {
      auto unserved = unserved_backends(all);
      wrong.insert(wrong.end(), unserved.begin(), unserved.end());
    }
    for (problem& found : wrong)
      add(std::move(found));
    result.variables = variables_of(all, reader, file_name);
    result.value = std::move(all);
  }
  result.problems = problems.take();
  if (has_errors(result.problems))
    result.value.reset();
  return result;
}

load_result load_file(const std::string& path) {
  std::string error;
  if (const auto file = read_file(path, yaml_limits{}.max_bytes, &error))
    return load_text(file->text, path);
  return {std::nullopt, {{path, 0, "", error}}};
}

load_result with_environment(load_result loaded, const environment& variables) {
  // Without settings the variables are checked all the same, to report everything at once.
  settings all = loaded.value ? std::move(*loaded.value) : settings{};
  auto problems = apply_environment(variables, all);
  loaded.problems.insert(loaded.problems.end(), std::make_move_iterator(problems.begin()),
                         std::make_move_iterator(problems.end()));
  check_variables(loaded, all, variables, loaded.problems);
  loaded.value.reset();
  if (!has_errors(loaded.problems))
    loaded.value = std::move(all);
  return loaded;
}

std::string file_of(const environment& variables) {
  settings located;
  // Problems are reported when the variables are applied to what was loaded.
  (void)apply_environment(variables, located);
  return located.process.config_path;
}

load_result load(const environment& variables, const std::optional<std::string>& path) {
  const std::string file = path ? *path : file_of(variables);
  load_result result = with_environment(load_file(file), variables);
  if (result.value)
    result.value->process.config_path = file;
  return result;
}

} // namespace synapse::config
