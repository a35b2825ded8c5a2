#include "bench/options.hpp"

#include <charconv>
#include <cstdio>
#include <cstdlib>

namespace synapse::bench {

namespace {

[[noreturn]] void refuse(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(2);
}

[[noreturn]] void help(const char* program, const std::map<std::string, std::string>& known) {
  std::printf("usage: %s [--NAME=VALUE]...\n", program);
  for (const auto& [name, value] : known)
    std::printf("  --%-18s %s\n", name.c_str(), value.empty() ? "(none)" : value.c_str());
  std::exit(0);
}

} // namespace

options::options(int argc, char** argv, std::map<std::string, std::string> known) {
  for (int i = 1; i < argc; ++i)
    if (const std::string_view word = argv[i]; word == "--help" || word == "-h")
      help(argv[0], known);
  for (auto& [name, value] : known)
    values_.emplace(name, std::move(value));
  for (int i = 1; i < argc; ++i) {
    std::string_view word = argv[i];
    if (!word.starts_with("--"))
      refuse("not an option: " + std::string{word});
    word.remove_prefix(2);
    const auto equals = word.find('=');
    const auto found = values_.find(word.substr(0, equals));
    if (found == values_.end())
      refuse("unknown option --" + std::string{word.substr(0, equals)});
    if (equals != std::string_view::npos)
      found->second = word.substr(equals + 1);
    else if (i + 1 < argc)
      found->second = argv[++i];
    else
      refuse("option --" + std::string{word} + " needs a value");
  }
}

const std::string& options::text(std::string_view name) const {
  const auto found = values_.find(name);
  if (found == values_.end())
    refuse("no such option: " + std::string{name});
  return found->second;
}

std::uint64_t options::number(std::string_view name) const {
  const std::string& value = text(name);
  std::uint64_t result = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), result);
  if (error != std::errc{} || end != value.data() + value.size())
    refuse("option --" + std::string{name} + " needs a whole number, not '" + value + "'");
  return result;
}

} // namespace synapse::bench
