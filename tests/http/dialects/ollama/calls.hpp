/// @file
/// What becomes of requests, as JSON to be compared.
#pragma once

#include "http/core/json/json_body.hpp"
#include "http/dialects/ollama/request.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <variant>

namespace synapse::http::ollama {

using json = nlohmann::json;
using maker = native_request (*)(std::string_view, const call_settings&);

inline const call_settings plain_settings{"llama3.2:3b", {}, 0};

/// The call that a body becomes; a failure of the test when it is refused.
inline native_call call_of(maker make, const std::string& body,
                           const call_settings& settings = plain_settings) {
  EXPECT_TRUE(inspect_json(body).ok()) << body;
  auto made = make(body, settings);
  if (auto* call = std::get_if<native_call>(&made))
    return std::move(*call);
  ADD_FAILURE() << std::get<unfit>(made).field << ' ' << std::get<unfit>(made).message << ": "
                << body;
  return {};
}
/// Its body alone.
inline json native_of(maker make, const std::string& body,
                      const call_settings& settings = plain_settings) {
  return json::parse(call_of(make, body, settings).body, nullptr, false);
}
/// The field for which a body is refused; empty: it is not.
inline std::string refused_field(maker make, const std::string& body) {
  EXPECT_TRUE(inspect_json(body).ok()) << body;
  const auto made = make(body, plain_settings);
  const auto* why = std::get_if<unfit>(&made);
  EXPECT_TRUE(why == nullptr || (!why->field.empty() && !why->message.empty())) << body;
  return why == nullptr ? std::string{} : why->field;
}

/// A chat of one message with some further members, such as `"seed":1`.
inline std::string chat_with(const std::string& members) {
  return std::string{R"({"messages":[{"role":"user","content":"Hi"}])"} +
         (members.empty() ? "" : ",") + members + "}";
}
/// A chat of these messages.
inline std::string chat_of(const std::string& messages) {
  return R"({"messages":[)" + messages + "]}";
}

} // namespace synapse::http::ollama
