/// @file
/// Internal: what a response has said so far, and the texts that it and its parts are.
#pragma once

#include "http/dialects/openai/chat_chunk.hpp"
#include "http/dialects/openai/responses/answer_frame.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace synapse::http::openai::responses {

enum class item_kind : std::uint8_t { reasoning, message, call };

/// A text within an item. Of a call: its arguments.
struct item_part {
  std::string text; ///< of a JSON string, what is between its quotes
  bool refusal = false;
  bool open = true;
};

/// One element of `output`.
struct output_item {
  item_kind kind = item_kind::message;
  std::size_t place = 0; ///< in `output`
  std::string id;        ///< JSON strings, here and below
  std::size_t call = 0;  ///< a call's index in the chat
  std::string call_id;
  std::string name;
  std::vector<item_part> parts;
  bool open = true;
  std::string_view status = "in_progress";
};

/// `{"type":"output_text",…}` and the like. @param text JSON without its quotes
void append_part(std::string& out, item_kind kind, bool refusal, std::string_view text);
/// @param empty as it is when it begins: without what it says
void append_item(std::string& out, const output_item& item, bool empty = false);

/// How an answer has ended.
enum class response_end : std::uint8_t { under_way, complete, by_length, by_filter, failed };
response_end end_of(std::string_view finish_reason) noexcept;

/// What the backend counts; -1: not told.
struct token_counts {
  std::int64_t prompt = -1, completion = -1, cached = -1, reasoning = -1;
  void take(const chat_chunk& chunk) noexcept;
};

/// All of a response. Items stay where they are.
class output {
public:
  explicit output(answer_frame frame) : frame_(std::move(frame)) {}

  /// A new item, at the end.
  output_item& add(item_kind kind);
  std::deque<output_item>& items() noexcept { return items_; }
  token_counts& counts() noexcept { return counts_; }
  const token_counts& counts() const noexcept { return counts_; }
  /// @param quoted of the backend; what it names first stays
  void name_model(std::string_view quoted);
  const answer_frame& frame() const noexcept { return frame_; }

  /// The response object in one line. @param failure of a failed one, for people
  std::string object(response_end end, std::string_view failure = {}) const;
  /// All messages so far and this answer's, as a list: see `known::earlier`.
  std::string conversation() const;

private:
  void append_state(std::string& text, response_end end, std::string_view failure) const;
  void append_usage(std::string& text) const;

  answer_frame frame_;
  std::string model_;
  std::deque<output_item> items_;
  token_counts counts_;
};

} // namespace synapse::http::openai::responses
