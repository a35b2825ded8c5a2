#include "http/proxy/relay/completion_chunk.hpp"

#include "http/core/json/json_text.hpp"

#include <nlohmann/json.hpp>

namespace synapse::proxy {

namespace {
using json = nlohmann::ordered_json;

/// Calls of tools are told apart by their index in a stream.
void number_calls(json& delta) {
  const auto calls = delta.find("tool_calls");
  if (calls == delta.end() || !calls->is_array())
    return;
  std::size_t index = 0;
  for (auto& call : *calls)
    if (call.is_object())
      call["index"] = index++;
}
} // namespace

std::optional<std::string> chunk_of(const std::string& completion) {
  auto whole = http::parse_json(completion);
  if (!whole.is_object() || !whole.contains("choices") || !whole["choices"].is_array())
    return {};
  for (auto& choice : whole["choices"]) {
    if (!choice.is_object())
      return {};
    // A text completion has the same form in a stream.
    if (const auto message = choice.find("message"); message != choice.end()) {
      if (!message->is_object())
        return {};
      number_calls(*message);
      json delta = std::move(*message);
      choice.erase("message");
      choice["delta"] = std::move(delta);
    }
  }
  if (const auto object = whole.find("object");
      object != whole.end() && *object == "chat.completion")
    *object = "chat.completion.chunk";
  return http::dump(whole);
}

} // namespace synapse::proxy
