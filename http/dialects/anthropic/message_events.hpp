/// @file
/// OpenAI's chunks of a chat → Anthropic's events.
#pragma once

#include "http/dialects/anthropic/answer_words.hpp"
#include "http/dialects/openai/answer_form.hpp"
#include "http/dialects/openai/chat_events_answer.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::http::anthropic {

/// A stream of chunks → `message_start`, blocks, `message_delta`, `message_stop`. A chunk that says
/// nothing is not passed on, so that an error behind it can still have a status. One block is open
/// at a time: what belongs to another waits while a call's arguments are no whole object yet, and
/// no longer. A call whose arguments never become one is `bad`, unless the answer was cut by its
/// limit.
class message_events final : public openai::chat_events_answer {
public:
  /// @param input_tokens what `message_start` says about the prompt, as far as somebody has
  /// counted; the backend's own counts come with `message_delta`
  message_events(answer_names names, std::size_t max_event_bytes, std::int64_t input_tokens = 0);

  void broken(std::string& out, response_detail detail, std::string_view message) override;

  /// As the backend says, once the answer is complete.
  const token_usage& usage() const noexcept { return usage_; }
  std::int64_t prompt_tokens() const noexcept override { return usage_.prompt; }
  std::int64_t completion_tokens() const noexcept override { return usage_.completion; }

  /// Bytes that wait for a block's turn, at most.
  static constexpr std::size_t most_waiting = 16 * 1024 * 1024;
  /// Calls of one answer, at most.
  static constexpr std::size_t most_calls = 1024;

protected:
  progress on_chunk(const openai::chat_chunk& chunk, std::string& out) override;
  progress on_end(std::string& out) override;
  void on_comment(std::string& out) override;

private:
  enum class kind : std::uint8_t { text, thinking, call };
  struct call {
    std::size_t index = 0; ///< the backend's
    std::string id;        ///< with its quotes, as `name` is
    std::string name;
    json_follower arguments; ///< as far as they have come
    bool closed = false;
  };
  /// What waits: pieces of a block, spelled as JSON, without quotes.
  struct waiting {
    kind what = kind::text;
    std::size_t call = 0; ///< number of it
    std::string text;
  };
  progress say(kind what, std::size_t call, std::string_view quoted, std::string& out);
  progress say(const openai::call_part& part, std::string& out);
  call* find_call(const openai::call_part& part);
  bool is_open(kind what, std::size_t call) const noexcept;
  bool must_wait() const;
  void open(kind what, std::size_t call, std::string& out);
  void close(std::string& out);
  void append_delta(std::string_view text, std::string& out) const;
  void let_next(bool all, std::string& out);
  void begin(std::string& out);

  answer_names names_;
  token_usage usage_;
  std::int64_t input_tokens_;
  std::string reason_; ///< why it ended, with its quotes
  std::string matched_;
  std::vector<call> calls_;
  std::deque<waiting> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::size_t block_ = 0; ///< index of the block that is open, or of the next one
  kind what_ = kind::text;
  std::size_t call_ = 0; ///< number of the open one
  bool open_ = false;
  bool begun_ = false;
  std::string scratch_;
};

} // namespace synapse::http::anthropic
