#include "config/catalog/deployment_reader.hpp"

#include "config/catalog/catalog_defaults.hpp"
#include "config/catalog/catalog_limits.hpp"
#include "config/catalog/json_text.hpp"
#include "config/values/values.hpp"

#include <array>
#include <map>
#include <optional>

namespace synapse::config {

namespace {

constexpr std::string_view deployment_form = "such as {backend: NAME, model: NAME}";

constexpr auto number_of_capabilities = static_cast<std::size_t>(capability::count_);

std::span<const std::string_view> capability_names() {
  static const auto names = [] {
    std::array<std::string_view, number_of_capabilities> all;
    for (std::size_t i = 0; i < all.size(); ++i)
      all[i] = to_string(static_cast<capability>(i));
    return all;
  }();
  return names;
}

/// `no_vision` and `!vision` are what people try.
std::string_view denied(std::string_view name) {
  for (const std::string_view start : {"!", "no_", "no-"})
    if (name.starts_with(start))
      return name.substr(start.size());
  return {};
}

/// Reads one deployment.
class deployment_reader {
public:
  deployment_reader(section_reader& reader, std::string prefix, deployment_settings& into)
      : reader_(reader), prefix_(std::move(prefix)), into_(into) {}

  void read(const yaml_entry& entry) {
    static const section_reader::name_list others = {"cost", "capabilities", "defaults", "headers",
                                                     "timeouts"};
    reader_.read_map(prefix_, entry, into_, others, [&](const yaml_entry& inner) { other(inner); });
  }

private:
  void other(const yaml_entry& entry) {
    const std::string key = prefix_ + entry.key;
    if (entry.key == "cost")
      cost(key, entry);
    else if (entry.key == "capabilities")
      capabilities(key, entry);
    else if (entry.key == "defaults")
      defaults(key, entry);
    else if (entry.key == "headers")
      reader_.read_texts(
          key, entry, max_headers,
          [&](const std::string& name, const std::string& text) { into_.headers[name] = text; });
    else
      reader_.read_section(key + ".", entry, into_.timeouts);
  }

  void cost(const std::string& key, const yaml_entry& entry) {
    if (!reader_.expect_map(key, entry))
      return;
    for (const yaml_entry& inner : entry.value->entries) {
      const std::string name = key + "." + inner.key;
      const bool input = inner.key == "input";
      if (!input && inner.key != "output") {
        reader_.unknown_key(key + ".", inner, {"input", "output"});
        continue;
      }
      reader_.stands_at(name, value_line(inner));
      reader_.read_value(name, value_line(inner), *inner.value, cost_range,
                         input ? into_.cost_input : into_.cost_output);
    }
  }

  std::optional<capability> capability_of(const std::string& key, std::size_t line,
                                          std::string_view name) {
    for (std::size_t i = 0; i < number_of_capabilities; ++i)
      if (capability_names()[i] == name)
        return static_cast<capability>(i);
    if (const auto what = denied(name); !what.empty())
      reader_.report(line, key,
                     "what it cannot do is said in a map such as {" + std::string{what} +
                         ": false, chat: true}");
    else
      reader_.report(line, key, "unknown capability " + quote(name),
                     nearest(name, capability_names()));
    return std::nullopt;
  }

  void capabilities(const std::string& key, const yaml_entry& entry) {
    capability_set& set = into_.capabilities;
    if (entry.value->type == yaml_node::kind::map) {
      for (const yaml_entry& inner : entry.value->entries) {
        const auto what = capability_of(key, inner.line, inner.key);
        bool has = false;
        if (!what)
          continue;
        reader_.read_value(key + "." + inner.key, value_line(inner), *inner.value, {}, has);
        (has ? set.yes : set.no) |= capability_set::bit(*what);
      }
      return;
    }
    std::vector<std::string> names;
    if (entry.value->type != yaml_node::kind::sequence)
      return reader_.report(value_line(entry), key,
                            "must be a list such as [chat, tools], or a map such as {chat: true, "
                            "vision: false}");
    reader_.read_value(key, value_line(entry), *entry.value, {}, names);
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::string item = key + "[" + std::to_string(i) + "]";
      if (const auto what = capability_of(item, reader_.line_of(item), names[i]))
        set.yes |= capability_set::bit(*what);
    }
  }

  void defaults(const std::string& key, const yaml_entry& entry) {
    if (!reader_.expect_map(key, entry))
      return;
    if (entry.value->entries.size() > max_defaults)
      return reader_.report(entry.line, key,
                            "must not have more than " + std::to_string(max_defaults) + " entries");
    std::size_t rest = max_defaults_bytes;
    for (const yaml_entry& inner : entry.value->entries) {
      const std::string why = wrong_name(inner.key, max_name_bytes);
      if (!why.empty()) {
        reader_.report(inner.line, key, "the field " + quote(inner.key) + " " + why);
        continue;
      }
      reader_.stands_at(key + "." + inner.key, inner.line);
      const auto text = json_text(*inner.value, rest);
      if (!text)
        return reader_.report(inner.line, key + "." + inner.key, text.error);
      rest -= text->size();
      into_.defaults[inner.key] = *text;
    }
  }

  section_reader& reader_;
  const std::string prefix_;
  deployment_settings& into_;
};

/// Two of the same would only share one load twice.
void report_equals(section_reader& reader, const std::string& key,
                   const std::vector<deployment_settings>& all) {
  std::map<std::pair<std::string_view, std::string_view>, std::size_t> seen;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].backend.empty() || all[i].model.empty())
      continue;
    const auto [first, fresh] = seen.try_emplace({all[i].backend, all[i].model}, i);
    if (fresh)
      continue;
    const std::string one = key + "[" + std::to_string(first->second) + "]";
    const std::string other = key + "[" + std::to_string(i) + "]";
    reader.report(reader.line_of(other), other,
                  "is the same backend and model as deployments[" + std::to_string(first->second) +
                      "] in line " + std::to_string(reader.line_of(one)) +
                      "; give one of them more weight");
  }
}

} // namespace

void read_deployments(section_reader& reader, const std::string& key, const yaml_entry& entry,
                      std::vector<deployment_settings>& into) {
  if (entry.value->type != yaml_node::kind::sequence || entry.value->items.size() > max_deployments)
    return reader.report(value_line(entry), key,
                         "must be a list of at most " + std::to_string(max_deployments) +
                             " deployments " + std::string{deployment_form});
  for (std::size_t i = 0; i < entry.value->items.size() && !reader.full(); ++i) {
    const auto& item = entry.value->items[i];
    const std::string name = key + "[" + std::to_string(i) + "]";
    reader.stands_at(name, item->line);
    deployment_settings one;
    one.timeouts = backends_timeouts;
    if (item->type == yaml_node::kind::map) {
      deployment_reader{reader, name + ".", one}.read({name, item->line, item});
    } else {
      reader.report(item->line, name, "must be a map " + std::string{deployment_form});
      reader.take_as_reported(name + ".backend");
      reader.take_as_reported(name + ".model");
    }
    into.push_back(std::move(one));
  }
  report_equals(reader, key, into);
}

} // namespace synapse::config
