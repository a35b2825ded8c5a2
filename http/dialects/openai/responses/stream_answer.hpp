/// @file
/// A chat's chunks → the events of a response.
#pragma once

#include "http/dialects/openai/chat_events_answer.hpp"
#include "http/dialects/openai/responses/output.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace synapse::http::openai::responses {

/// Each chunk becomes its events at once. Nothing goes out before one says something, so that an
/// error until then can still have a status. One text or reasoning is open at a time; calls stay
/// open until the answer has its reason to finish, since their pieces may be mixed. A stream that
/// breaks ends with `response.failed`, and only one with a good end has `response.completed` or
/// `response.incomplete`.
class stream_answer final : public chat_events_answer {
public:
  /// @param max_event_bytes of one event
  stream_answer(answer_frame frame, std::size_t max_event_bytes)
      : chat_events_answer(max_event_bytes), output_(std::move(frame)) {}

  void broken(std::string& out, response_detail detail, std::string_view message) override;

  /// The response as the last event has it, to be stored: after a good end or `broken`; else empty.
  const std::string& response() const noexcept { return response_; }
  /// After a good end: what a later response goes on from, as `known::earlier`.
  std::string conversation() const { return output_.conversation(); }
  /// As the backend says; -1 where it does not, or has not yet.
  std::int64_t prompt_tokens() const noexcept override { return output_.counts().prompt; }
  std::int64_t completion_tokens() const noexcept override { return output_.counts().completion; }

protected:
  progress on_chunk(const chat_chunk& chunk, std::string& out) override;
  progress on_end(std::string& out) override;

private:
  void begin(std::string& out);
  void begin_event(std::string& out, std::string_view type);
  void begin_item_event(std::string& out, std::string_view type, const output_item& item);
  void put_item(std::string& out, std::string_view type, const output_item& item, bool empty);
  void put_part(std::string& out, std::string_view type, const output_item& item, bool empty);
  void put_response(std::string& out, std::string_view type, std::string_view response);
  void open_text(std::string& out, item_kind kind, bool refusal);
  void say(std::string& out, item_kind kind, bool refusal, std::string_view quoted);
  bool take_call(std::string& out, const call_part& part);
  output_item& open_call(std::string& out, output_item waiting, std::string_view name);
  void add_arguments(std::string& out, output_item& item, std::string_view quoted);
  void close_part(std::string& out, output_item& item);
  void close_item(std::string& out, output_item& item, std::string_view status);
  bool close_all(std::string& out, std::string_view status);

  output output_;
  std::string response_;
  output_item* text_ = nullptr;    ///< the text or reasoning that is open
  std::vector<output_item> calls_; ///< those that have no name yet
  std::size_t bytes_ = 0;          ///< of all that was said
  std::uint64_t number_ = 0;       ///< of the next event
  response_end end_ = response_end::complete;
  bool begun_ = false;
};

} // namespace synapse::http::openai::responses
