/// @file
/// Reading LiteLLM files in tests.
#pragma once

#include "config/litellm/reader.hpp"
#include "tests/config/problems.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace synapse::config::litellm {

struct reading {
  fragment all;
  std::vector<problem> problems;
  std::string told() const { return render_with_levels(problems); }
};

/// Reads "c.yaml" with `text` in it, beside `others` (path → text).
inline reading read_text(const std::string& text, const environment& variables = {},
                         const std::map<std::string, std::string>& others = {}) {
  problem_list problems;
  const file_reader files = [&](const std::string& path) {
    const auto found = others.find(path);
    return found == others.end() ? parsed<std::string>::failure("cannot be opened")
                                 : parsed<std::string>{found->second};
  };
  reading result;
  result.all = read(text, "c.yaml", variables, files, problems);
  result.problems = problems.take();
  return result;
}

/// An entry `a` (the lines 1 to 5) with more `keys` of `litellm_params`, from line 6 on.
inline std::string entry_with(const std::string& keys) {
  std::string text = "model_list:\n"
                     "  - model_name: a\n"
                     "    litellm_params:\n"
                     "      model: hosted_vllm/m\n"
                     "      api_base: http://gpu:8000/v1\n";
  for (std::size_t at = 0; at < keys.size();) {
    const auto end = std::min(keys.find('\n', at), keys.size());
    text += "      " + keys.substr(at, end - at) + "\n";
    at = end + 1;
  }
  return text;
}

/// An entry `a`, and below it (from line 6 on) whatever `rest` says.
inline std::string with_section(const std::string& rest) {
  return entry_with("") + rest;
}

} // namespace synapse::config::litellm
