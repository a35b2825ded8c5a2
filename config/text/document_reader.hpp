/// @file
/// A YAML tree → settings, by the tables of schema.hpp. The loader's inner part.
#pragma once

#include "config/settings.hpp"
#include "config/text/section_reader.hpp"

#include <string>

namespace synapse::config {

/// Turns one tree into settings and remembers where every key stood. Used once; not thread-safe.
class document_reader : private section_reader {
public:
  using section_reader::section_reader;

  /// What the tree says, on top of the defaults; reports what it cannot understand.
  settings read(const yaml_node& root);

  using section_reader::is_reported;
  using section_reader::line_of;
  using section_reader::was_given;

private:
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
  void take_as_meant(const std::string& key, backend_settings& backend);
  void read_health(const std::string& prefix, const yaml_entry& entry, health_settings& health);
  void read_routes(const yaml_entry& entry, settings& all);
};

} // namespace synapse::config
