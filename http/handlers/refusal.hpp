/// @file
/// Why a request is not served, and how the client is told.
#pragma once

#include "http/core/local_reply.hpp"
#include "http/handlers/upstream_parts.hpp"
#include "http/server/exchange.hpp"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace synapse::handlers {

struct refusal {
  http::response_detail detail = http::response_detail::bad_request;
  std::string message; ///< empty: the usual sentence of `detail`
  std::string field;   ///< the field of the request at fault; empty: none
  /// All faults as FastAPI's clients read them, a list in JSON (field_fault.hpp); empty: none such.
  std::string list = {};
};

/// A field whose value does not do, or (as `missing`) that is not there: 422 in the list that
/// FastAPI's clients know, 400 where OpenAI's do.
refusal invalid_field(std::string field, std::string message);
refusal missing_field(std::string field);

/// Answers with it, in the dialect of the exchange's path.
net::task<void> refuse(server::exchange& exchange, refusal why);

/// Looks at what the head says about a JSON body. @returns why the request cannot be taken, if so.
std::optional<refusal> check_json_head(const http::request_head& head);

/// Looks at what the head says about a form and finds its boundary. @returns why the request cannot
/// be taken, if so. @param max_bytes of the body
std::optional<refusal> check_form_head(const http::request_head& head, std::uint64_t max_bytes,
                                       std::string& boundary);
/// 413, or nothing when the body's length is not known beforehand or fits.
std::optional<refusal> check_length(const http::request_head& head, std::uint64_t max_bytes);

/// What to answer when a body did not arrive as it should; nothing when its client has left.
std::optional<refusal> refusal_of(server::exchange::body_state state, std::size_t limit);

/// The client has left before its request was complete: counts that.
void note_departure_while_reading(server::exchange& exchange);

/// Reads a JSON object from the body, of at most `limit` bytes: a parsed one takes many times its
/// size. @returns false when the client has its answer or has left.
net::task<bool> read_json_object(server::exchange& exchange, nlohmann::ordered_json& into,
                                 std::size_t limit);

/// A backend's JSON; null when it is none, or nested deeper than anybody would.
nlohmann::ordered_json parse_answer(const std::string& text);

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

/// JSON text of a value; bytes that are no UTF-8 become U+FFFD.
std::string dump(const nlohmann::ordered_json& value);

} // namespace synapse::handlers
