/// @file
/// Command lines of the benchmark programs: `--name value` or `--name=value`.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace synapse::bench {

/// The options of one program. Reading a number that is none, or a command line with an unknown or
/// valueless option, ends the program with status 2 and a message on stderr.
class options {
public:
  /// @param known  every option with its default, by name without dashes
  options(int argc, char** argv, std::map<std::string, std::string> known);

  const std::string& text(std::string_view name) const;
  std::uint64_t number(std::string_view name) const;

private:
  std::map<std::string, std::string, std::less<>> values_;
};

} // namespace synapse::bench
