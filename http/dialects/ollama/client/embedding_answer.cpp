#include "http/dialects/ollama/client/embedding_answer.hpp"

#include "http/core/local_reply.hpp"
#include "http/dialects/base64.hpp"
#include "http/dialects/json_writer.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <string_view>
#include <vector>

namespace synapse::http::ollama::client {

using progress = answer_translator::progress;

namespace {
/// Appends the floats that the bytes are as a list. @returns false when one is no number
bool append_floats(std::string& out, std::string_view bytes) {
  if (bytes.empty() || bytes.size() % 4 != 0)
    return false;
  std::array<char, 32> text{};
  for (std::size_t at = 0; at < bytes.size(); at += 4) {
    std::uint32_t bits = 0;
    for (unsigned i = 0; i < 4; ++i)
      bits |= std::uint32_t{static_cast<unsigned char>(bytes[at + i])} << 8 * i;
    const auto number = std::bit_cast<float>(bits);
    if (!std::isfinite(number))
      return false;
    out += at == 0 ? '[' : ',';
    const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
    out.append(text.data(), end);
  }
  out += ']';
  return true;
}

/// @param vector a list of numbers, or base64. @returns false when it is neither
bool append_vector(std::string& out, std::string_view vector) {
  if (vector.starts_with('"')) {
    std::string bytes;
    return detail::append_decoded(bytes, detail::unquoted(vector)) && append_floats(out, bytes);
  }
  if (!vector.starts_with('[') || !detail::is_said(vector))
    return false;
  const bool good = detail::each_of(vector, [](std::string_view value) {
    // Valid JSON that begins so is a number.
    return value.front() == '-' || (value.front() >= '0' && value.front() <= '9');
  });
  if (good)
    out += vector;
  return good;
}

/// Finds the vectors by their indices. @returns false when one has none of its own.
bool find_vectors(std::string_view data, std::vector<std::string_view>& to) {
  std::size_t place = 0;
  return detail::each_of(data, [&](std::string_view one) {
    const auto told = detail::integer_of(detail::value_in(one, "index"));
    const auto at = told ? static_cast<std::size_t>(*told) : place;
    ++place;
    if (at >= to.size() || !to[at].empty())
      return false;
    to[at] = detail::value_in(one, "embedding");
    return !to[at].empty();
  });
}
} // namespace

progress embedding_answer::translate(std::string& text, std::string& out) {
  std::vector<std::string_view> vectors(inputs_);
  const auto data = detail::value_in(text, "data");
  if (!data.starts_with('['))
    return refuse_answer(text, "its answer has no embeddings: " + text.substr(0, 200));
  if (!find_vectors(data, vectors))
    return refuse("its embeddings are not those of " + std::to_string(inputs_) + " texts");
  std::string list;
  for (const auto vector : vectors) {
    if (!list.empty())
      list += ',';
    if (!append_vector(list, vector))
      return refuse("one of its embeddings is none");
  }
  const auto usage = detail::value_in(text, "usage");
  prompt_tokens_ = detail::integer_of(detail::value_in(usage, "prompt_tokens")).value_or(-1);
  if (by_ == route::embeddings) {
    ((out += R"({"embedding":)") += list) += '}';
    return progress::more;
  }
  append_json_string(out += R"({"model":)", facts_.model);
  ((out += R"(,"embeddings":[)") += list) += ']';
  if (const auto took = facts_.now() - facts_.started; took > 0)
    append_number(out += R"(,"total_duration":)", static_cast<std::uint64_t>(took));
  if (prompt_tokens_ > 0)
    append_number(out += R"(,"prompt_eval_count":)", static_cast<std::uint64_t>(prompt_tokens_));
  out += '}';
  return progress::more;
}

} // namespace synapse::http::ollama::client
