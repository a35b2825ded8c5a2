/// @file
/// What becomes of requests for responses, as JSON to be compared.
#pragma once

#include "http/core/json/json_body.hpp"
#include "http/dialects/openai/responses/request.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <variant>

namespace synapse::http::openai::responses {

using json = nlohmann::json;

/// The call that a body becomes; a failure of the test when it is refused.
inline chat_call call_of(const std::string& body, const known& earlier = {}) {
  EXPECT_TRUE(inspect_json(body).ok()) << body;
  auto made = request_of(body, earlier);
  if (auto* call = std::get_if<chat_call>(&made))
    return std::move(*call);
  ADD_FAILURE() << std::get<unfit>(made).field << ' ' << std::get<unfit>(made).message << ": "
                << body;
  return {};
}
/// Its chat.
inline json chat_of(const std::string& body, const known& earlier = {}) {
  return json::parse(call_of(body, earlier).body, nullptr, false);
}
/// Why a body is refused; empty: it is not.
inline unfit why_not(const std::string& body, const known& earlier = {}) {
  EXPECT_TRUE(inspect_json(body).ok()) << body;
  const auto made = request_of(body, earlier);
  const auto* why = std::get_if<unfit>(&made);
  EXPECT_TRUE(why == nullptr || (!why->field.empty() && !why->message.empty())) << body;
  return why == nullptr ? unfit{} : *why;
}
inline std::string refused_field(const std::string& body, const known& earlier = {}) {
  return why_not(body, earlier).field;
}

/// A request of one text with some further members, such as `"stream":true`.
inline std::string asked_with(const std::string& members) {
  return std::string{R"({"model":"m","input":"Hi")"} + (members.empty() ? "" : ",") + members + "}";
}
/// A request of these items.
inline std::string asked_of(const std::string& items) {
  return R"({"model":"m","input":[)" + items + "]}";
}

} // namespace synapse::http::openai::responses
