#include "telemetry/metric_family.hpp"
#include "telemetry/text_escape.hpp"

#include <charconv>
#include <cmath>

namespace synapse::telemetry::detail {

namespace {

constexpr std::size_t max_label_bytes = 256;

template <class Number>
void append_number(std::string& out, Number value) {
  char text[32];
  auto end = std::to_chars(text, text + sizeof text, value).ptr;
  out.append(text, end);
}

/// Escapes as the text format wants it. Invalid UTF-8 would make the whole scrape fail, so it is
/// replaced.
void append_text(std::string& out, std::string_view text, bool quotes) {
  while (!text.empty()) {
    auto length = utf8_length(text);
    if (length == 0)
      out += "\xEF\xBF\xBD";
    else if (text.front() == '\\')
      out += "\\\\";
    else if (text.front() == '\n')
      out += "\\n";
    else if (quotes && text.front() == '"')
      out += "\\\"";
    else
      out.append(text, 0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
}

void append_histogram(std::string& out, const family_state& family, const child_state& child) {
  const auto& metric = std::get<histogram>(child.metric);
  std::uint64_t cumulated = 0;
  for (unsigned i = 0; i < family.le_texts.size(); ++i) {
    cumulated += metric.bucket_count(i);
    out.append(family.name).append("_bucket{").append(child.labels);
    out.append(child.labels.empty() ? "le=\"" : ",le=\"").append(family.le_texts[i]).append("\"} ");
    append_number(out, cumulated);
    out += '\n';
  }
  auto start = [&](std::string_view suffix) {
    out.append(family.name).append(suffix);
    if (!child.labels.empty())
      out.append("{").append(child.labels).append("}");
    out += ' ';
  };
  start("_sum");
  append_seconds(out, metric.sum_ns());
  out += '\n';
  start("_count");
  append_number(out, cumulated); // not a number of its own: it must equal the bucket +Inf
  out += '\n';
}

void append_name(std::string& out, const family_description& family, std::string_view labels) {
  out += family.name;
  if (!labels.empty())
    out.append("{").append(labels).append("}");
  out += ' ';
}

} // namespace

std::string label_text(const std::vector<std::string>& names,
                       std::initializer_list<std::string_view> values) {
  std::string text;
  auto name = names.begin();
  for (auto value : values) {
    text.append(text.empty() ? "" : ",").append(*name++).append("=\"");
    append_text(text, utf8_prefix(value, max_label_bytes), true);
    text += '"';
  }
  return text;
}

void append_seconds(std::string& out, std::uint64_t nanoseconds) {
  append_number(out, nanoseconds / 1'000'000'000);
  auto fraction = nanoseconds % 1'000'000'000;
  if (fraction == 0)
    return;
  char digits[10] = {'.'};
  for (int i = 9; i > 0; --i, fraction /= 10)
    digits[i] = static_cast<char>('0' + fraction % 10);
  auto length = sizeof digits;
  while (digits[length - 1] == '0')
    --length;
  out.append(digits, length);
}

void append_header(std::string& out, const family_description& family) {
  static constexpr std::string_view kinds[] = {"counter", "gauge", "histogram"};
  out.append("# HELP ").append(family.name).append(" ");
  append_text(out, family.help, false);
  out.append("\n# TYPE ").append(family.name).append(" ");
  out.append(kinds[static_cast<std::size_t>(family.kind)]).append("\n");
}

void append_family(std::string& out, const family_state& family,
                   const std::vector<const child_state*>& children) {
  if (children.empty())
    return;
  append_header(out, family);
  for (const auto* child : children) {
    if (family.kind == metric_kind::histogram) {
      append_histogram(out, family, *child);
      continue;
    }
    append_name(out, family, child->labels);
    if (family.kind == metric_kind::counter)
      append_number(out, std::get<counter>(child->metric).value());
    else
      append_number(out, std::get<gauge>(child->metric).value());
    out += '\n';
  }
}

void append_sample(std::string& out, const family_description& family, std::string_view labels,
                   double value) {
  append_name(out, family, labels);
  if (std::isnan(value))
    out += "NaN";
  else if (std::isinf(value))
    out += value > 0 ? "+Inf" : "-Inf";
  else
    append_number(out, value);
  out += '\n';
}

} // namespace synapse::telemetry::detail
