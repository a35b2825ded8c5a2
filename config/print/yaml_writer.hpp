/// @file
/// Settings as YAML that reads back as the same. Pure functions; any thread.
#pragma once

#include "config/schema.hpp"
#include "config/values/values.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

namespace synapse::config {

/// As YAML reads it back: plain where that is safe, else in double quotes.
std::string yaml_text(std::string_view text);

/// The shortest form that reads back as the same number, without an exponent.
std::string yaml_number(double value);

/// Any value of a field as the file would spell it.
template <class Value>
std::string yaml_value(const Value& value, const value_range& range) {
  if constexpr (std::is_same_v<Value, milliseconds>) {
    return format_duration(value);
  } else if constexpr (std::is_same_v<Value, std::string>) {
    return yaml_text(value);
  } else if constexpr (std::is_same_v<Value, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_same_v<Value, double>) {
    return yaml_number(value);
  } else if constexpr (std::is_arithmetic_v<Value>) {
    return range.bytes ? format_size(static_cast<std::uint64_t>(value)) : std::to_string(value);
  } else {
    std::string list{'['};
    for (const auto& one : value)
      list += (list.size() == 1 ? "" : ", ") + yaml_value(one, range);
    return list + ']';
  }
}

/// Writes sections as they are visited: parents before their children.
class section_writer {
public:
  section_writer(std::string& out, std::size_t depth) : out_(out), depth_(depth) {}

  /// @param path "" or names that end in a dot each
  template <class Section>
  void operator()(std::string_view path, const Section& section) const {
    auto depth = depth_;
    if (!path.empty()) {
      path.remove_suffix(1);
      depth += static_cast<std::size_t>(std::count(path.begin(), path.end(), '.'));
      line(depth++, path.substr(path.rfind('.') + 1), "");
    }
    fields(depth, section);
  }

  /// The section's fields without a heading; only those that are not as in `usual`, if given.
  template <class Section>
  void fields(std::size_t depth, const Section& section, const Section* usual = nullptr) const {
    for (const auto& one : fields_of<Section>())
      std::visit(
          [&](auto member) {
            if (usual == nullptr || section.*member != usual->*member)
              value(depth, one, section.*member);
          },
          one.member);
  }

  /// A heading and what is not as in `usual` below it; nothing where all is.
  template <class Section>
  void differing(std::size_t depth, std::string_view name, const Section& section,
                 const Section& usual) const {
    if (section == usual)
      return;
    line(depth, name, "");
    fields(depth + 1, section, &usual);
  }

  void line(std::size_t depth, std::string_view name, std::string_view value) const {
    out_.append(2 * depth, ' ').append(name).append(value.empty() ? ":" : ": ");
    out_.append(value).append("\n");
  }

private:
  template <class Field, class Value>
  void value(std::size_t depth, const Field& one, const Value& what) const {
    if constexpr (std::is_same_v<Value, milliseconds>)
      if (what < milliseconds{0})
        return; // nothing was said
    line(depth, one.name, yaml_value(what, one.range));
  }

  std::string& out_;
  std::size_t depth_;
};

} // namespace synapse::config
