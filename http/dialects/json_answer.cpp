#include "http/dialects/json_answer.hpp"

#include "http/core/json/json_body.hpp"
#include "http/dialects/answer_head.hpp"

#include <utility>

namespace synapse::http {

using progress = answer_translator::progress;

namespace {
/// A transcription of a whole day has a few MiB.
constexpr std::size_t max_json_bytes = 64 * 1024 * 1024;
} // namespace

progress json_answer::begin(const response_head& answer) {
  return is_encoded(answer) ? refuse("its answer is compressed, unasked") : progress::more;
}

progress json_answer::take(std::string_view bytes, std::string& /*out*/) {
  if (text_.size() + bytes.size() > max_json_bytes)
    return refuse("its answer exceeds " + std::to_string(max_json_bytes) + " bytes");
  text_.append(bytes);
  return progress::more;
}

progress json_answer::finish(std::string& out) {
  if (const auto seen = inspect_json(text_); !seen.ok())
    return refuse("its answer is no JSON object: " + text_.substr(0, 200));
  return translate(text_, out);
}

progress json_answer::translate(std::string& text, std::string& out) {
  out = std::move(text); // nothing goes out before
  return progress::more;
}

progress json_answer::refuse_answer(std::string_view text, std::string why) {
  told_ = told_error_in(text);
  return refuse(std::move(why));
}

answer_translator::head json_answer::client_head() const {
  head result;
  result.content_type = "application/json";
  return result;
}

} // namespace synapse::http
