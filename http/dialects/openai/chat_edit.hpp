/// @file
/// Looks into a chat request and changes single places of it. All other bytes stay as the client
/// wrote them: unknown fields, the spelling of numbers, the order of members.
///
/// `body` is always the whole text of a request that `inspect_json` has accepted; of any other text
/// nothing useful comes, but nothing outside of it is read. Pure functions, any thread.
#pragma once

#include <boost/container/small_vector.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::http {

/// Members of a chat request that the gateway looks at.
enum class chat_key : std::uint8_t {
  model,
  messages,
  prompt,
  synapse,
  temperature,
  top_p,
  top_k,
  min_p,
  repeat_penalty,
  max_tokens,
  max_completion_tokens,
  n_predict,
  max_new_tokens,
  repetition_penalty,
  reasoning_effort,
  reasoning,
  chat_template_kwargs,
  thinking,
  enable_thinking,
  think,
  thinking_budget_tokens,
  thinking_budget,
  reasoning_budget,
  prompt_cache_key,
  count_,
};

/// As it is spelled in a request.
std::string_view to_string(chat_key key) noexcept;

/// Bytes of a body, which is shorter than 4 GiB.
struct byte_range {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  bool empty() const noexcept { return begin == end; }
  std::string_view of(std::string_view body) const { return body.substr(begin, end - begin); }
};

/// A member of the top level with one of the names above.
struct chat_member {
  chat_key key = chat_key::model;
  byte_range name; ///< with its quotes
  byte_range value;
  std::uint32_t separator = 0; ///< offset of the `,` in front of it, or of the object's `{`
};

/// An object of `messages` that has a role or a content.
struct chat_message {
  byte_range all;
  byte_range role;    ///< its value; empty: there is none
  byte_range content; ///< likewise
};

/// Where things are in a body. Of repeated keys the last counts, as it does for the backends.
struct chat_view {
  std::uint32_t open = 0;       ///< offset of the object's `{`
  std::size_t member_count = 0; ///< of all names
  /// Those of known names, in order.
  boost::container::small_vector<chat_member, 8> members;
  bool has_messages = false;     ///< `messages` is an array
  std::size_t message_count = 0; ///< elements of whatever kind
  /// Of the last `messages`.
  boost::container::small_vector<chat_message, 4> messages;

  /// @returns the last one of that name, or null.
  const chat_member* find(chat_key key) const noexcept {
    const auto number = last[static_cast<std::size_t>(key)];
    return number == 0 ? nullptr : &members[number - 1];
  }
  /// Number of the last one of each name, from 1; 0: there is none.
  std::array<std::uint32_t, static_cast<std::size_t>(chat_key::count_)> last{};
};

/// One pass over the body.
chat_view scan_chat(std::string_view body);

/// Appends the text of all messages of the role `user`, a line feed between any two texts; of a
/// content of parts, those of the type `text`. For a body without messages: the text or texts of
/// `prompt`.
void append_user_text(std::string_view body, const chat_view& view, std::string& out);

/// What is to be changed. A new one asks for nothing.
struct chat_edits {
  struct field {
    chat_key key = chat_key::temperature;
    std::string json; ///< text of the value
  };

  std::optional<std::string> model; ///< in the place of every `model`, or new
  bool remove_synapse = false;      ///< every member `synapse` goes
  std::vector<field> fields;        ///< each only where it is absent or null
  /// Becomes the first message if there is none of the role `system` or `developer`.
  std::string system_prompt;
  /// Becomes a line `Reasoning: …` at the end of the first system message, unless one has such a
  /// line; of a new one if there is none.
  std::string reasoning_effort;

  /// Whether nothing is asked for: then the body is what it was.
  bool empty() const noexcept;
};

/// @returns the body with the edits made. Without an array of messages those that concern the
/// system message are left out, and so is the line where the content is neither text nor parts.
std::string apply_edits(std::string_view body, const chat_view& view, const chat_edits& edits);

/// The commonest edit by itself: `out` becomes the body with another model in the place of every
/// `model`, or a new one.
void replace_model(std::string& out, std::string_view body, const chat_view& view,
                   std::string_view model);

/// Values that a request may leave out. Numbers are JSON texts.
struct chat_profile {
  std::optional<std::string> temperature;
  std::optional<std::string> top_p;
  std::optional<std::string> top_k;
  std::optional<std::string> min_p;
  std::optional<std::string> repeat_penalty;
  std::optional<std::string> max_tokens;
  std::optional<std::string> system_prompt;
  std::optional<std::string> reasoning_effort; ///< e.g. "high"
};

/// Adds to `edits` what the request leaves out and the profile has. `null` counts as left out. What
/// a request says under any of a setting's names counts as given, also where the backend will not
/// look at it: a stored value never stands beside the client's own (chat_fill.cpp has the table).
void fill_chat(std::string_view body, const chat_view& view, const chat_profile& profile,
               chat_edits& edits);

} // namespace synapse::http
