#include "config/text/section_reader.hpp"

#include "config/values/values.hpp"

#include <limits>
#include <type_traits>

namespace synapse::config {

/// Where a problem with the entry's value is to be looked for.
std::size_t value_line(const yaml_entry& entry) {
  const bool below = entry.value->type == yaml_node::kind::scalar && entry.value->line > entry.line;
  return below ? entry.value->line : entry.line;
}

std::string without_dot(const std::string& prefix) {
  return prefix.empty() ? prefix : prefix.substr(0, prefix.size() - 1);
}

std::size_t section_reader::line_of(std::string key) const {
  while (!key.empty()) {
    if (const auto found = lines_.find(key); found != lines_.end())
      return found->second;
    const std::size_t cut = key.find_last_of(".[");
    key.resize(cut == std::string::npos ? 0 : cut);
  }
  return 0;
}

bool section_reader::is_reported(const std::string& key) const {
  // A text that is no map has nothing to check; without backends every route and deployment would
  // seem to lead nowhere, without a catalog every fallback.
  if (reported_.contains("") || reported_.contains(key))
    return true;
  const bool names_backend =
      key.starts_with("routes.") || (key.starts_with("catalog.") && key.ends_with(".backend"));
  return (names_backend && reported_.contains("backends")) ||
         (key.starts_with("fallbacks.") && reported_.contains("catalog"));
}

bool section_reader::expect_map(const std::string& key, const yaml_entry& entry) {
  if (entry.value->type == yaml_node::kind::map)
    return true;
  // A heading whose keys are all commented out reads as null, and means the defaults.
  if (entry.value->type != yaml_node::kind::null)
    report(value_line(entry), key, "must be a map of keys");
  return false;
}

const std::string* section_reader::scalar(const std::string& key, const yaml_entry& entry) {
  if (entry.value->type == yaml_node::kind::scalar)
    return &entry.value->text;
  report(entry.line, key,
         entry.value->type == yaml_node::kind::null ? "has no value" : "must be a single value");
  return nullptr;
}

template <class Item>
void section_reader::read_items(const std::string& key, const yaml_node& from,
                                const value_range& range, std::vector<Item>& into) {
  std::vector<Item> values(from.items.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::string item = key + "[" + std::to_string(i) + "]";
    lines_[item] = from.items[i]->line;
    read_value(item, from.items[i]->line, *from.items[i], range, values[i]);
  }
  into = std::move(values);
}

template <class Value>
void section_reader::read_value(const std::string& key, std::size_t line, const yaml_node& from,
                                const value_range& range, Value& into) {
  if constexpr (std::is_same_v<Value, std::vector<milliseconds>>) {
    if (from.type != yaml_node::kind::sequence || from.items.size() > max_list)
      report(line, key, "must be a list of durations such as [500ms, 1s]");
    else
      read_items(key, from, range, into);
  } else if constexpr (std::is_same_v<Value, std::vector<std::string>>) {
    if (from.type != yaml_node::kind::sequence || from.items.size() > max_words)
      report(line, key,
             "must be a list of at most " + std::to_string(max_words) + " texts such as [a, b]");
    else
      read_items(key, from, range, into);
  } else {
    if (from.type != yaml_node::kind::scalar) {
      report(line, key,
             from.type == yaml_node::kind::null ? "has no value" : "must be a single value");
      return;
    }
    const auto take = [&](const auto& result) {
      if (!result)
        report(line, key, result.error);
      else if constexpr (std::is_arithmetic_v<Value> && !std::is_same_v<Value, bool>) {
        // Only what does not fit is caught here; the validator knows the real range.
        if (static_cast<double>(*result) > static_cast<double>(std::numeric_limits<Value>::max()))
          report(line, key, range_message(range, false));
        else
          into = static_cast<Value>(*result);
      } else
        into = *result;
    };
    if constexpr (std::is_same_v<Value, std::string>)
      into = from.text;
    else if constexpr (std::is_same_v<Value, milliseconds>)
      take(parse_duration(from.text));
    else if constexpr (std::is_same_v<Value, bool>)
      take(parse_boolean(from.text));
    else if constexpr (std::is_same_v<Value, double>)
      take(parse_number(from.text));
    else
      take(range.bytes ? parse_size(from.text) : parse_count(from.text));
  }
}

// What a field of a table may be.
template void section_reader::read_value(const std::string&, std::size_t, const yaml_node&,
                                         const value_range&, milliseconds&);
template void section_reader::read_value(const std::string&, std::size_t, const yaml_node&,
                                         const value_range&, std::size_t&);
template void section_reader::read_value(const std::string&, std::size_t, const yaml_node&,
                                         const value_range&, unsigned&);
template void section_reader::read_value(const std::string&, std::size_t, const yaml_node&,
                                         const value_range&, int&);
template void section_reader::read_value(const std::string&, std::size_t, const yaml_node&,
                                         const value_range&, std::uint16_t&);
template void section_reader::read_value(const std::string&, std::size_t, const yaml_node&,
                                         const value_range&, double&);
template void section_reader::read_value(const std::string&, std::size_t, const yaml_node&,
                                         const value_range&, bool&);
template void section_reader::read_value(const std::string&, std::size_t, const yaml_node&,
                                         const value_range&, std::string&);
template void section_reader::read_value(const std::string&, std::size_t, const yaml_node&,
                                         const value_range&, std::vector<milliseconds>&);
template void section_reader::read_value(const std::string&, std::size_t, const yaml_node&,
                                         const value_range&, std::vector<std::string>&);

void section_reader::unknown_key(const std::string& prefix, const yaml_entry& entry,
                                 const name_list& known) {
  if (entry.key == "<<") {
    report(entry.line, prefix + entry.key,
           "merge keys are not supported; give the whole section an alias instead");
    return;
  }
  std::string suggestion = nearest(entry.key, known);
  // A right name on the wrong level: say where it belongs.
  std::string level = prefix;
  for (const std::string one : {"backends.", "catalog.", "gpus."})
    if (prefix.starts_with(one))
      level = one + "<name>.";
  const std::string ending = "." + entry.key;
  for (const key_info& key : suggestion.empty() ? known_keys() : std::vector<key_info>{}) {
    const bool inside =
        level.empty() ? key.path.find('<') == std::string::npos : key.path.starts_with(level);
    if (inside && key.path.ends_with(ending)) {
      suggestion = key.path.substr(level.size());
      break;
    }
  }
  report(entry.line, prefix + entry.key, "unknown key", suggestion);
}

} // namespace synapse::config
