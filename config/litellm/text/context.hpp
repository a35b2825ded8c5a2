/// @file
/// Reading single values of a LiteLLM file, and saying what is wrong with them.
#pragma once

#include "config/environment.hpp"
#include "config/litellm/fragment.hpp"
#include "config/text/config_error.hpp"
#include "config/text/yaml_tree.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::config::litellm {

/// Of names of models, headers and fields, in bytes.
inline constexpr std::size_t longest_name = 256;

/// A node, and where it stands.
struct spot {
  std::string file;
  std::size_t line = 0;
  std::string key;  ///< `model_list[2].litellm_params.api_base`
  std::string name; ///< `api_base`; of a list's entry the list's
  std::shared_ptr<const yaml_node> node;

  bool is_map() const { return node->type == yaml_node::kind::map; }
  bool is_list() const { return node->type == yaml_node::kind::sequence; }
  bool is_null() const { return node->type == yaml_node::kind::null; }
  bool is_text() const { return node->type == yaml_node::kind::scalar; }
  spot at(const yaml_entry& entry) const;
  spot at(std::size_t index) const;
  place where() const { return {file, line, key}; }
};

/// NAME of a text `os.environ/NAME`.
std::optional<std::string_view> variable_in(std::string_view text);

/// One reading of a file. Its readers give nothing for what is absent (null) or wrong, which they
/// have reported. No message holds a value that came from the environment.
class context {
public:
  explicit context(const environment& variables) : variables_(variables) {}

  void refuse(const spot& at, std::string message, std::string suggestion = {});
  /// The same words about keys of the same name are said once, with the number of places.
  void warn(const spot& at, std::string message, std::string suggestion = {});
  void note(const spot& at, std::string message);
  /// For a key that is none of `known`.
  void warn_unknown(const spot& at, std::string message, std::span<const std::string_view> known);
  std::size_t refusals() const { return errors_.size() + more_errors_; }
  /// Nothing more would be told: the reader may stop looking.
  bool is_full() const { return errors_.size() >= problem_list::max_problems; }
  /// Counts `bytes` that were taken from the file: aliases let a short one say long things. False
  /// when it was too much, which was reported.
  bool spend(const spot& at, std::size_t bytes);
  /// Errors first: a limited list must not lose them.
  void hand_over(problem_list& problems);

  /// What `environment_variables` of the file has.
  void define(const std::string& name, std::string value) { own_.emplace(name, std::move(value)); }
  /// The environment goes before the file.
  std::optional<std::string> variable(std::string_view name) const;
  bool is_exported(std::string_view name) const { return variables_.contains(name); }

  std::optional<std::string> text(const spot& at);
  std::optional<double> number(const spot& at, double min, double max);
  std::optional<std::uint64_t> count(const spot& at, std::uint64_t max);
  std::optional<bool> flag(const spot& at);
  /// Seconds, as LiteLLM has all times.
  std::optional<milliseconds> seconds(const spot& at);
  std::optional<std::vector<std::string>> texts(const spot& at, std::size_t most);
  /// Whether it is a map; null counts as an empty one without a word.
  bool expect_map(const spot& at);

private:
  /// Whether these words about such a key are new; else they are counted.
  bool is_news(const spot& at, const std::string& message);
  void tell(const spot& at, std::string message, std::string suggestion, severity level);

  struct warning {
    problem what;
    std::size_t more = 0;
  };
  const environment& variables_;
  environment own_;
  std::vector<problem> errors_;
  std::size_t more_errors_ = 0;
  std::vector<warning> warnings_;
  std::map<std::string, std::size_t> told_; ///< key's name and message → warning
  std::size_t spent_ = 0;
};

} // namespace synapse::config::litellm
