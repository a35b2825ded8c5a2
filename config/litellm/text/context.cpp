#include "config/litellm/text/context.hpp"

#include <charconv>
#include <cmath>
#include <utility>

namespace synapse::config::litellm {

namespace {

constexpr std::string_view reference = "os.environ/";
constexpr double longest_seconds = 1e7;
constexpr std::size_t max_spent = 16 * 1024 * 1024;
/// Beyond these a hostile file only makes the report longer.
constexpr std::size_t max_told = 500;

std::optional<double> number_of(std::string_view text) {
  double value = 0;
  const auto* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || rest != end || !std::isfinite(value))
    return std::nullopt;
  return value;
}

std::string short_number(double value) {
  char text[32];
  const auto [end, error] = std::to_chars(std::begin(text), std::end(text), value);
  return error == std::errc{} ? std::string(std::begin(text), end) : std::string{"?"};
}

} // namespace

spot spot::at(const yaml_entry& entry) const {
  const bool below = entry.value->type == yaml_node::kind::scalar && entry.value->line > entry.line;
  return {file, below ? entry.value->line : entry.line,
          key.empty() ? entry.key : key + "." + entry.key, entry.key, entry.value};
}

spot spot::at(std::size_t index) const {
  return {file, node->items[index]->line, key + "[" + std::to_string(index) + "]", name,
          node->items[index]};
}

std::optional<std::string_view> variable_in(std::string_view text) {
  if (!text.starts_with(reference))
    return std::nullopt;
  return text.substr(reference.size());
}

void context::refuse(const spot& at, std::string message, std::string suggestion) {
  if (errors_.size() >= problem_list::max_problems)
    ++more_errors_;
  else
    errors_.push_back({at.file, at.line, at.key, std::move(message), std::move(suggestion)});
}

void context::warn(const spot& at, std::string message, std::string suggestion) {
  if (is_news(at, message))
    tell(at, std::move(message), std::move(suggestion), severity::warning);
}

void context::note(const spot& at, std::string message) {
  if (is_news(at, message))
    tell(at, std::move(message), {}, severity::note);
}

void context::warn_unknown(const spot& at, std::string message,
                           std::span<const std::string_view> known) {
  if (is_news(at, message))
    tell(at, std::move(message), nearest(at.name, known), severity::warning);
}

bool context::is_news(const spot& at, const std::string& message) {
  if (warnings_.size() >= max_told)
    return false;
  const auto [found, fresh] = told_.try_emplace(at.name + "\n" + message, warnings_.size());
  if (!fresh)
    ++warnings_[found->second].more;
  return fresh;
}

void context::tell(const spot& at, std::string message, std::string suggestion, severity level) {
  warnings_.push_back(
      {{at.file, at.line, at.key, std::move(message), std::move(suggestion), level}});
}

bool context::spend(const spot& at, std::size_t bytes) {
  const bool had_enough = spent_ > max_spent;
  spent_ += had_enough ? 0 : bytes;
  if (spent_ > max_spent && !had_enough)
    refuse(at, "the file says too much through its aliases");
  return spent_ <= max_spent;
}

void context::hand_over(problem_list& problems) {
  for (problem& one : errors_)
    problems.add(std::move(one));
  for (; more_errors_ > 0; --more_errors_)
    problems.add({}); // the list is full, and only counts
  for (warning& one : warnings_) {
    if (one.more > 0)
      one.what.message += " (and in " + std::to_string(one.more) +
                          (one.more == 1 ? " other place)" : " other places)");
    problems.add(std::move(one.what));
  }
  errors_.clear();
  warnings_.clear();
}

std::optional<std::string> context::variable(std::string_view name) const {
  if (const auto found = variables_.find(name); found != variables_.end())
    return found->second;
  if (const auto found = own_.find(name); found != own_.end())
    return found->second;
  return std::nullopt;
}

std::optional<std::string> context::text(const spot& at) {
  if (at.is_null())
    return std::nullopt;
  if (!at.is_text()) {
    refuse(at, "must be a single value");
    return std::nullopt;
  }
  if (const auto name = variable_in(at.node->text))
    return variable(*name); // an unset one was reported when the file was read
  if (!spend(at, at.node->text.size()))
    return std::nullopt;
  return at.node->text;
}

std::optional<double> context::number(const spot& at, double min, double max) {
  const auto given = text(at);
  if (!given)
    return std::nullopt;
  const auto value = number_of(*given);
  if (value && *value >= min && *value <= max)
    return value;
  refuse(at, "must be a number from " + short_number(min) + " to " + short_number(max));
  return std::nullopt;
}

std::optional<std::uint64_t> context::count(const spot& at, std::uint64_t max) {
  const auto value = number(at, 0, static_cast<double>(max));
  if (!value)
    return std::nullopt;
  if (std::floor(*value) == *value)
    return static_cast<std::uint64_t>(*value);
  refuse(at, "must be a whole number");
  return std::nullopt;
}

std::optional<bool> context::flag(const spot& at) {
  const auto given = text(at);
  if (!given)
    return std::nullopt;
  if (const auto value = parse_boolean(*given))
    return *value;
  refuse(at, "must be true or false");
  return std::nullopt;
}

std::optional<milliseconds> context::seconds(const spot& at) {
  const auto value = number(at, 0, longest_seconds);
  if (!value)
    return std::nullopt;
  // What is not 0 must not become 0, which means "no limit".
  return milliseconds{*value > 0 ? std::max(1LL, std::llround(*value * 1000)) : 0};
}

std::optional<std::vector<std::string>> context::texts(const spot& at, std::size_t most) {
  if (at.is_null())
    return std::nullopt;
  std::vector<std::string> result;
  if (at.is_text()) {
    if (auto only = text(at))
      result.push_back(std::move(*only));
    return result;
  }
  if (!at.is_list() || at.node->items.size() > most) {
    refuse(at, "must be a list of at most " + std::to_string(most) + " texts");
    return std::nullopt;
  }
  for (std::size_t i = 0; i < at.node->items.size(); ++i)
    if (auto one = text(at.at(i)))
      result.push_back(std::move(*one));
  return result;
}

bool context::expect_map(const spot& at) {
  if (!at.is_map() && !at.is_null())
    refuse(at, "must be a map of keys");
  return at.is_map();
}

} // namespace synapse::config::litellm
