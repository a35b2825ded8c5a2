#include "backends/engine/programs.hpp"

#include "backends/engine/subprocess.hpp"

namespace synapse::backends {

std::vector<std::string> missing_programs(const std::vector<std::string>& names) {
  std::vector<std::string> out;
  for (const auto& name : names) {
    if (!find_program(name).empty())
      continue;
    auto package = name == "pocketsphinx_continuous" ? std::string("pocketsphinx") : name;
    auto hint = name.find('/') == std::string::npos ? " (Debian package " + package + ")" : "";
    out.push_back("missing program: " + name + hint);
  }
  return out;
}

} // namespace synapse::backends
