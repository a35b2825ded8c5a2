/// @file
/// Why a request is not served, and how the client is told.
#pragma once

#include "http/core/json/json_text.hpp"
#include "http/core/local_reply.hpp"
#include "http/proxy/downstream/error_answer.hpp"
#include "http/server/exchange/exchange.hpp"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace synapse::api {

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

} // namespace synapse::api
