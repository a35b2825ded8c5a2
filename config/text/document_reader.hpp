/// @file
/// A YAML tree → settings, by the tables of schema.hpp. The loader's inner part.
#pragma once

#include "config/schema.hpp"
#include "config/settings.hpp"
#include "config/text/config_error.hpp"
#include "config/text/yaml_tree.hpp"

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace synapse::config {

/// Turns one tree into settings and remembers where every key stood. Used once; not thread-safe.
class document_reader {
public:
  document_reader(std::string file, problem_list& problems)
      : file_(std::move(file)), problems_(problems) {}

  /// What the tree says, on top of the defaults; reports what it cannot understand.
  settings read(const yaml_node& root);

  /// Line of `key`, or of the nearest enclosing key that the text has; 0 if none.
  std::size_t line_of(std::string key) const;
  bool was_given(const std::string& key) const { return lines_.contains(key); }
  /// Whether a rule that speaks of `key` would only repeat what was reported already.
  bool is_reported(const std::string& key) const;

private:
  using name_list = std::vector<std::string_view>;

  void report(std::size_t line, std::string key, std::string message, std::string suggestion = {}) {
    reported_.insert(key);
    problems_.add({file_, line, std::move(key), std::move(message), std::move(suggestion)});
  }

  template <class Section, class Other>
  void read_map(const std::string& prefix, const yaml_entry& from, Section& into,
                const name_list& others, Other&& other);
  template <class Section>
  void read_section(const std::string& prefix, const yaml_entry& from, Section& into) {
    read_map(prefix, from, into, {}, [](const yaml_entry&) {});
  }
  template <class Section>
  bool read_field(const std::string& key, const yaml_entry& from, Section& into);
  template <class Value>
  void read_value(const std::string& key, std::size_t line, const yaml_node& from,
                  const value_range& range, Value& into);

  void read_top(const yaml_entry& entry, settings& all);
  void read_models(const yaml_entry& entry, model_settings& models);
  void read_cluster(const yaml_entry& entry, cluster_settings& cluster);
  void read_model_rules(const yaml_entry& entry, model_choice_settings& choice);
  void read_listener(const yaml_entry& entry, listener_settings& listener);
  void read_backends(const yaml_entry& entry, settings& all);
  void read_backend(const yaml_entry& entry, backend_settings& backend);
  void read_backend_key(const std::string& prefix, const yaml_entry& entry,
                        backend_settings& backend);
  /// Cuts off what the API's paths begin with, and says so.
  void take_as_meant(const std::string& key, backend_url& url);
  void read_health(const std::string& prefix, const yaml_entry& entry, health_settings& health);
  /// Reads a map of at most `most` texts by calling `take(key, text)` for each.
  template <class Take>
  void read_texts(const std::string& key, const yaml_entry& entry, std::size_t most, Take&& take);
  void read_routes(const yaml_entry& entry, settings& all);
  void unknown_key(const std::string& prefix, const yaml_entry& entry, const name_list& known);
  bool expect_map(const std::string& key, const yaml_entry& entry);
  const std::string* scalar(const std::string& key, const yaml_entry& entry);

  std::string file_;
  problem_list& problems_;
  std::map<std::string, std::size_t> lines_;
  std::set<std::string> reported_;
};

} // namespace synapse::config
