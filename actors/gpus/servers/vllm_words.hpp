/// @file
/// What a vLLM's answers mean. Pure; any thread. Answers are anybody's bytes.
#pragma once

#include "actors/gpus/turns/card.hpp"
#include "actors/protocol/http_messages.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace synapse::gpus {

/// Answer to GET /is_sleeping. @param why set where it is no answer, for people.
sighting read_sleeping(const actors::http_reply& reply, std::string& why);

/// Requests that run and wait, out of GET /metrics; of all engines together.
/// @returns nothing, with `why` set, when the page does not tell both.
std::optional<std::uint64_t> read_requests(const actors::http_reply& reply, std::string& why);

/// Answer to a command without a result. @param why set unless it is done, for people.
outcome read_outcome(const actors::http_reply& reply, std::string& why);

/// The first name of GET /v1/models; empty: none.
std::string read_first_model(const actors::http_reply& reply);

} // namespace synapse::gpus
