/// @file
/// What the configuration tests share.
#pragma once

#include "config/loader.hpp"
#include "config/text/config_error.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace synapse::config {

/// The problem with `key`, or null.
inline const problem* find_problem(const std::vector<problem>& problems, std::string_view key) {
  const auto found = std::find_if(problems.begin(), problems.end(),
                                  [&](const problem& one) { return one.key == key; });
  return found == problems.end() ? nullptr : &*found;
}

inline std::string render_all(const std::vector<problem>& problems) {
  return render(std::span<const problem>{problems});
}

/// The problems of a file "test.yaml", one rendered line each.
inline std::string problems_of(const std::string& text) {
  return render_all(load_text(text, "test.yaml").problems);
}

/// A registry with one backend `b`, to which `keys` (indented by four) are added.
inline std::string one_backend(const std::string& keys) {
  return "backends:\n  b:\n    url: http://b:1\n" + keys;
}

inline std::string read_all(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// A directory of its own that is removed at the end of the test.
class temp_directory {
public:
  temp_directory() {
    std::string pattern = std::filesystem::temp_directory_path() / "synapse-config-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr)
      std::abort();
    path_ = pattern;
  }
  ~temp_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  temp_directory(const temp_directory&) = delete;
  temp_directory& operator=(const temp_directory&) = delete;

  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream{path_ / name, std::ios::binary | std::ios::trunc} << text;
  }

private:
  std::filesystem::path path_;
};

} // namespace synapse::config
