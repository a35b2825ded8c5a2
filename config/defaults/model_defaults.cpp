#include "config/settings.hpp"

namespace synapse::config {

std::vector<model_rule> model_choice_settings::default_model_rules() {
  return {{"Qwen2.5-Coder-7B-Instruct-Q4_K_M",
           {"code",    "python",     "javascript",   "typescript", "java",        "go",
            "rust",    "sql",        "regex",        "debug",      "stack trace", "exception",
            "compile", "refactor",   "unit test",    "algorithm",  "function",    "class",
            "api",     "dockerfile", "kubernetes",   "yaml",       "json",        "bash",
            "shell",   "git",        "pull request", "bug"}}};
}

} // namespace synapse::config
