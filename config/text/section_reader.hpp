/// @file
/// Maps of a YAML tree → sections of the settings, by the tables of schema.hpp; and where every key
/// stood. What the readers of the file's parts share.
#pragma once

#include "config/schema.hpp"
#include "config/text/config_error.hpp"
#include "config/text/yaml_tree.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace synapse::config {

/// Where a problem with the entry's value is to be looked for.
std::size_t value_line(const yaml_entry& entry);

/// `a.b.` → `a.b`.
std::string without_dot(const std::string& prefix);

/// Reads one tree and remembers where every key stood. Used once; not thread-safe.
class section_reader {
public:
  using name_list = std::vector<std::string_view>;

  section_reader(std::string file, problem_list& problems)
      : file_(std::move(file)), problems_(problems) {}

  /// Line of `key`, or of the nearest enclosing key that the text has; 0 if none.
  std::size_t line_of(std::string key) const;
  bool was_given(const std::string& key) const { return lines_.contains(key); }
  /// Whether a rule that speaks of `key` would only repeat what was reported already.
  bool is_reported(const std::string& key) const;

  void stands_at(const std::string& key, std::size_t line) { lines_[key] = line; }
  /// No rule shall speak of `key`: something above it has been reported.
  void take_as_reported(std::string key) { reported_.insert(std::move(key)); }
  void report(std::size_t line, std::string key, std::string message, std::string suggestion = {}) {
    reported_.insert(key);
    problems_.add({file_, line, std::move(key), std::move(message), std::move(suggestion)});
  }
  /// What stops nothing.
  void note(std::string key, std::string message) {
    const std::size_t line = line_of(key);
    problems_.add({file_, line, std::move(key), std::move(message), {}, severity::note});
  }
  /// Enough was found: the reader may stop looking.
  bool full() const { return problems_.full(); }

  /// Reads the entries of the map `from`: the fields of `Section` from its table, and those named
  /// in `others` by calling `other`. `prefix` is "" or ends in a dot.
  template <class Section, class Other>
  void read_map(const std::string& prefix, const yaml_entry& from, Section& into,
                const name_list& others, Other&& other);
  template <class Section>
  void read_section(const std::string& prefix, const yaml_entry& from, Section& into) {
    read_map(prefix, from, into, {}, [](const yaml_entry&) {});
  }
  /// Parses one value, of a type that fields may have; on a problem `into` keeps its default.
  template <class Value>
  void read_value(const std::string& key, std::size_t line, const yaml_node& from,
                  const value_range& range, Value& into);
  /// Reads a map of at most `most` texts by calling `take(key, text)` for each.
  template <class Take>
  void read_texts(const std::string& key, const yaml_entry& entry, std::size_t most, Take&& take);

  bool expect_map(const std::string& key, const yaml_entry& entry);
  /// The text of a single value; null, and reported, if it is none.
  const std::string* scalar(const std::string& key, const yaml_entry& entry);
  void unknown_key(const std::string& prefix, const yaml_entry& entry, const name_list& known);

private:
  static constexpr std::size_t max_list = 64;
  static constexpr std::size_t max_words = 1024;

  template <class Section>
  bool read_field(const std::string& key, const yaml_entry& from, Section& into);
  template <class Item>
  void read_items(const std::string& key, const yaml_node& from, const value_range& range,
                  std::vector<Item>& into);

  std::string file_;
  problem_list& problems_;
  std::map<std::string, std::size_t> lines_;
  std::set<std::string> reported_;
};

template <class Section, class Other>
void section_reader::read_map(const std::string& prefix, const yaml_entry& from, Section& into,
                              const name_list& others, Other&& other) {
  if (!expect_map(without_dot(prefix), from))
    return;
  name_list known = others;
  for (const field<Section>& one : fields_of<Section>())
    known.push_back(one.name);
  for (const yaml_entry& entry : from.value->entries) {
    if (full())
      return;
    const std::string key = prefix + entry.key;
    if (std::find(others.begin(), others.end(), entry.key) != others.end()) {
      lines_[key] = value_line(entry);
      other(entry);
    } else if (!read_field(key, entry, into)) {
      unknown_key(prefix, entry, known);
    }
  }
}

template <class Section>
bool section_reader::read_field(const std::string& key, const yaml_entry& from, Section& into) {
  for (const field<Section>& one : fields_of<Section>()) {
    if (one.name != from.key)
      continue;
    lines_[key] = value_line(from);
    std::visit(
        [&](auto member) {
          read_value(key, value_line(from), *from.value, one.range, into.*member);
        },
        one.member);
    return true;
  }
  return false;
}

template <class Take>
void section_reader::read_texts(const std::string& key, const yaml_entry& entry, std::size_t most,
                                Take&& take) {
  if (!expect_map(key, entry))
    return;
  if (entry.value->entries.size() > most) {
    report(entry.line, key, "must not have more than " + std::to_string(most) + " entries");
    return;
  }
  for (const yaml_entry& inner : entry.value->entries) {
    const std::string name = key + "." + inner.key;
    lines_[name] = value_line(inner);
    if (const std::string* text = scalar(name, inner))
      take(inner.key, *text);
  }
}

} // namespace synapse::config
