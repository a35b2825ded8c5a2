#include "http/dialects/answer_translator.hpp"

#include "http/core/json/json_members.hpp"
#include "http/core/local_reply.hpp"

namespace synapse::http {

namespace {
constexpr std::size_t max_text_bytes = 64 * 1024 * 1024;
constexpr std::size_t max_told_bytes = 1000; // of an error in an answer's place
} // namespace

told_error make_told_error(std::string_view message, std::string_view type, unsigned status) {
  told_error told;
  told.status = status;
  append_json_string(told.body += R"({"error":{"message":)", message);
  append_json_string(told.body += R"(,"type":)", type.empty() ? "upstream_error" : type);
  told.body += R"(,"param":null,"code":null}})";
  return told;
}

std::optional<told_error> told_error_in(std::string_view text, bool flat) {
  detail::borrowed_parser parser;
  std::string problem;
  const auto root = detail::parse_object(parser, text, max_text_bytes, problem);
  if (!root)
    return {};
  const auto error = detail::object_member(*root, "error");
  auto message = error ? detail::text_member(*error, "message") : std::nullopt;
  if (!message)
    message = detail::text_member(*root, "error");
  if (!message && flat && detail::text_member(*root, "type").value_or("") == "error")
    message = detail::text_member(*root, "message");
  if (!message)
    return {};
  const auto type = error ? detail::text_member(*error, "type") : std::nullopt;
  return make_told_error(detail::shortened(*message, max_told_bytes), type.value_or(""), 0);
}

} // namespace synapse::http
