#pragma once

#include <string>
#include <string_view>

namespace synapse::backends {

/// @param host the Host field, with or without a port
/// @param machine the machine's name
/// @returns true if Ollama on loopback answers to it: localhost, the machine's name, names under
/// `.localhost`, `.local` and `.internal`, loopback and private addresses, or nothing at all.
bool is_own_host(std::string_view host, std::string_view machine);

/// @returns this machine's name.
std::string machine_name();

} // namespace synapse::backends
