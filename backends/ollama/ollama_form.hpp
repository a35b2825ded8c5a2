#pragma once

#include "backends/standin/telling.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace synapse::backends {

/// @returns the lines of `/api/chat`.
std::unique_ptr<telling_form> make_ollama_chat();

/// @returns the lines of `/api/generate`.
std::unique_ptr<telling_form> make_ollama_generate();

/// @returns the one object that a request without messages or prompt gets.
/// @param reason `load` or `unload`
json ollama_loaded(const std::string& model, bool chat, std::string_view reason);

/// @returns a time as Go writes it, e.g. `2026-09-01T10:00:00.123456789Z`.
std::string go_time(std::chrono::system_clock::time_point when);

} // namespace synapse::backends
