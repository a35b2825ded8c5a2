#include "config/loader.hpp"

#include "config/document_reader.hpp"
#include "config/file_text.hpp"
#include "config/route_defaults.hpp"
#include "config/validator.hpp"
#include "config/yaml_tree.hpp"

#include <iterator>
#include <utility>

namespace synapse::config {

load_result load_text(std::string_view text, const std::string& file_name) {
  problem_list problems;
  load_result result;
  if (const auto root = parse_yaml(text, file_name, problems)) {
    document_reader reader{file_name, problems};
    settings all = reader.read(*root);
    append_default_routes(all);
    apply_use_defaults(all, [&](const std::string& key) { return reader.was_given(key); });
    for (problem& found : validate(all)) {
      if (reader.is_reported(found.key))
        continue;
      found.file = file_name;
      found.line = reader.line_of(found.key);
      problems.add(std::move(found));
    }
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
  loaded.value.reset();
  if (!has_errors(loaded.problems))
    loaded.value = std::move(all);
  return loaded;
}

load_result load(const environment& variables, const std::optional<std::string>& path) {
  settings located;
  // Problems are reported below, when the variables are applied to what was loaded.
  (void)apply_environment(variables, located);
  const std::string file = path.value_or(located.process.config_path);
  load_result result = with_environment(load_file(file), variables);
  if (result.value)
    result.value->process.config_path = file;
  return result;
}

} // namespace synapse::config
