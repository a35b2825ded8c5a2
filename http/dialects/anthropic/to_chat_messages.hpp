/// @file
/// Internal: the system prompt and the messages of a request, from Anthropic's form to OpenAI's.
#pragma once

#include "http/dialects/anthropic/draft.hpp"

#include <cstddef>
#include <set>
#include <string>
#include <string_view>

namespace synapse::http::anthropic {

/// Writes `messages`. Texts stay as they are spelled. Once.
class chat_message_writer {
public:
  explicit chat_message_writer(draft& to) : to_(to) {}

  /// @returns false when refused.
  bool write();

private:
  struct block;
  /// Texts and images of a message, as they are collected.
  struct content {
    std::string text;  ///< of its texts, spelled as JSON, without quotes
    std::string parts; ///< OpenAI's, with commas
    bool images = false;
  };
  bool refuse(const std::string& member, std::string message);
  bool write_system();
  bool write_message(std::string_view message);
  bool write_user(std::string_view content);
  bool write_assistant(std::string_view content);
  bool add_block(std::string_view text, std::size_t index, content& to);
  bool add_text(const block& from, const std::string& place, content& to, std::string_view gap);
  bool add_image(const block& from, const std::string& place, content& to);
  bool add_result(const block& from, const std::string& place);
  bool add_result_block(std::string_view text, const std::string& place, content& result,
                        bool& shown, std::string_view id);
  bool add_assistant_block(std::string_view text, std::size_t index, content& said,
                           std::string& calls);
  bool add_call(const block& from, const std::string& place, std::string& calls);
  void note_citations(const block& from);
  void begin_message(std::string_view role);

  draft& to_;
  std::string* out_ = nullptr; ///< of the other body
  bool any_ = false;           ///< there is a message in it
  std::size_t index_ = 0;      ///< of the message under way
  content rest_;               ///< of a user's message, behind its results
  std::string scratch_;
  std::set<std::string, std::less<>> called_; ///< ids of calls so far
};

} // namespace synapse::http::anthropic
