#include "http/dialects/ollama/stream_answer.hpp"

#include "http/core/body/sse.hpp"
#include "http/core/local_reply.hpp"
#include "http/dialects/answer_head.hpp"

#include <utility>

namespace synapse::http::ollama {

using progress = answer_translator::progress;

namespace {
constexpr std::string_view too_large = "one of its lines is too large";

bool is_of_type(std::string_view content_type, std::string_view type) {
  return iequals(content_type.substr(0, type.size()), type);
}
} // namespace

stream_answer::stream_answer(answer_kind kind, answer_names names, bool include_usage,
                             std::size_t max_line_bytes)
    : names_(std::move(names)), max_line_bytes_(max_line_bytes), kind_(kind),
      include_usage_(include_usage) {
  append_json_string(lead_ += R"(data: {"id":)", names_.id);
  lead_ += kind_ == answer_kind::chat ? R"(,"object":"chat.completion.chunk","created":)"
                                      : R"(,"object":"text_completion","created":)";
  lead_ += std::to_string(names_.created);
  append_json_string(lead_ += R"(,"model":)", names_.model);
  lead_ += R"(,"choices":[)";
}

progress stream_answer::begin(const response_head& answer) {
  const auto type = answer.fields.value_of(known_field::content_type);
  if (is_encoded(answer) ||
      (!is_of_type(type, "application/x-ndjson") && !is_of_type(type, "application/json")))
    return refuse("its answer is no stream of JSON lines");
  return progress::more;
}

progress stream_answer::take(std::string_view bytes, std::string& out) {
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    const auto piece = bytes.substr(0, end);
    if (rest_.size() + piece.size() > max_line_bytes_)
      return refuse(std::string{too_large});
    if (end == std::string_view::npos) {
      rest_ += piece;
      break;
    }
    bytes.remove_prefix(end + 1);
    auto line = piece;
    if (!rest_.empty())
      line = rest_ += piece;
    const auto how = take_line(line, out);
    rest_.clear();
    if (how != progress::more)
      return how;
  }
  return progress::more;
}

progress stream_answer::finish(std::string& out) {
  // The last line's end is not its own business: the answer's is as good.
  if (!done_ && take_line(std::exchange(rest_, {}), out) == progress::bad)
    return progress::bad;
  return done_ ? progress::more : refuse("its stream ended before it was done");
}

progress stream_answer::take_line(std::string_view line, std::string& out) {
  if (line.find_first_not_of(" \t\r") == std::string_view::npos)
    return progress::more;
  const auto parts = read_parts(line, kind_);
  if (!parts || (parts->load_only && !parts->error))
    return refuse("one of its lines is none of an answer");
  if (parts->error) {
    error_ = read_error(line);
    return refuse(error_->text);
  }
  // Nothing of a line goes out that is not good as a whole.
  const auto before = out.size();
  if (!append_deltas(*parts, out)) {
    out.resize(before);
    return refuse("one of its calls of functions is none");
  }
  if (!parts->done)
    return progress::more;
  done_ = true;
  prompt_tokens_ = parts->prompt_tokens;
  completion_tokens_ = parts->completion_tokens;
  append_end(*parts, out);
  return progress::ended;
}

void stream_answer::begin_chunk(std::string& out) const {
  out += lead_;
  out += kind_ == answer_kind::chat ? R"({"index":0,"delta":{)" : R"({"index":0,)";
}

/// @param finish JSON
void stream_answer::end_chunk(std::string& out, std::string_view finish) const {
  out += kind_ == answer_kind::chat ? R"(},"logprobs":null,"finish_reason":)"
                                    : R"(,"logprobs":null,"finish_reason":)";
  out += finish;
  out += include_usage_ ? "}],\"usage\":null}\n\n" : "}]}\n\n";
}

void stream_answer::append_text(std::string& out, std::string_view name,
                                std::string_view text) const {
  begin_chunk(out);
  (((out += '"') += name) += "\":") += text;
  end_chunk(out, "null");
}

/// @returns false when one of the calls is none.
bool stream_answer::append_deltas(const answer_parts& parts, std::string& out) {
  if (kind_ == answer_kind::completion) {
    if (!parts.content.empty())
      append_text(out, "text", parts.content);
    return true;
  }
  const bool says = !parts.thinking.empty() || !parts.content.empty() || !parts.tool_calls.empty();
  if (!begun_ && (says || parts.done)) {
    begin_chunk(out);
    out += R"("role":"assistant","content":"")";
    end_chunk(out, "null");
    begun_ = true;
  }
  if (!parts.thinking.empty())
    append_text(out, "reasoning_content", parts.thinking);
  if (!parts.content.empty())
    append_text(out, "content", parts.content);
  if (parts.tool_calls.empty())
    return true;
  begin_chunk(out);
  out += R"("tool_calls":[)";
  const auto count = append_calls(out, parts.tool_calls, names_, calls_, true);
  if (!count)
    return false;
  calls_ += *count;
  out += ']';
  end_chunk(out, "null");
  return true;
}

void stream_answer::append_end(const answer_parts& last, std::string& out) const {
  begin_chunk(out);
  if (kind_ == answer_kind::completion)
    out += R"("text":"")";
  end_chunk(out, '"' + std::string{finish_reason(last, calls_ > 0)} + '"');
  if (include_usage_) {
    append_usage(out.append(lead_) += R"(],"usage":)", prompt_tokens_, completion_tokens_);
    out += "}\n\n";
  }
  out += sse_done;
}

answer_translator::head stream_answer::client_head() const {
  head result;
  result.content_type = "text/event-stream; charset=utf-8";
  result.event_stream = true;
  return result;
}

void stream_answer::broken(std::string& out, response_detail detail, std::string_view message) {
  std::string body;
  append_error_body(body, error_dialect::openai, detail, message);
  append_data_event(out, body);
}

} // namespace synapse::http::ollama
