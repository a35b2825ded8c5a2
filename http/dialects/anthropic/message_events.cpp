#include "http/dialects/anthropic/message_events.hpp"

#include "http/core/local_reply.hpp"
#include "http/dialects/anthropic/errors.hpp"
#include "http/dialects/openai/json_values.hpp"

#include <algorithm>
#include <utility>

namespace synapse::http::anthropic {

using progress = answer_translator::progress;

message_events::message_events(answer_names names, std::size_t max_event_bytes,
                               std::int64_t input_tokens)
    : chat_events_answer(max_event_bytes), names_(std::move(names)), input_tokens_(input_tokens) {}

void message_events::begin(std::string& out) {
  if (std::exchange(begun_, true))
    return;
  append_json_string(out += "event: message_start\ndata: "
                            R"({"type":"message_start","message":{"id":)",
                     names_.id);
  append_json_string(out += R"(,"type":"message","role":"assistant","content":[],"model":)",
                     names_.model);
  token_usage so_far;
  so_far.prompt = input_tokens_;
  append_message_usage(out += R"(,"stop_reason":null,"stop_sequence":null,"usage":)", so_far);
  out += "}}\n\n";
}

bool message_events::is_open(kind what, std::size_t call) const noexcept {
  return open_ && what_ == what && (what != kind::call || call_ == call);
}

/// Nobody can say that the open block has come to its end: further arguments may follow.
bool message_events::must_wait() const {
  return open_ && what_ == kind::call && !calls_[call_].arguments.whole();
}

void message_events::open(kind what, std::size_t call, std::string& out) {
  what_ = what;
  call_ = call;
  open_ = true;
  append_number(out += "event: content_block_start\ndata: "
                       R"({"type":"content_block_start","index":)",
                block_);
  if (what == kind::text)
    out += R"(,"content_block":{"type":"text","text":""}})";
  else if (what == kind::thinking)
    out += R"(,"content_block":{"type":"thinking","thinking":"","signature":""}})";
  else
    ((((out += R"(,"content_block":{"type":"tool_use","id":)") += calls_[call].id) +=
      R"(,"name":)") += calls_[call].name) += R"(,"input":{}}})";
  out += "\n\n";
}

void message_events::close(std::string& out) {
  if (!std::exchange(open_, false))
    return;
  if (what_ == kind::call)
    calls_[call_].closed = true;
  append_number(out += "event: content_block_stop\ndata: "
                       R"({"type":"content_block_stop","index":)",
                block_++);
  out += "}\n\n";
}

/// @param text spelled as JSON, without quotes
void message_events::append_delta(std::string_view text, std::string& out) const {
  append_number(out += "event: content_block_delta\ndata: "
                       R"({"type":"content_block_delta","index":)",
                block_);
  out += what_ == kind::text       ? R"(,"delta":{"type":"text_delta","text":")"
         : what_ == kind::thinking ? R"(,"delta":{"type":"thinking_delta","thinking":")"
                                   : R"(,"delta":{"type":"input_json_delta","partial_json":")";
  (out += text) += "\"}}\n\n";
}

/// Opens blocks that wait, as long as one may be closed for the next. @param all it may in any case
void message_events::let_next(bool all, std::string& out) {
  while (!waiting_.empty() && (all || !must_wait())) {
    const auto next = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= next.text.size();
    close(out);
    open(next.what, next.call, out);
    if (!next.text.empty())
      append_delta(next.text, out);
  }
}

/// @param quoted a piece of a block; empty: only that there is one
progress message_events::say(kind what, std::size_t call, std::string_view quoted,
                             std::string& out) {
  begin(out);
  const auto text = detail::inner(quoted);
  if (is_open(what, call)) {
    if (!text.empty())
      append_delta(text, out);
    let_next(false, out);
    return progress::more;
  }
  if (waiting_.empty() && !must_wait()) {
    close(out);
    open(what, call, out);
    if (!text.empty())
      append_delta(text, out);
    return progress::more;
  }
  // A call has one place, a text goes behind whatever was said last.
  auto place = what == kind::call
                   ? std::find_if(waiting_.begin(), waiting_.end(),
                                  [&](const waiting& one) {
                                    return one.what == kind::call && one.call == call;
                                  })
                   : waiting_.end();
  if (what != kind::call && !waiting_.empty() && waiting_.back().what == what)
    place = std::prev(waiting_.end());
  if (place == waiting_.end())
    place = waiting_.insert(place, waiting{what, call, {}});
  place->text += text;
  waiting_bytes_ += text.size();
  return waiting_bytes_ > most_waiting
             ? refuse("too much of its answer waits for a call's arguments")
             : progress::more;
}

/// The call that a piece belongs to, or a new one. Servers that name no index begin each call at 0:
/// another id is another call, as is another name behind a call that is complete.
message_events::call* message_events::find_call(const openai::call_part& part) {
  const auto found = std::find_if(calls_.rbegin(), calls_.rend(),
                                  [&](const call& one) { return one.index == part.index; });
  if (found != calls_.rend()) {
    const bool other_id = !part.id.empty() && !found->id.empty() && part.id != found->id;
    const bool other_name = part.id.empty() && !part.name.empty() && !part.arguments.empty() &&
                            found->arguments.whole();
    if (!other_id && !other_name)
      return &*found;
  }
  if (calls_.size() == most_calls)
    return nullptr;
  calls_.emplace_back().index = part.index;
  return &calls_.back();
}

progress message_events::say(const openai::call_part& part, std::string& out) {
  auto* const it = find_call(part);
  if (it == nullptr)
    return refuse("it calls too many functions");
  const auto number = static_cast<std::size_t>(it - calls_.data());
  // Its block begins with both: they wait for the name.
  const bool known = !it->name.empty();
  if (it->id.empty())
    it->id = part.id;
  if (!known)
    it->name = part.name;
  if (it->name.empty())
    return part.arguments.empty() ? progress::more
                                  : refuse("one of its calls of functions has no name");
  if (it->id.empty())
    append_json_string(it->id,
                       "toolu_" + std::string{tail_of(names_.id)} + '_' + std::to_string(number));
  scratch_.clear();
  detail::append_unescaped(scratch_, part.arguments);
  it->arguments.feed(scratch_);
  if (it->closed) // blanks, or nothing, behind what was whole
    return it->arguments.whole() ? progress::more
                                 : refuse("one of its calls of functions goes on behind its end");
  return known && part.arguments.empty() ? progress::more
                                         : say(kind::call, number, part.arguments, out);
}

progress message_events::on_chunk(const openai::chat_chunk& chunk, std::string& out) {
  usage_.note(chunk);
  auto how = progress::more;
  if (!chunk.reasoning.empty())
    how = say(kind::thinking, 0, chunk.reasoning, out);
  for (const auto text : {chunk.content, chunk.refusal})
    if (how == progress::more && !text.empty())
      how = say(kind::text, 0, text, out);
  for (const auto& part : chunk.calls)
    if (how == progress::more)
      how = say(part, out);
  if (!chunk.finish_reason.empty()) {
    reason_ = chunk.finish_reason;
    matched_ = chunk.matched_stop;
  }
  return how;
}

progress message_events::on_end(std::string& out) {
  if (!detail::says(reason_, "length"))
    for (const auto& one : calls_)
      if (one.name.empty() || (!one.arguments.whole() && !one.arguments.empty()))
        return refuse("one of its calls of functions has arguments that are no JSON object");
  begin(out);
  let_next(true, out);
  close(out);
  out += "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{";
  append_stop_reason(out, reason_, matched_, !calls_.empty());
  append_message_usage(out += "},\"usage\":", usage_);
  out += "}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
  return progress::more;
}

void message_events::on_comment(std::string& out) {
  if (begun_)
    out += "event: ping\ndata: {\"type\":\"ping\"}\n\n";
}

void message_events::broken(std::string& out, response_detail detail, std::string_view message) {
  std::string body;
  const auto& row = info(detail);
  append_error(body, row.status == 0 ? 500 : row.status, message.empty() ? row.message : message,
               {});
  append_named_event(out, "error", body);
}

} // namespace synapse::http::anthropic
