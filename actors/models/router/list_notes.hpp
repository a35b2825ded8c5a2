/// @file
/// What the gateway knows about a router's entries, written into the router's own list.
#pragma once

#include "actors/models/router/catalog.hpp"
#include "actors/models/turns/schedule.hpp"

#include <map>
#include <string>

namespace synapse::models {

/// By the name that clients use.
using wait_notes = std::map<std::string, wait_reason, std::less<>>;

/// Adds `status.synapse_waits_for` (`{"what","model","requests","text"}`) to the entries of models
/// that somebody waits for; of a split model to each part. @param list an answer of GET /models
/// that `parse_catalog` has accepted. @returns the list, as it came where there is nothing to note.
std::string with_notes(std::string list, const catalog& known, const wait_notes& notes);

} // namespace synapse::models
