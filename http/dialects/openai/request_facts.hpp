/// @file
/// What of a chat, completion or embedding request decides where it may go, and fields that it
/// leaves out.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::http::openai {

/// Views into the body, texts as they are spelled there.
struct request_facts {
  std::string_view first_system; ///< content of the first system or developer message
  std::string_view first_user;   ///< of the first user message; the prompt, or the input
  std::size_t text_bytes = 0;    ///< of the body without images and recordings
  bool images = false;
  bool audio = false;
  bool tools = false;
  bool schema = false;           ///< an answer by a JSON schema is wanted
  std::vector<std::string> tags; ///< of `metadata.tags`, at most 16
};

/// One pass over a body that `inspect_json` has accepted; of any other text nothing useful comes,
/// but nothing outside of it is read. Pure; any thread.
request_facts facts_of(std::string_view body);

/// @returns the body with those fields added that its top level has not got. @param fields names
/// and values as JSON
std::string with_fields(std::string_view body,
                        const std::map<std::string, std::string, std::less<>>& fields);

} // namespace synapse::http::openai
