/// @file
/// Configuration texts and requests that several tests use.
#pragma once

#include "tests/support/scripted_upstream.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace synapse::integration {

/// One entry of `backends:`. `keys` are further ones, as in a YAML flow mapping. The models of
/// `llama-router` are not managed unless `keys` say so: a scripted upstream counts requests, and
/// those that the gateway sends by itself would come between.
inline std::string backend(std::string_view name, const std::string& url,
                           std::string_view keys = {}) {
  std::string line = "  " + std::string{name} + ": {url: \"" + url + "\"";
  if (!keys.empty())
    line.append(", ").append(keys);
  if (name == "llama-router" && keys.find("manage_models") == std::string_view::npos)
    line.append(", manage_models: false");
  return line + "}\n";
}

/// A whole file: `top` holds complete lines of other keys.
inline std::string config_with(std::string_view backends, std::string_view top = {}) {
  return "threads: 2\n" + std::string{top} + "backends:\n" + std::string{backends};
}

/// A file with one backend that serves the chat routes.
inline std::string chat_config(const support::scripted_upstream& upstream,
                               std::string_view top = {}, std::string_view keys = {}) {
  return config_with(backend("llama-router", upstream.url(), keys), top);
}

/// Events of a chat's stream.
inline const std::string content_event =
    "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n";
inline const std::string done_event = "data: [DONE]\n\n";

inline constexpr std::string_view json_type = "Content-Type: application/json\r\n";
inline constexpr std::string_view chat_path = "/v1/chat/completions";
inline constexpr std::string_view chat_body =
    R"({"model":"m","messages":[{"role":"user","content":"hi"}]})";

/// A backend that answers every request with its body, method and target.
inline support::scripted_upstream::script echo() {
  return support::answer_each([](const support::upstream_request& request) {
    const nlohmann::json answer{
        {"method", request.method}, {"target", request.target}, {"body", request.body}};
    return support::answer_bytes(
        200, answer.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  });
}

/// Text of an answer's JSON at a pointer such as "/error/code"; empty when there is none.
inline std::string text_at(const std::string& body, const char* pointer) {
  const auto json = nlohmann::json::parse(body, nullptr, false);
  const nlohmann::json::json_pointer where{pointer};
  if (json.is_discarded() || !json.contains(where) || !json.at(where).is_string())
    return {};
  return json.at(where).get<std::string>();
}

} // namespace synapse::integration
