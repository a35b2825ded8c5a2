#include "http/dialects/ollama/client/same_answer.hpp"

#include "http/dialects/answer_head.hpp"
#include "http/dialects/ollama/client/request.hpp"

namespace synapse::http::ollama::client {

using progress = answer_translator::progress;

progress same_lines::begin(const response_head& answer) {
  return is_encoded(answer) ? refuse("its answer is compressed, unasked") : progress::more;
}

progress same_lines::take_line(std::string_view line, std::string& out) {
  if (line.find_first_not_of(" \t\r") == std::string_view::npos)
    return progress::more;
  const auto parts = read_parts(line, kind_);
  if (!parts)
    return refuse("one of its lines is no JSON object: " + std::string{line.substr(0, 200)});
  if (parts->error) {
    error_ = read_error(line);
    return refuse(error_->text);
  }
  out.append(line).append("\n");
  if (!parts->done)
    return progress::more;
  done_ = true;
  prompt_tokens_ = parts->prompt_tokens;
  completion_tokens_ = parts->completion_tokens;
  return progress::ended;
}

progress same_lines::take(std::string_view bytes, std::string& out) {
  for (;;) {
    const auto end = bytes.find('\n');
    if (rest_.size() + std::min(end, bytes.size()) > max_line_bytes_)
      return refuse("one of its lines is too long");
    if (end == std::string_view::npos) {
      rest_.append(bytes);
      return progress::more;
    }
    auto line = bytes.substr(0, end);
    if (!rest_.empty()) {
      rest_.append(line);
      line = rest_;
    }
    const auto how = take_line(line, out);
    rest_.clear();
    bytes.remove_prefix(end + 1);
    if (how != progress::more)
      return how;
  }
}

progress same_lines::finish(std::string& out) {
  // The break behind the last line may be missing.
  if (!done_ && !rest_.empty()) {
    const auto last = std::exchange(rest_, {});
    if (take_line(last, out) == progress::bad)
      return progress::bad;
  }
  return done_ ? progress::more : refuse("its stream ended before it was done");
}

answer_translator::head same_lines::client_head() const {
  head result;
  result.content_type = "application/x-ndjson";
  return result;
}

void same_lines::broken(std::string& out, response_detail /*detail*/, std::string_view message) {
  out += error_body(message) + "\n";
}

progress same_object::translate(std::string& text, std::string& out) {
  const auto parts = read_parts(text, kind_.value_or(answer_kind::chat));
  if (parts && parts->error)
    return refuse_answer(text, read_error(text).text);
  if (kind_ && (!parts || !parts->done))
    return refuse("its answer is not complete: " + text.substr(0, 200));
  if (parts) {
    prompt_tokens_ = parts->prompt_tokens;
    completion_tokens_ = parts->completion_tokens;
  }
  return json_answer::translate(text, out);
}

} // namespace synapse::http::ollama::client
