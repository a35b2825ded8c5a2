/// @file
/// What a registry keeps per family. Only for the registry's own sources.
#pragma once

#include "telemetry/metric_registry.hpp"

#include <deque>
#include <initializer_list>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace synapse::telemetry::detail {

struct child_state {
  std::string labels; ///< escaped: `route="/v1/x",code="200"`, or empty
  std::variant<counter, gauge, histogram> metric;
};

struct family_description {
  std::string name;
  std::string help;
  metric_kind kind;
  std::vector<std::string> label_names;
};

struct family_state : family_description {
  std::size_t max_children;
  histogram_layout layout;           ///< histograms only
  std::vector<std::string> le_texts; ///< histograms only: the bounds in seconds, then "+Inf"
  std::deque<child_state> children;  ///< never shrinks: references to elements stay valid
  std::unordered_map<std::string, child_state*> by_labels;
};

struct callback_family : family_description {
  std::vector<std::pair<std::uint64_t, collector>> collectors;
  std::size_t max_samples = 0; ///< of one scrape
};

/// `a="1",b="2"`, escaped. Both lists have the same length.
std::string label_text(const std::vector<std::string>& names,
                       std::initializer_list<std::string_view> values);

/// A duration in seconds without rounding and without trailing zeros: 25000 → "0.000025".
void append_seconds(std::string& out, std::uint64_t nanoseconds);

void append_header(std::string& out, const family_description& family);
/// @param children a snapshot of the family's children.
void append_family(std::string& out, const family_state& family,
                   const std::vector<const child_state*>& children);
void append_sample(std::string& out, const family_description& family, std::string_view labels,
                   double value);

} // namespace synapse::telemetry::detail
