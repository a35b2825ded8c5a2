/// @file
/// The edits of a chat request made the plain way, on a parsed document, to compare with.
#pragma once

#include "http/dialects/openai/chat_edit.hpp"

#include <nlohmann/json.hpp>

#include <cctype>
#include <sstream>
#include <string>
#include <vector>

namespace synapse::http::test {

using nlohmann::json;

inline bool is_text_part(const json& part) {
  return part.is_object() && part.contains("type") && part["type"] == "text" &&
         part.contains("text") && part["text"].is_string();
}

inline std::vector<std::string> texts_of(const json& content) {
  std::vector<std::string> result;
  if (content.is_string())
    result.push_back(content.get<std::string>());
  if (content.is_array())
    for (const auto& part : content)
      if (is_text_part(part))
        result.push_back(part["text"].get<std::string>());
  return result;
}

inline bool has_role(const json& message, std::string_view role) {
  return message.is_object() && message.contains("role") && message["role"] == role;
}

inline bool has_messages(const json& document) {
  return document.contains("messages") && document["messages"].is_array();
}

inline std::string reference_user_text(const json& document) {
  std::vector<std::string> texts;
  if (has_messages(document)) {
    for (const auto& message : document["messages"])
      if (has_role(message, "user") && message.contains("content"))
        for (const auto& text : texts_of(message["content"]))
          texts.push_back(text);
  } else if (document.contains("prompt")) {
    const auto& prompt = document["prompt"];
    for (const auto& one : prompt.is_array() ? prompt : json::array({prompt}))
      if (one.is_string())
        texts.push_back(one.get<std::string>());
  }
  std::string result;
  for (const auto& text : texts)
    result += (result.empty() ? "" : "\n") + text;
  return result;
}

inline bool has_line(const std::string& text) {
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    line.erase(0, line.find_first_not_of(" \t\r"));
    std::string label = line.substr(0, 10);
    for (auto& c : label)
      c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (label == "reasoning:")
      return true;
  }
  return false;
}

inline bool is_system(const json& message) {
  return has_role(message, "system") || has_role(message, "developer");
}

inline void reference_append(json& message, const std::string& line) {
  auto& content = message["content"]; // null where there was none
  if (content.is_null())
    content = line;
  else if (content.is_string())
    content = content.get<std::string>() + (content == "" ? "" : "\n") + line;
  else if (content.is_array())
    content.push_back({{"type", "text"}, {"text", line}});
}

inline void reference_system_edit(json& messages, const chat_edits& edits) {
  const auto line = "Reasoning: " + edits.reasoning_effort;
  bool has_one = false;
  for (const auto& message : messages)
    if (is_system(message) && message.contains("content"))
      for (const auto& text : texts_of(message["content"]))
        has_one = has_one || has_line(text);
  for (auto& message : messages)
    if (is_system(message)) {
      if (!edits.reasoning_effort.empty() && !has_one)
        reference_append(message, line);
      return;
    }
  auto text = edits.system_prompt;
  if (!edits.reasoning_effort.empty() && !has_line(text))
    text += (text.empty() ? "" : "\n") + line;
  if (!text.empty())
    messages.insert(messages.begin(), json({{"role", "system"}, {"content", text}}));
}

inline json reference_edit(json document, const chat_edits& edits) {
  if (edits.model)
    document["model"] = *edits.model;
  for (const auto& field : edits.fields) {
    auto& member = document[std::string{to_string(field.key)}];
    if (member.is_null())
      member = json::parse(field.json);
  }
  if (has_messages(document))
    reference_system_edit(document["messages"], edits);
  if (edits.remove_synapse)
    document.erase("synapse");
  return document;
}

/// Edits by the bits of a number, so that each combination can be had.
inline chat_edits edits_of(unsigned bits) {
  chat_edits edits;
  if (bits & 1)
    edits.model = "m\"\xc3\xa4";
  edits.remove_synapse = (bits & 2) != 0;
  if (bits & 4)
    edits.fields.push_back({chat_key::temperature, "0.5"});
  if (bits & 8)
    edits.fields.push_back({chat_key::max_tokens, "16384"});
  if (bits & 16)
    edits.system_prompt = bits & 32 ? "Be \"brief\".\nReasoning: none" : "Be kind.";
  if (bits & 64)
    edits.reasoning_effort = "high";
  return edits;
}
inline constexpr unsigned all_edit_bits = 128;

} // namespace synapse::http::test
