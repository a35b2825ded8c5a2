/// @file
/// Settings in words, for people. Nothing here shows a secret: tokens, keys and the Redis URL
/// appear as "set" or "not set". Pure functions; any thread.
#pragma once

#include "config/settings.hpp"

#include <span>
#include <string>

namespace synapse::config {

/// What is served where, and what each backend may take: several lines, for `--check-config` and
/// the start of the log. @param derived paths of routes that nobody wrote, which are marked.
std::string render_summary(const settings& all, std::span<const std::string> derived = {});

/// Where those paths lead, in one line: `/v1/chat/completions, /v1/embeddings -> ollama`.
std::string render_derived(const settings& all, std::span<const std::string> derived);

/// Every environment variable with default and meaning, for `--help`.
std::string environment_help();

} // namespace synapse::config
