#include "config/catalog/catalog_reader.hpp"

#include "config/catalog/catalog_limits.hpp"
#include "config/catalog/deployment_reader.hpp"
#include "config/catalog/expansion.hpp"
#include "config/values/values.hpp"

#include <array>

namespace synapse::config {

namespace {

constexpr std::array strategies{pick_strategy::adaptive,   pick_strategy::shuffle,
                                pick_strategy::least_busy, pick_strategy::p2c,
                                pick_strategy::usage,      pick_strategy::cheapest};
constexpr std::array affinities{affinity_rule::prefix, affinity_rule::session, affinity_rule::none};

/// Which of `names` the entry has; nothing, and reported, if none.
std::optional<std::size_t> read_choice(section_reader& reader, const std::string& key,
                                       const yaml_entry& entry,
                                       std::span<const std::string_view> names) {
  const std::string* text = reader.scalar(key, entry);
  if (text == nullptr)
    return std::nullopt;
  std::string known;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == *text)
      return i;
    known += (i == 0 ? "" : i + 1 == names.size() ? " or " : ", ") + std::string{names[i]};
  }
  reader.report(value_line(entry), key, "must be " + known + ", not " + quote(*text),
                nearest(*text, names));
  return std::nullopt;
}

template <class Enum, std::size_t Count>
void read_enum(section_reader& reader, const std::string& key, const yaml_entry& entry,
               const std::array<Enum, Count>& all, Enum& into) {
  std::array<std::string_view, Count> names;
  for (std::size_t i = 0; i < Count; ++i)
    names[i] = to_string(all[i]);
  if (const auto found = read_choice(reader, key, entry, names))
    into = all[*found];
}

/// Calls `take(inner)` for each entry of a map of at most `most` names that may be used.
template <class Take>
void read_named(section_reader& reader, const std::string& key, const yaml_entry& entry,
                std::size_t most, Take&& take) {
  if (!reader.expect_map(key, entry))
    return;
  if (entry.value->entries.size() > most)
    return reader.report(entry.line, key,
                         "must not have more than " + std::to_string(most) + " entries");
  for (const yaml_entry& inner : entry.value->entries) {
    if (reader.full())
      return;
    if (const std::string why = wrong_name(inner.key); !why.empty()) {
      reader.report(inner.line, key, "the name " + quote(inner.key) + " " + why);
      continue;
    }
    reader.stands_at(key + "." + inner.key, inner.line);
    take(inner);
  }
}

void read_name_key(section_reader& reader, const std::string& prefix, const yaml_entry& entry,
                   catalog_model& model) {
  const std::string key = prefix + entry.key;
  if (entry.key == "strategy")
    read_enum(reader, key, entry, strategies, model.strategy);
  else if (entry.key == "affinity")
    read_enum(reader, key, entry, affinities, model.affinity);
  else if (entry.key == "spill")
    reader.read_section(key + ".", entry, model.spill);
  else
    read_deployments(reader, key, entry, model.deployments);
}

void read_catalog(section_reader& reader, const yaml_entry& entry, settings& all) {
  static const section_reader::name_list others = {"strategy", "affinity", "spill", "deployments"};
  read_named(reader, "catalog", entry, max_names, [&](const yaml_entry& inner) {
    const std::string prefix = "catalog." + inner.key + ".";
    catalog_model model;
    model.name = inner.key;
    if (inner.value->type == yaml_node::kind::map) {
      reader.read_map(prefix, inner, model, others,
                      [&](const yaml_entry& each) { read_name_key(reader, prefix, each, model); });
    } else {
      reader.report(value_line(inner), without_dot(prefix),
                    "must be a map such as {deployments: [{backend: NAME, model: NAME}]}");
      reader.take_as_reported(prefix + "deployments");
    }
    all.catalog.push_back(std::move(model));
  });
}

void read_fallbacks(section_reader& reader, const yaml_entry& entry, fallback_settings& into) {
  const auto read_lists = [&](const yaml_entry& lists) {
    name_lists& names = lists.key == "any"       ? into.any
                        : lists.key == "context" ? into.context
                                                 : into.policy;
    const std::string key = "fallbacks." + lists.key;
    read_named(reader, key, lists, max_names, [&](const yaml_entry& inner) {
      reader.read_value(key + "." + inner.key, value_line(inner), *inner.value, {},
                        names[inner.key]);
    });
  };
  reader.read_map("fallbacks.", entry, into, {"any", "context", "policy"}, read_lists);
}

void read_routing(section_reader& reader, const yaml_entry& entry, routing_settings& into) {
  static constexpr std::array<std::string_view, 2> choices{"fail", "wait"};
  reader.read_map("routing.", entry, into, {"on_exhausted", "cell"}, [&](const yaml_entry& inner) {
    if (inner.key == "cell")
      reader.read_section("routing.cell.", inner, into.cell);
    else if (const auto found = read_choice(reader, "routing.on_exhausted", inner, choices))
      into.wait_when_exhausted = *found == 1;
  });
}

void read_exclusive(section_reader& reader, const std::string& key, const yaml_entry& entry,
                    gpu_settings& gpu) {
  const yaml_node& lists = *entry.value;
  const auto is_list = [](const auto& one) { return one->type == yaml_node::kind::sequence; };
  if (lists.type != yaml_node::kind::sequence || lists.items.size() > max_exclusive ||
      !std::all_of(lists.items.begin(), lists.items.end(), is_list))
    return reader.report(value_line(entry), key,
                         "must be a list of at most " + std::to_string(max_exclusive) +
                             " lists of backends such as [[a, b]]");
  for (std::size_t i = 0; i < lists.items.size(); ++i) {
    const std::string item = key + "[" + std::to_string(i) + "]";
    reader.stands_at(item, lists.items[i]->line);
    reader.read_value(item, lists.items[i]->line, *lists.items[i], {},
                      gpu.exclusive.emplace_back());
  }
}

void read_gpus(section_reader& reader, const yaml_entry& entry, settings& all) {
  read_named(reader, "gpus", entry, max_gpus, [&](const yaml_entry& inner) {
    const std::string prefix = "gpus." + inner.key + ".";
    gpu_settings& gpu = all.gpus[inner.key];
    if (inner.value->type != yaml_node::kind::map) {
      reader.report(value_line(inner), without_dot(prefix), "must be a map such as {vram: 24GiB}");
      reader.take_as_reported(prefix + "vram");
      return;
    }
    reader.read_map(prefix, inner, gpu, {"exclusive"}, [&](const yaml_entry& lists) {
      read_exclusive(reader, prefix + "exclusive", lists, gpu);
    });
  });
}

} // namespace

void read_catalog_key(section_reader& reader, const yaml_entry& entry, settings& all) {
  if (!expands_within(*entry.value))
    return reader.report(entry.line, entry.key,
                         "is too large: an alias counts as often as it is used");
  if (entry.key == "catalog")
    read_catalog(reader, entry, all);
  else if (entry.key == "fallbacks")
    read_fallbacks(reader, entry, all.fallbacks);
  else if (entry.key == "routing")
    read_routing(reader, entry, all.routing);
  else if (entry.key == "gpus")
    read_gpus(reader, entry, all);
  else if (const std::string* file = reader.scalar(entry.key, entry))
    all.litellm = *file;
}

} // namespace synapse::config
