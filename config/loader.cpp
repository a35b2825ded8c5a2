#include "config/loader.hpp"

#include "config/catalog/catalog_defaults.hpp"
#include "config/defaults/derived_routes.hpp"
#include "config/defaults/route_defaults.hpp"
#include "config/litellm/merge.hpp"
#include "config/litellm/reader.hpp"
#include "config/litellm/text/sources.hpp"
#include "config/text/document_reader.hpp"
#include "config/text/file_text.hpp"
#include "config/text/yaml_tree.hpp"
#include "config/validator.hpp"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

namespace synapse::config {

namespace {

constexpr std::string_view cluster_secret = "cluster.secret_env";

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

/// One text, and what it refers to, on their way to settings.
class text_loader {
public:
  text_loader(origins from, const surroundings* around)
      : from_(std::move(from)), around_(around), reader_(from_.first(), problems_) {}

  load_result run(std::string_view text) {
    settings all;
    bool is_read = true;
    if (is_litellm_alone()) {
      name_ = from_.litellm;
    } else if (const auto root = parse_yaml(text, from_.file, problems_)) {
      all = reader_.read(without_litellm(*root));
    } else {
      is_read = false;
    }
    all.litellm = name_;
    if (!name_.empty() && around_ != nullptr)
      read_litellm(text, all);
    if (is_read)
      finish(std::move(all));
    result_.problems = problems_.take();
    result_.problems.insert(result_.problems.end(), std::make_move_iterator(theirs_.begin()),
                            std::make_move_iterator(theirs_.end()));
    if (has_errors(result_.problems))
      result_.value.reset();
    result_.litellm = std::move(fragment_);
    return std::move(result_);
  }

private:
  bool is_litellm_alone() const { return from_.file.empty() && !from_.litellm.empty(); }

  /// The tree but for the key `litellm`, which says where more is to be read.
  yaml_node without_litellm(const yaml_node& root) {
    yaml_node rest = root;
    name_ = from_.litellm;
    std::erase_if(rest.entries, [&](const yaml_entry& entry) {
      if (entry.key != "litellm")
        return false;
      line_ = entry.line;
      if (entry.value->type == yaml_node::kind::scalar && entry.value->text.empty())
        return true;
      const bool is_name = entry.value->type == yaml_node::kind::scalar;
      const std::string name =
          is_name ? litellm::beside(from_.file, entry.value->text) : std::string{};
      if (!is_name)
        report("must be the name of a file");
      else if (!name_.empty() && name_ != name)
        report("names another file than --litellm does");
      else
        name_ = name;
      return true;
    });
    return rest;
  }

  void report(std::string message) {
    problems_.add({from_.first(), line_, "litellm", std::move(message)});
  }

  void read_litellm(std::string_view text, settings& all) {
    std::optional<std::string> own;
    if (!is_litellm_alone()) {
      result_.files.push_back(name_);
      auto read =
          around_->files ? around_->files(name_) : parsed<std::string>::failure("cannot be opened");
      if (!read)
        return report(quote(name_) + " " + read.error);
      own = std::move(read.value);
      text = *own;
    }
    problem_list found;
    fragment_ = litellm::read(text, name_, around_->variables, around_->files, found);
    for (const std::string& file : fragment_->files)
      if (file != name_)
        result_.files.push_back(file);
    const auto line = [this](const std::string& key) {
      return reader_.was_given(key) ? std::optional{reader_.line_of(key)} : std::nullopt;
    };
    litellm::add_to(all, *fragment_, from_.file, line, found);
    theirs_ = found.take();
    is_whole_ = !has_errors(theirs_);
  }

  void finish(settings all) {
    // Half of it is not known: what is left out here may stand there.
    if (!name_.empty() && !fragment_) {
      result_.value = std::move(all);
      return;
    }
    const auto given = [&](const std::string& key) {
      return reader_.was_given(key) || (fragment_ && fragment_->places.contains(key));
    };
    append_default_routes(all);
    result_.derived_routes = append_derived_routes(all, given);
    apply_use_defaults(all, given);
    apply_catalog_defaults(all);
    apply_catalog_backends(all, given);
    if (fragment_)
      litellm::apply_timeouts(all, *fragment_);
    check(all);
    result_.variables = variables_of(all);
    result_.value = std::move(all);
  }

  void check(const settings& all) {
    auto wrong = validate(all);
    if (!has_errors(wrong) && is_whole_)
      for (problem& found : unserved_backends(all))
        wrong.push_back(std::move(found));
    for (problem& found : wrong)
      if (!reader_.is_reported(found.key) && (is_whole_ || is_own_matter(found.key)))
        add(std::move(found));
  }

  /// Whether it cannot be about something that is missing because LiteLLM's file is wrong.
  bool is_own_matter(const std::string& key) const {
    return reader_.was_given(key) && !key.starts_with("routes.") &&
           !key.starts_with("fallbacks.") && !key.starts_with("catalog.");
  }

  void add(problem found) {
    const litellm::place* theirs =
        fragment_ && !reader_.was_given(found.key) ? fragment_->place_of(found.key) : nullptr;
    found.file = theirs != nullptr ? theirs->file : from_.first();
    found.line = theirs != nullptr ? theirs->line : reader_.line_of(found.key);
    if (theirs != nullptr && theirs_.size() < problem_list::max_problems)
      theirs_.push_back(std::move(found));
    else
      problems_.add(std::move(found));
  }

  std::vector<named_variable> variables_of(const settings& all) const {
    std::vector<named_variable> result;
    const auto add = [&](const std::string& variable, const std::string& key) {
      if (!variable.empty())
        result.push_back({variable, from_.first(), reader_.line_of(key), key});
    };
    for (const auto& [name, backend] : all.backends)
      // Those of LiteLLM's file were looked for when it was read.
      if (!fragment_ || !fragment_->places.contains("backends." + name))
        add(backend.authorization.bearer_env, "backends." + name + ".authorization.bearer_env");
    add(all.cluster.secret_env, std::string{cluster_secret});
    return result;
  }

  const origins from_;
  const surroundings* around_;
  load_result result_;
  problem_list problems_;
  std::vector<problem> theirs_; ///< in the files of LiteLLM's
  bool is_whole_ = true;        ///< LiteLLM's file has no error
  document_reader reader_;
  std::optional<litellm::fragment> fragment_;
  std::string name_;     ///< of LiteLLM's file
  std::size_t line_ = 0; ///< of the key `litellm`
};

} // namespace

load_result load_text(std::string_view text, const std::string& file_name) {
  return text_loader{origins{file_name, ""}, nullptr}.run(text);
}

load_result load_text(std::string_view text, const origins& from, const surroundings& around) {
  return text_loader{from, &around}.run(text);
}

load_result load_file(const std::string& path) {
  const auto text = disk_reader()(path);
  return text ? load_text(*text, path)
              : load_result{.value = std::nullopt, .problems = {{path, 0, "", text.error}}};
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

litellm::file_reader disk_reader() {
  return [](const std::string& path) {
    std::string error;
    auto file = read_file(path, yaml_limits{}.max_bytes, &error);
    return file ? parsed<std::string>{std::move(file->text)}
                : parsed<std::string>::failure(std::move(error));
  };
}

origins origins_of(const environment& variables, const std::optional<std::string>& file,
                   const std::optional<std::string>& litellm) {
  if (!litellm)
    return {file ? *file : file_of(variables), ""};
  return {file.value_or(""), *litellm};
}

load_result load(std::string_view text, const origins& from, const environment& variables,
                 const litellm::file_reader& files) {
  load_result result = with_environment(load_text(text, from, {variables, files}), variables);
  if (result.value)
    result.value->process.config_path = from.first();
  return result;
}

load_result load(const origins& from, const environment& variables) {
  const auto files = disk_reader();
  if (const auto text = files(from.first()))
    return load(*text, from, variables, files);
  else
    return with_environment(
        {.value = std::nullopt, .problems = {{from.first(), 0, "", text.error}}}, variables);
}

load_result load(const environment& variables, const std::optional<std::string>& path) {
  return load(origins_of(variables, path, {}), variables);
}

} // namespace synapse::config
