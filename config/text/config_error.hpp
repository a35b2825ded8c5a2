/// @file
/// What can be wrong with a configuration, said so that an operator finds the place at once. All
/// functions are pure and may be called from any thread.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::config {

/// An error stops the start (or refuses the reload); a warning is reported and otherwise ignored; a
/// note says how something was understood.
enum class severity { error, warning, note };

/// One thing that is wrong. Never contains the value of a secret.
struct problem {
  std::string file;       ///< file name, or "environment"
  std::size_t line = 0;   ///< 1-based; 0 = unknown
  std::string key;        ///< path such as `backends.llama-embed.timeouts.connect`, or a variable
  std::string message;    ///< one sentence without a full stop
  std::string suggestion; ///< nearest known name; empty = none
  severity level = severity::error;
  bool operator==(const problem&) const = default;
};

/// `file:line: key: message (did you mean "x"?)`; parts that are unknown are left out.
std::string render(const problem& what);

/// One rendered problem per line, each ended by a newline.
std::string render(std::span<const problem> problems);

/// The same with "warning: " or "note: " before those that stop nothing; for a terminal, where a
/// log would have their level.
std::string render_with_levels(std::span<const problem> problems);

/// Whether one of `problems` is an error.
bool has_errors(std::span<const problem> problems);

/// Collects problems up to a limit, so that a hostile file cannot make an endless report.
class problem_list {
public:
  static constexpr std::size_t max_problems = 100;

  /// Adds `what`; beyond the limit it is only counted.
  void add(problem what);
  /// True when the limit is reached: the reader may stop looking.
  bool full() const { return problems_.size() >= max_problems; }
  /// The problems ordered by line, with a last one that says how many more were seen.
  std::vector<problem> take();

private:
  std::vector<problem> problems_;
  std::size_t left_out_ = 0;
};

/// The name in `known` that is nearest to `name` by Damerau-Levenshtein distance (case, `-` and `_`
/// aside), or "" when none is near enough to be a likely slip.
std::string nearest(std::string_view name, std::span<const std::string_view> known);

/// Edit distance with insertions, deletions, substitutions and transpositions of neighbours.
std::size_t edit_distance(std::string_view left, std::string_view right);

/// `text` in double quotes for a message: control bytes escaped, cut after 60 bytes.
std::string quote(std::string_view text);

} // namespace synapse::config
