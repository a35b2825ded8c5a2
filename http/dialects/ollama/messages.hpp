/// @file
/// Internal: the messages of a chat, from OpenAI's form to Ollama's.
#pragma once

#include "http/dialects/ollama/draft.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace synapse::http::ollama {

/// Writes `messages`. Texts stay as they are spelled. Once.
class message_writer {
public:
  explicit message_writer(draft& to) : to_(to) {}

  /// @returns false when refused.
  bool write();

private:
  struct message;
  bool refuse(std::string_view member, std::string message);
  bool write(std::string_view text);
  bool add_content(const message& from, bool may_lack);
  bool add_parts(std::string_view parts);
  bool add_part(std::string_view part, std::size_t index);
  bool add_image(std::string_view image, const std::string& place);
  bool add_calls(std::string_view calls);
  bool add_call(std::string_view call, std::size_t index);
  bool add_arguments(std::string_view arguments, const std::string& place);
  bool add_caller(const message& from);
  std::string& add(std::string_view name);

  draft& to_;
  std::string* out_ = nullptr; ///< of the native body
  std::size_t index_ = 0;      ///< of the message under way
  std::string text_;           ///< of its parts, spelled as JSON
  std::string images_;         ///< of its parts, behind each other
  std::string scratch_;
  /// Names of the functions that assistants have called so far, by the calls' ids.
  std::map<std::string, std::string_view, std::less<>> called_;
};

} // namespace synapse::http::ollama
