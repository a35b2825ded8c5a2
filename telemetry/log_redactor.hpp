/// @file
/// Takes secrets out of text before it leaves the process.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::telemetry {

/// Replaces secrets by `[REDACTED]`. Known shapes, all without regard to case:
/// - `Bearer x`, and `Authorization: …` with any scheme;
/// - values of names that end in api key, access key, secret key, private key, token, secret,
///   password, passphrase, credentials or cookie, in `name=value`, `name: value`, JSON, quoted
///   tuples, URL queries and `--name value`; `_`, `-` and blanks in names count alike;
/// - the user part of URLs: `redis://:pw@host`.
/// Where a value has no clear end, rather too much is replaced than too little. Immutable: all
/// members may be called from any thread at once.
class log_redactor {
public:
  static constexpr std::string_view mask = "[REDACTED]";
  static constexpr std::size_t default_max_bytes = 8192;

  /// @param extra_patterns `||`-separated regular expressions (ECMAScript, case ignored); what
  ///        they match is replaced as a whole. Invalid ones are left out, see `problems()`.
  /// @param max_bytes longer lines are cut before anything is searched.
  explicit log_redactor(std::string_view extra_patterns = {},
                        std::size_t max_bytes = default_max_bytes);
  ~log_redactor();
  log_redactor(log_redactor&&) noexcept;
  log_redactor& operator=(log_redactor&&) noexcept;

  /// One text per pattern that was left out, e.g. "pattern 2: …"; without the pattern itself, which
  /// may hold what it is to hide.
  const std::vector<std::string>& problems() const noexcept { return problems_; }

  /// Appends `line` without its secrets to `out`; a cut is marked at the end.
  void redact(std::string_view line, std::string& out) const;
  std::string redact(std::string_view line) const;

private:
  struct patterns;
  std::unique_ptr<patterns> patterns_; ///< null when there are none
  std::vector<std::string> problems_;
  std::size_t max_bytes_;
};

} // namespace synapse::telemetry
