/// @file
/// What clients of OpenAI's Responses ask for, as chats: for backends that speak nothing else.
///
/// `body` is always the whole text of a request that `inspect_json` has accepted; of any other text
/// nothing useful comes, but nothing outside of it is read. Texts, numbers, schemas and arguments
/// stay as the client spelled them. Pure functions, any thread. Errors have OpenAI's form.
#pragma once

#include "http/dialects/unfit.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace synapse::http::openai::responses {

/// What the gateway has of earlier responses.
struct known {
  /// The conversation up to `previous_response_id`, as `conversation` of an answer gave it;
  /// nothing: there is no such response.
  std::optional<std::string_view> earlier;
  /// @returns the item of that id, as JSON that stays; empty: there is none. May be left out.
  std::function<std::string_view(std::string_view id)> item;
};

/// What the answer repeats of its request.
struct asked {
  std::string model;    ///< a JSON string
  std::string echo;     ///< members of a response that the request decides, in one line
  std::string messages; ///< of the chat, without `instructions`, which concern this answer only
};

/// POST /v1/chat/completions, with a body of JSON.
struct chat_call {
  std::string body;
  /// Names of fields that the answer will not heed; each once, in no particular order.
  std::vector<std::string_view> lossy;
  asked request; ///< for the answer
  bool stream = false;
  bool store = true;       ///< the response may be asked for, and gone on from
  bool background = false; ///< the client does not wait
  bool truncate = false;   ///< a conversation that is too long may be cut
};

using http::unfit;
using request = std::variant<chat_call, unfit>;

/// The response that this one goes on from; empty: none is named.
std::string previous_response_of(std::string_view body);

request request_of(std::string_view body, const known& earlier = {});

} // namespace synapse::http::openai::responses
