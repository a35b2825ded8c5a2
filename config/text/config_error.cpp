#include "config/text/config_error.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace synapse::config {

namespace {

// Longer names are never slips of ours, and the distance is quadratic.
constexpr std::size_t max_name = 64;

/// Drops what people confuse without noticing: case and the kind of separator.
std::string fold(std::string_view name) {
  std::string result;
  for (char c : name) {
    if (c != '-' && c != '_')
      result += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return result;
}

} // namespace

std::string render(const problem& what) {
  std::string result = what.file;
  if (!result.empty() && what.line != 0)
    result += ":" + std::to_string(what.line);
  if (!result.empty())
    result += ": ";
  if (!what.key.empty())
    result += what.key + ": ";
  result += what.message;
  if (!what.suggestion.empty())
    result += " (did you mean \"" + what.suggestion + "\"?)";
  return result;
}

std::string render(std::span<const problem> problems) {
  std::string result;
  for (const problem& what : problems)
    result += render(what) + "\n";
  return result;
}

std::string render_with_levels(std::span<const problem> problems) {
  std::string result;
  for (const problem& what : problems) {
    result += what.level == severity::warning ? "warning: "
              : what.level == severity::note  ? "note: "
                                              : "";
    result += render(what) + "\n";
  }
  return result;
}

bool has_errors(std::span<const problem> problems) {
  return std::any_of(problems.begin(), problems.end(),
                     [](const problem& what) { return what.level == severity::error; });
}

void problem_list::add(problem what) {
  if (full())
    ++left_out_;
  else
    problems_.push_back(std::move(what));
}

std::vector<problem> problem_list::take() {
  std::stable_sort(problems_.begin(), problems_.end(),
                   [](const problem& a, const problem& b) { return a.line < b.line; });
  if (full()) {
    problem last;
    last.file = problems_.back().file;
    last.message = left_out_ == 0 ? "there may be more problems: only the first " +
                                        std::to_string(max_problems) + " are listed"
                                  : std::to_string(left_out_) + " more problems are not listed";
    problems_.push_back(std::move(last));
  }
  left_out_ = 0;
  return std::move(problems_);
}

std::size_t edit_distance(std::string_view left, std::string_view right) {
  left = left.substr(0, max_name);
  right = right.substr(0, max_name);
  using row = std::array<std::size_t, max_name + 1>;
  row before{}, previous{}, current{};
  for (std::size_t j = 0; j <= right.size(); ++j)
    previous[j] = j;
  for (std::size_t i = 1; i <= left.size(); ++i) {
    current[0] = i;
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const std::size_t replace = previous[j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1);
      current[j] = std::min({previous[j] + 1, current[j - 1] + 1, replace});
      if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1])
        current[j] = std::min(current[j], before[j - 2] + 1);
    }
    before = previous;
    previous = current;
  }
  return previous[right.size()];
}

std::string nearest(std::string_view name, std::span<const std::string_view> known) {
  if (name.empty() || name.size() > max_name)
    return {};
  const std::string folded = fold(name);
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(1, folded.size() / 3) + 1;
  for (std::string_view candidate : known) {
    const std::size_t distance = edit_distance(folded, fold(candidate));
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return std::string{best};
}

std::string quote(std::string_view text) {
  constexpr std::size_t max_shown = 60;
  constexpr std::string_view digits = "0123456789abcdef";
  std::string result = "\"";
  for (char c : text.substr(0, max_shown)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      result += "\\x";
      result += digits[byte >> 4];
      result += digits[byte & 15];
    } else {
      result += c;
    }
  }
  if (text.size() > max_shown)
    result += "…";
  return result + "\"";
}

} // namespace synapse::config
