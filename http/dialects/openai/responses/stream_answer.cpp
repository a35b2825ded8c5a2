#include "http/dialects/openai/responses/stream_answer.hpp"

#include "http/core/local_reply.hpp"
#include "http/dialects/json_writer.hpp"

#include <algorithm>

namespace synapse::http::openai::responses {

using progress = answer_translator::progress;

namespace {
constexpr std::size_t most_bytes = 64 * 1024 * 1024; // of one answer
constexpr std::size_t most_items = 1024;

/// The events that a text of some kind has.
struct event_names {
  std::string_view delta, done, member;
};
event_names names_of(item_kind kind, bool refusal) noexcept {
  if (kind == item_kind::reasoning)
    return {"response.reasoning_text.delta", "response.reasoning_text.done", "text"};
  if (kind == item_kind::call)
    return {"response.function_call_arguments.delta", "response.function_call_arguments.done",
            "arguments"};
  if (refusal)
    return {"response.refusal.delta", "response.refusal.done", "refusal"};
  return {"response.output_text.delta", "response.output_text.done", "text"};
}

bool has_logprobs(item_kind kind, bool refusal) noexcept {
  return kind == item_kind::message && !refusal;
}

/// Which of an item's texts it is; calls have but one.
void append_content_index(std::string& out, const output_item& item) {
  if (item.kind != item_kind::call)
    append_number(out += R"(,"content_index":)", item.parts.size() - 1);
}

std::string_view final_status(response_end end) noexcept {
  return end == response_end::complete ? "completed" : "incomplete";
}
} // namespace

void stream_answer::begin_event(std::string& out, std::string_view type) {
  ((out += "event: ") += type) += "\ndata: {\"type\":\"";
  (out += type) += R"(","sequence_number":)";
  append_number(out, number_++);
}

void stream_answer::begin_item_event(std::string& out, std::string_view type,
                                     const output_item& item) {
  begin_event(out, type);
  (out += R"(,"item_id":)") += item.id;
  append_number(out += R"(,"output_index":)", item.place);
}

void stream_answer::put_response(std::string& out, std::string_view type,
                                 std::string_view response) {
  begin_event(out, type);
  ((out += R"(,"response":)") += response) += "}\n\n";
}

void stream_answer::put_item(std::string& out, std::string_view type, const output_item& item,
                             bool empty) {
  begin_event(out, type);
  append_number(out += R"(,"output_index":)", item.place);
  append_item(out += R"(,"item":)", item, empty);
  out += "}\n\n";
}

void stream_answer::put_part(std::string& out, std::string_view type, const output_item& item,
                             bool empty) {
  const auto& part = item.parts.back();
  begin_item_event(out, type, item);
  append_content_index(out, item);
  append_part(out += R"(,"part":)", item.kind, part.refusal,
              empty ? std::string_view{} : std::string_view{part.text});
  out += "}\n\n";
}

void stream_answer::begin(std::string& out) {
  if (begun_)
    return;
  begun_ = true;
  const auto response = output_.object(response_end::under_way);
  put_response(out, "response.created", response);
  put_response(out, "response.in_progress", response);
}

/// Has a text of that kind open.
void stream_answer::open_text(std::string& out, item_kind kind, bool refusal) {
  begin(out);
  if (text_ != nullptr && text_->kind != kind)
    close_item(out, *text_, "completed");
  if (text_ == nullptr) {
    text_ = &output_.add(kind);
    put_item(out, "response.output_item.added", *text_, true);
  } else if (text_->parts.back().refusal != refusal) {
    close_part(out, *text_);
  }
  if (text_->parts.empty() || !text_->parts.back().open) {
    text_->parts.push_back({{}, refusal, true});
    put_part(out, "response.content_part.added", *text_, true);
  }
}

void stream_answer::say(std::string& out, item_kind kind, bool refusal, std::string_view quoted) {
  open_text(out, kind, refusal);
  begin_item_event(out, names_of(kind, refusal).delta, *text_);
  append_content_index(out, *text_);
  (out += R"(,"delta":)") += quoted;
  out += has_logprobs(kind, refusal) ? ",\"logprobs\":[]}\n\n" : "}\n\n";
  text_->parts.back().text += detail::inner(quoted);
}

/// A call that has its name can be told. @param name a JSON string
output_item& stream_answer::open_call(std::string& out, output_item waiting,
                                      std::string_view name) {
  begin(out);
  if (text_ != nullptr)
    close_item(out, *text_, "completed");
  auto& item = output_.add(item_kind::call);
  item.call = waiting.call;
  item.call_id = std::move(waiting.call_id);
  if (item.call_id.empty())
    item.call_id = "\"call_" + output_.frame().unique + '_' + std::to_string(item.call) + '"';
  item.name = name;
  item.parts.emplace_back();
  put_item(out, "response.output_item.added", item, true);
  return item;
}

void stream_answer::add_arguments(std::string& out, output_item& item, std::string_view quoted) {
  if (!detail::is_text(quoted))
    return;
  begin_item_event(out, names_of(item_kind::call, false).delta, item);
  ((out += R"(,"delta":)") += quoted) += "}\n\n";
  item.parts.front().text += detail::inner(quoted);
}

/// @returns false when there are more of them than anybody could mean.
bool stream_answer::take_call(std::string& out, const call_part& part) {
  const auto is_same = [&](const output_item& one) {
    return one.kind == item_kind::call && one.open && one.call == part.index;
  };
  auto& told = output_.items();
  if (const auto known = std::find_if(told.rbegin(), told.rend(), is_same); known != told.rend()) {
    add_arguments(out, *known, part.arguments);
    return true;
  }
  auto waiting = std::find_if(calls_.begin(), calls_.end(), is_same);
  if (waiting == calls_.end()) {
    if (told.size() + calls_.size() == most_items)
      return false;
    output_item fresh;
    fresh.kind = item_kind::call;
    fresh.call = part.index;
    fresh.parts.emplace_back();
    waiting = calls_.insert(calls_.end(), std::move(fresh));
  }
  if (detail::is_text(part.id))
    waiting->call_id = part.id;
  auto& arguments = waiting->parts.front().text;
  arguments += detail::inner(part.arguments);
  if (!detail::is_text(part.name))
    return true;
  const auto so_far = '"' + arguments + '"';
  auto& item = open_call(out, std::move(*waiting), part.name);
  calls_.erase(waiting);
  add_arguments(out, item, so_far);
  return true;
}

void stream_answer::close_part(std::string& out, output_item& item) {
  auto& part = item.parts.back();
  if (!part.open)
    return;
  part.open = false;
  const auto names = names_of(item.kind, part.refusal);
  begin_item_event(out, names.done, item);
  append_content_index(out, item);
  if (item.kind == item_kind::call)
    (out += R"(,"name":)") += item.name;
  ((((out += ",\"") += names.member) += "\":\"") += part.text) += '"';
  out += has_logprobs(item.kind, part.refusal) ? ",\"logprobs\":[]}\n\n" : "}\n\n";
  if (item.kind != item_kind::call)
    put_part(out, "response.content_part.done", item, false);
}

void stream_answer::close_item(std::string& out, output_item& item, std::string_view status) {
  close_part(out, item);
  item.open = false;
  item.status = status;
  put_item(out, "response.output_item.done", item, false);
  if (text_ == &item)
    text_ = nullptr;
}

/// @returns false when a call has no name.
bool stream_answer::close_all(std::string& out, std::string_view status) {
  for (auto& item : output_.items())
    if (item.open)
      close_item(out, item, status);
  return calls_.empty();
}

progress stream_answer::on_chunk(const chat_chunk& chunk, std::string& out) {
  output_.counts().take(chunk);
  output_.name_model(chunk.model);
  bytes_ += chunk.reasoning.size() + chunk.content.size() + chunk.refusal.size();
  if (!chunk.reasoning.empty())
    say(out, item_kind::reasoning, false, chunk.reasoning);
  if (!chunk.content.empty())
    say(out, item_kind::message, false, chunk.content);
  if (!chunk.refusal.empty())
    say(out, item_kind::message, true, chunk.refusal);
  for (const auto& part : chunk.calls) {
    bytes_ += part.arguments.size();
    if (!take_call(out, part))
      return refuse("it calls too many functions at once");
  }
  if (bytes_ > most_bytes || output_.items().size() > most_items)
    return refuse("its answer is too large");
  if (chunk.finish_reason.empty())
    return progress::more;
  end_ = end_of(chunk.finish_reason);
  return close_all(out, final_status(end_)) ? progress::more
                                            : refuse("one of its calls of functions has no name");
}

progress stream_answer::on_end(std::string& out) {
  // An answer that says nothing at all is a message that is empty.
  if (output_.items().empty() && calls_.empty())
    open_text(out, item_kind::message, false);
  if (!close_all(out, final_status(end_)))
    return refuse("one of its calls of functions has no name");
  response_ = output_.object(end_);
  put_response(out, end_ == response_end::complete ? "response.completed" : "response.incomplete",
               response_);
  return progress::more;
}

void stream_answer::broken(std::string& out, response_detail detail, std::string_view message) {
  begin(out); // clients expect it first
  for (auto& item : output_.items())
    if (item.open)
      item.status = "incomplete";
  response_ =
      output_.object(response_end::failed, message.empty() ? info(detail).message : message);
  put_response(out, "response.failed", response_);
}

} // namespace synapse::http::openai::responses
