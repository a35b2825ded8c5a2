#include "http/dialects/anthropic/completion_events.hpp"

#include "http/core/json/json_body.hpp"
#include "http/core/local_reply.hpp"
#include "http/dialects/anthropic/errors.hpp"
#include "http/dialects/openai/chat_stream.hpp"
#include "http/dialects/openai/json_values.hpp"

#include <utility>

namespace synapse::http::anthropic {

using progress = answer_translator::progress;
using detail::named_value;
using detail::says;

namespace {
constexpr std::string_view no_event_of_theirs = "one of its events is none of a message";
} // namespace

completion_events::completion_events(answer_names names, bool include_usage,
                                     std::size_t max_event_bytes)
    : sse_answer(max_event_bytes), names_(std::move(names)), include_usage_(include_usage) {
  append_json_string(lead_ += R"(data: {"id":)", names_.id);
  lead_ += R"(,"object":"chat.completion.chunk","created":)" + std::to_string(names_.created);
  append_json_string(lead_ += R"(,"model":)", names_.model);
  lead_ += R"(,"choices":[)";
}

progress completion_events::finish(std::string& out) {
  if (ended_)
    return progress::more;
  sse_event event;
  if (unterminated(event) && event.has_data && is_whole_at_end(event) &&
      on_event(event, {}, out) == progress::bad)
    return progress::bad;
  return ended_ ? progress::more : refuse("its stream ended before it was done");
}

progress completion_events::on_event(const sse_event& event, std::string_view /*raw*/,
                                     std::string& out) {
  if (!event.stray.empty())
    return refuse("its stream has text that is no event: " +
                  std::string{event.stray.substr(0, 200)});
  if (event.comment_only && begun_)
    append_comment(out, "ping");
  if (!event.has_data)
    return progress::more;
  if (!is_json_object(event.data))
    return event.type == "error" ? on_error(event.data) : refuse(std::string{no_event_of_theirs});
  // Also llama.cpp's, which has the form of OpenAI's.
  if (event.type == "error" || detail::is_said(detail::value_in(event.data, "error")))
    return on_error(event.data);
  return on_data(event.data, out);
}

progress completion_events::on_error(std::string_view data) {
  told_.emplace();
  told_->body = openai_error_of(data);
  const auto error = detail::value_in(data, "error");
  std::string text;
  detail::append_unescaped(text, detail::value_in(error, "type"));
  told_->status = status_of_type(text);
  text.clear();
  detail::append_unescaped(text,
                           detail::value_in(detail::value_in(told_->body, "error"), "message"));
  return refuse(text.empty() ? "it has reported an error without a word" : text);
}

progress completion_events::on_data(std::string_view data, std::string& out) {
  std::string_view type, message, block, delta, usage;
  detail::find_members(data,
                       std::array{named_value{"type", &type}, named_value{"message", &message},
                                  named_value{"content_block", &block},
                                  named_value{"delta", &delta}, named_value{"usage", &usage}});
  if (!type.starts_with('"'))
    return refuse(std::string{no_event_of_theirs});
  if (says(type, "content_block_delta"))
    return on_delta(delta, out);
  if (says(type, "content_block_start"))
    return on_block(block, out);
  if (says(type, "content_block_stop"))
    end_block(out);
  else if (says(type, "ping") && begun_)
    append_comment(out, "ping");
  else if (says(type, "message_start")) {
    started_ = true;
    usage_.note(detail::value_in(message, "usage"));
  } else if (says(type, "message_delta")) {
    reason_ = detail::value_in(delta, "stop_reason");
    usage_.note(usage);
  } else if (says(type, "message_stop"))
    return end(out);
  return progress::more;
}

progress completion_events::on_block(std::string_view block, std::string& out) {
  std::string_view type, text, thinking, id, name, input;
  detail::find_members(block, std::array{named_value{"type", &type}, named_value{"text", &text},
                                         named_value{"thinking", &thinking}, named_value{"id", &id},
                                         named_value{"name", &name}, named_value{"input", &input}});
  if (!type.starts_with('"'))
    return refuse(std::string{no_event_of_theirs});
  end_block(out); // llama.cpp closes its blocks at the very end
  if (says(type, "text") && detail::is_text(text))
    say(out, "content", text);
  if (says(type, "thinking") && detail::is_text(thinking))
    say(out, "reasoning_content", thinking);
  if (!says(type, "tool_use"))
    return progress::more;
  if (!detail::is_text(id) || !detail::is_text(name))
    return refuse("one of its calls of functions is none");
  in_call_ = true;
  begin_chunk(out);
  out += R"("tool_calls":[{"index":)" + std::to_string(calls_++) + R"(,"id":)";
  (out += id) += R"(,"type":"function","function":{"name":)";
  (out += name) += R"(,"arguments":""}}])";
  end_chunk(out, "null");
  if (input.starts_with('{') && detail::is_said(input)) {
    std::string quoted;
    append_json_string(quoted, input);
    append_arguments(out, quoted);
  }
  return progress::more;
}

progress completion_events::on_delta(std::string_view delta, std::string& out) {
  std::string_view type, text, thinking, json;
  detail::find_members(delta, std::array{named_value{"type", &type}, named_value{"text", &text},
                                         named_value{"thinking", &thinking},
                                         named_value{"partial_json", &json}});
  const auto take = [&](std::string_view name, std::string_view said) {
    if (!said.starts_with('"'))
      return refuse(std::string{no_event_of_theirs});
    if (detail::is_text(said))
      say(out, name, said);
    return progress::more;
  };
  if (says(type, "text_delta"))
    return take("content", text);
  if (says(type, "thinking_delta"))
    return take("reasoning_content", thinking);
  if (!says(type, "input_json_delta"))
    return type.starts_with('"') ? progress::more : refuse(std::string{no_event_of_theirs});
  if (!json.starts_with('"'))
    return refuse(std::string{no_event_of_theirs});
  if (in_call_ && detail::is_text(json)) // else of a server's own tool
    append_arguments(out, json);
  return progress::more;
}

/// A call without arguments has an empty object of them, and not nothing.
void completion_events::end_block(std::string& out) {
  if (in_call_ && !has_arguments_)
    append_arguments(out, R"("{}")");
  in_call_ = has_arguments_ = false;
}

progress completion_events::end(std::string& out) {
  if (!started_)
    return refuse("its stream ended before it was begun");
  end_block(out);
  begin_chunk(out);
  end_chunk(out, '"' + std::string{finish_reason_for(reason_, calls_ > 0)} + '"');
  if (include_usage_) {
    append_chat_usage(out.append(lead_) += R"(],"usage":)", usage_);
    out += "}\n\n";
  }
  out += sse_done;
  ended_ = true;
  return progress::ended;
}

void completion_events::say(std::string& out, std::string_view name, std::string_view quoted) {
  begin_chunk(out);
  (((out += '"') += name) += "\":") += quoted;
  end_chunk(out, "null");
}

void completion_events::append_arguments(std::string& out, std::string_view quoted) {
  has_arguments_ = true;
  begin_chunk(out);
  out += R"("tool_calls":[{"index":)" + std::to_string(calls_ - 1) + R"(,"function":{"arguments":)";
  (out += quoted) += "}}]";
  end_chunk(out, "null");
}

/// The first one says whose turn it is, and nothing else.
void completion_events::begin_chunk(std::string& out) {
  if (!std::exchange(begun_, true)) {
    (out += lead_) += R"({"index":0,"delta":{"role":"assistant","content":"")";
    end_chunk(out, "null");
  }
  (out += lead_) += R"({"index":0,"delta":{)";
}

/// @param finish JSON
void completion_events::end_chunk(std::string& out, std::string_view finish) const {
  (out += R"(},"logprobs":null,"finish_reason":)") += finish;
  out += include_usage_ ? "}],\"usage\":null}\n\n" : "}]}\n\n";
}

void completion_events::broken(std::string& out, response_detail detail, std::string_view message) {
  std::string body;
  append_error_body(body, error_dialect::openai, detail, message);
  append_data_event(out, body);
}

} // namespace synapse::http::anthropic
