#include "http/core/json/json_members.hpp"
#include "http/dialects/speaches/to_openai.hpp"

namespace synapse::http::speaches {
namespace {

constexpr std::size_t max_error_bytes = 1024 * 1024;
constexpr std::size_t max_sentence_bytes = 300;
constexpr std::size_t max_faults = 5;

/// `body.model: Field required; …` of FastAPI's list of faults.
std::string faults_in(const detail::json_array& list) {
  std::string text;
  std::size_t count = 0;
  for (const auto one : list) {
    detail::json_object object;
    const bool is_object = one.get(object) == simdjson::SUCCESS;
    const auto message = is_object ? detail::text_member(object, "msg") : std::nullopt;
    if (!message || ++count > max_faults)
      continue;
    std::string where;
    if (const auto place = detail::array_member(object, "loc"))
      for (const auto step : *place)
        if (std::string_view name; step.get(name) == simdjson::SUCCESS && where.size() < 100)
          where += (where.empty() ? "" : ".") + std::string{detail::shortened(name, 100)};
    text += text.empty() ? "" : "; ";
    text += where.empty() ? "" : where + ": ";
    text += *message;
  }
  return text;
}

/// What an error says to people; whatever is no JSON says what it is.
std::string sentence_in(std::string_view body) {
  detail::borrowed_parser parser;
  std::string problem;
  std::string text{detail::shortened(body, max_sentence_bytes)};
  if (const auto root = detail::parse_object(parser, body, max_error_bytes, problem)) {
    if (const auto detail_text = detail::text_member(*root, "detail"))
      text = *detail_text;
    else if (const auto faults = detail::array_member(*root, "detail"))
      text = faults_in(*faults);
    if (const auto hint = detail::text_member(*root, "hint"))
      text += " (" + std::string{*hint} + ")";
  }
  return std::string{detail::shortened(text, max_sentence_bytes)};
}

bool has(const std::string& text, std::string_view words) {
  return text.find(words) != std::string::npos;
}

} // namespace

trouble read_trouble(unsigned status, std::string_view body) {
  trouble result;
  const auto said = sentence_in(body);
  result.text = "it answered with status " + std::to_string(status);
  if (!said.empty())
    result.text += ": " + said;
  if (status == 401 || status == 403) {
    result.what = trouble::kind::key_refused;
  } else if (status == 404 && (has(said, "not installed") || has(said, "not found"))) {
    result.what = trouble::kind::not_installed;
    result.status = 404;
  } else if (status == 404 && has(said, "not supported")) {
    result.what = trouble::kind::wrong_kind;
    result.status = 400;
  } else if (status == 400 || status == 413 || status == 415 || status == 422) {
    result.what = trouble::kind::bad_request;
    result.status = status;
  } else if (status == 503 || status == 504) {
    result.status = status;
  }
  return result;
}

} // namespace synapse::http::speaches
