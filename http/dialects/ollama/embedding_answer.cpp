#include "http/dialects/ollama/embedding_answer.hpp"

#include "http/core/local_reply.hpp"
#include "http/dialects/base64.hpp"
#include "http/dialects/ollama/draft.hpp"

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <string_view>

namespace synapse::http::ollama {

using progress = answer_translator::progress;

namespace {
/// Appends a float's bytes in the order that OpenAI's clients read. @returns false when it is none.
bool append_float(std::string& bytes, std::string_view value) {
  float number = 0;
  const auto* end = value.data() + value.size();
  const auto read = std::from_chars(value.data(), end, number);
  if (read.ec == std::errc::result_out_of_range) { // too large, or next to nothing
    if (std::abs(number_of(value).value_or(2)) > 1)
      return false;
    number = 0;
  } else if (read.ec != std::errc{}) {
    return false;
  }
  if (read.ptr != end)
    return false;
  static_assert(std::numeric_limits<float>::is_iec559);
  const auto bits = std::bit_cast<std::uint32_t>(number);
  for (unsigned shift = 0; shift < 32; shift += 8)
    bytes += static_cast<char>(bits >> shift & 0xff);
  return true;
}

/// Appends one embedding in the form that is wanted. @returns false when it is none.
bool append_vector(std::string& out, std::string_view vector, bool base64) {
  if (!is_said(vector) || vector.front() != '[')
    return false;
  std::string bytes;
  const bool good = each_of(vector, [&](std::string_view value) {
    // Valid JSON that begins so is a number.
    const bool number = value.front() == '-' || (value.front() >= '0' && value.front() <= '9');
    return number && (!base64 || append_float(bytes, value));
  });
  if (!good)
    return false;
  if (!base64) {
    out += vector;
    return true;
  }
  detail::append_base64(out += '"', bytes);
  out += '"';
  return true;
}
} // namespace

progress embedding_answer::translate(std::string& text, std::string& out) {
  if (is_said(value_in(text, "error"))) {
    error_ = read_error(text);
    return refuse(error_->text);
  }
  std::string list = R"({"object":"list","data":[)";
  const auto vectors = value_in(text, "embeddings");
  std::size_t count = 0;
  const bool good = each_of(vectors, [&](std::string_view vector) {
    list += count > 0 ? R"(,{"object":"embedding","embedding":)"
                      : R"({"object":"embedding","embedding":)";
    const bool written = append_vector(list, vector, base64_);
    ((list += R"(,"index":)") += std::to_string(count++)) += '}';
    return written;
  });
  if (!good || !vectors.starts_with('['))
    return refuse("its answer has no embeddings: " + text.substr(0, 200));
  if (count != inputs_)
    return refuse("its answer has " + std::to_string(count) + " embeddings for " +
                  std::to_string(inputs_) + " texts");
  prompt_tokens_ = integer_of(value_in(text, "prompt_eval_count")).value_or(-1);
  const auto tokens = std::to_string(prompt_tokens_ > 0 ? prompt_tokens_ : 0);
  append_json_string(list += R"(],"model":)", model_);
  list += R"(,"usage":{"prompt_tokens":)" + tokens + R"(,"total_tokens":)" + tokens + "}}";
  out += list;
  return progress::more;
}

} // namespace synapse::http::ollama
