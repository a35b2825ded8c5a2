/// @file
/// Internal: the messages of a chat, from OpenAI's form to Anthropic's.
#pragma once

#include "http/dialects/anthropic/draft.hpp"

#include <cstddef>
#include <set>
#include <string>
#include <string_view>

namespace synapse::http::anthropic {

/// Writes `system` and `messages`. Roles alternate there: neighbours of one role become one
/// message, with the results of tools in front. What is empty is left out, since it is refused
/// there. Once.
class native_message_writer {
public:
  explicit native_message_writer(draft& to) : to_(to) {}

  /// @returns false when refused.
  bool write();

private:
  struct message;
  bool refuse(std::string_view member, std::string message);
  bool write_message(std::string_view text);
  bool write_system(const message& from);
  bool write_user(const message& from);
  bool write_assistant(const message& from);
  bool write_result(const message& from);
  bool add_content(std::string_view content, std::string& blocks, bool images);
  bool add_part(std::string_view part, std::size_t index, std::string& blocks, bool images);
  bool add_image(std::string_view image, const std::string& place, std::string& blocks);
  bool add_calls(std::string_view calls);
  bool add_call(std::string_view call, std::size_t index);
  void turn_to(std::string_view role);
  void flush();

  draft& to_;
  std::string out_;       ///< the messages so far
  std::string system_;    ///< spelled as JSON, without quotes
  std::string_view role_; ///< of the message that is collected; empty: none
  std::string results_;   ///< its blocks that come first
  std::string blocks_;    ///< the others
  std::size_t index_ = 0;
  std::string scratch_;
  std::set<std::string, std::less<>> called_; ///< ids of calls so far
};

} // namespace synapse::http::anthropic
