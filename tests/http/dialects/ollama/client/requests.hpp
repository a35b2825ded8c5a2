/// @file
/// What becomes of Ollama clients' requests, as JSON to be compared.
#pragma once

#include "http/core/json/json_body.hpp"
#include "http/dialects/ollama/client/request.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <variant>

namespace synapse::http::ollama::client {

using json = nlohmann::json;

/// The call that a body becomes; a failure of the test when it becomes none.
inline openai_call call_of(route by, const std::string& body) {
  EXPECT_TRUE(inspect_json(body).ok()) << body;
  auto made = request_of(by, body);
  if (auto* call = std::get_if<openai_call>(&made))
    return std::move(*call);
  const auto* why = std::get_if<unfit>(&made);
  ADD_FAILURE() << (why == nullptr ? "nothing is asked" : why->field + ' ' + why->message) << ": "
                << body;
  return {};
}
/// Its body alone.
inline json asked_of(route by, const std::string& body) {
  return json::parse(call_of(by, body).body, nullptr, false);
}
/// The field for which a body is refused; empty: it is not.
inline std::string refused_field(route by, const std::string& body) {
  EXPECT_TRUE(inspect_json(body).ok()) << body;
  const auto made = request_of(by, body);
  const auto* why = std::get_if<unfit>(&made);
  EXPECT_TRUE(why == nullptr || (!why->field.empty() && !why->message.empty())) << body;
  return why == nullptr ? std::string{} : why->field;
}

/// A chat of one message with some further members, such as `"think":true`.
inline std::string chat_with(const std::string& members) {
  return std::string{R"({"model":"m","messages":[{"role":"user","content":"Hi"}])"} +
         (members.empty() ? "" : ",") + members + "}";
}
/// A chat of these messages.
inline std::string chat_of(const std::string& messages) {
  return R"({"model":"m","messages":[)" + messages + "]}";
}
/// A prompt with further members.
inline std::string prompt_with(const std::string& members) {
  return std::string{R"({"model":"m","prompt":"Once")"} + (members.empty() ? "" : ",") + members +
         "}";
}

} // namespace synapse::http::ollama::client
