#include "actors/kubernetes/container_args.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <string_view>

namespace synapse::kubernetes {

namespace {

constexpr std::string_view long_name = "--ctx-size";
constexpr std::string_view short_name = "-c";

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end)
    return {};
  return value;
}

/// `--ctx-size` in the spellings that the server takes.
bool is_long_name(std::string_view text) {
  return text == long_name || text == "--ctx_size";
}

/// Where a context size is named.
struct place {
  enum class form { two_words, one_word };
  form how = form::two_words;
  std::size_t at = 0;     ///< index of the name
  std::size_t name = 0;   ///< one_word: length of the name, without the '='
  bool has_value = false; ///< two_words: the next one is its value
  std::string_view value;
};

/// A word that another option begins with is nobody's value; a negative number is.
bool is_option(std::string_view word) {
  return word.starts_with("-") && !whole_number(word);
}

/// All places, in order. A `-c` with anything but a number or a variable behind it is something
/// else: a shell's, most likely.
std::vector<place> places(const arguments& args) {
  std::vector<place> found;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const std::string_view word = args[i];
    const bool last = i + 1 == args.size();
    place one;
    one.at = i;
    if (const auto equals = word.find('=');
        equals != std::string_view::npos && is_long_name(word.substr(0, equals))) {
      one.how = place::form::one_word;
      one.name = equals;
      one.value = word.substr(equals + 1);
    } else if (is_long_name(word)) {
      one.has_value = !last && !is_option(args[i + 1]);
    } else if (word == short_name) {
      one.has_value = !last && (whole_number(args[i + 1]) || args[i + 1].starts_with("$("));
      if (!one.has_value)
        continue;
    } else {
      continue;
    }
    if (one.has_value)
      one.value = args[++i];
    found.push_back(one);
  }
  return found;
}

/// Whether these words give a shell a text to run: what stands in there cannot be edited, and what
/// is appended reaches the shell instead of the server.
bool runs_a_shell(const arguments& command, const arguments& args) {
  static constexpr std::array<std::string_view, 6> shells{"sh",   "bash", "ash",
                                                          "dash", "zsh",  "ksh"};
  const auto words = [&](std::size_t i) -> std::string_view {
    if (i < command.size())
      return command[i];
    return i - command.size() < args.size() ? std::string_view{args[i - command.size()]}
                                            : std::string_view{};
  };
  auto program = words(0);
  program.remove_prefix(program.rfind('/') == std::string_view::npos ? 0 : program.rfind('/') + 1);
  if (std::find(shells.begin(), shells.end(), program) != shells.end())
    return true;
  // The image's own entry point may be a shell: then a text follows its -c.
  for (std::size_t i = 0; i + 1 < args.size(); ++i)
    if (args[i] == short_name && args[i + 1].find(' ') != std::string::npos)
      return true;
  return false;
}

} // namespace

std::optional<std::int64_t> context_size(const arguments& args) {
  const auto found = places(args);
  if (found.empty())
    return {};
  return whole_number(found.back().value);
}

config::parsed<arguments> with_context_size(const arguments& args, const arguments& command,
                                            std::int64_t tokens) {
  const auto value = std::to_string(tokens);
  const auto found = places(args);
  auto changed = args;
  if (found.empty()) {
    // A shell that passes its words on ("$@") names the context size as one of them: found above.
    if (runs_a_shell(command, args))
      return config::parsed<arguments>::failure(
          "a shell runs a text in which --ctx-size cannot be changed");
    changed.emplace_back(long_name);
    changed.push_back(value);
    return changed;
  }
  // From the end, so that indexes stay true. Every place: it does not matter then which one counts.
  for (auto i = found.size(); i-- > 0;) {
    const auto& one = found[i];
    if (one.how == place::form::one_word)
      changed[one.at].replace(one.name + 1, std::string::npos, value);
    else if (one.has_value)
      changed[one.at + 1] = value;
    else
      changed.insert(changed.begin() + static_cast<std::ptrdiff_t>(one.at) + 1, value);
  }
  return changed;
}

} // namespace synapse::kubernetes
