/// @file
/// Which model answers a request that leaves the choice to the gateway.
#pragma once

#include "config/settings.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::routing {

/// The rules of one configuration, made ready for looking through megabytes of text: one pass that
/// looks each word up in a table, however many words the rules have. Immutable, any thread.
///
/// A word is what stands between characters that are no letters, digits or underscores; bytes above
/// ASCII count as letters. Letters of ASCII match in any case. White space within a word of the
/// rules stands for any white space. Other characters (`c++`, `.net`) stand for themselves.
class model_choice {
public:
  explicit model_choice(const config::model_choice_settings& settings);

  /// Whether a request with this `model` wants one to be chosen: it is empty, or one of the names
  /// of the settings, in exactly that spelling.
  bool is_choice(std::string_view name) const noexcept;

  /// @returns the model of the first rule of which a word stands in `text`, else the general one.
  /// Valid as long as this object.
  const std::string& choose(std::string_view text) const noexcept;

private:
  /// A word of a rule, around its first run of word characters.
  struct hint {
    std::uint64_t hash = 0; ///< of the run
    std::size_t rule = 0;
    std::size_t run = 0;  ///< where the run begins in `text`
    std::size_t size = 0; ///< of the run; 0: there is none
    std::string text;     ///< in lower case, with one space for any white space
  };

  static hint make_hint(std::string_view word, std::size_t rule);
  void make_table();
  /// @param best rules from here on no longer matter. @returns the first rule, at most `best`.
  std::size_t look_up(std::uint64_t hash, std::string_view text, std::size_t at,
                      std::size_t best) const noexcept;
  static bool matches(const hint& what, std::string_view text, std::size_t at) noexcept;

  std::vector<std::string> names_;
  std::vector<std::string> models_;  ///< by rule, then the general one
  std::vector<hint> hints_;          ///< by hash
  std::vector<hint> symbols_;        ///< those without a letter, which need a look everywhere
  std::vector<std::uint32_t> table_; ///< low bits of a hash → first hint of them + 1; 0: none
};

} // namespace synapse::routing
