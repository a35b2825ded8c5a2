/// @file
/// How a client is told that a backend has failed, before and after its answer has begun.
#pragma once

#include "http/core/local_reply.hpp"
#include "http/proxy/translation.hpp"
#include "http/server/exchange/exchange.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace synapse::proxy {

/// Passes on what a backend answered that is no success: its status when the client's request is at
/// fault, 503 and 504 as they are, otherwise 502 (also for 404 and 405: the gateway has chosen the
/// path). A list of faults stays one where the dialect allows; any other text becomes the message.
/// @param label such as "TTS backend error".
/// @param param field of an OpenAI request that a 4xx is about; empty: none.
net::task<void> pass_on_error(server::exchange& exchange, const collected_answer& answer,
                              std::string_view label, std::string_view param = {});

/// What a backend's error says to people: its sentence, whichever envelope it came in, shortened.
std::string sentence_of(const collected_answer& answer);

/// Answers with an error, or, where an event stream has begun already, ends it with an error event
/// in a way that nobody takes for a good end.
net::task<void> reply_or_end(server::exchange& exchange, http::response_detail detail,
                             std::string_view message, std::optional<unsigned> retry_after = {},
                             std::string_view label = {});
/// Ends an event stream that has begun with a backend's error answer.
net::task<void> end_begun_stream(server::exchange& exchange, const collected_answer& answer);

} // namespace synapse::proxy
