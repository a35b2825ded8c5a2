#include "http/dialects/anthropic/errors.hpp"

#include "http/core/json/json_body.hpp"
#include "http/core/json/json_members.hpp"
#include "http/core/local_reply.hpp"
#include "http/dialects/answer_translator.hpp"
#include "http/dialects/openai/json_values.hpp"

#include <algorithm>
#include <array>

namespace synapse::http::anthropic {

namespace {
struct error_row {
  unsigned status;
  std::string_view type;
};
/// The way back from `anthropic_error_type`.
constexpr std::array error_rows{error_row{400, "invalid_request_error"},
                                error_row{401, "authentication_error"},
                                error_row{402, "billing_error"},
                                error_row{403, "permission_error"},
                                error_row{404, "not_found_error"},
                                error_row{408, "timeout_error"},
                                error_row{413, "request_too_large"},
                                error_row{429, "rate_limit_error"},
                                error_row{500, "api_error"},
                                error_row{504, "timeout_error"},
                                error_row{503, "overloaded_error"},
                                error_row{529, "overloaded_error"}};
constexpr std::size_t longest_message = 4096;

/// What an error's body says for people.
std::string message_in(std::string_view body) {
  std::string text;
  if (is_json_object(body)) {
    const auto error = detail::value_in(body, "error");
    for (const auto value : {detail::value_in(error, "message"), error,
                             detail::value_in(body, "message"), detail::value_in(body, "detail")})
      if (text.empty() && detail::is_text(value))
        detail::append_unescaped(text, value);
  }
  return text.empty() ? std::string{detail::shortened(body, longest_message)} : text;
}
} // namespace

std::string_view error_type_of(unsigned status) noexcept {
  return anthropic_error_type(status);
}

unsigned status_of_type(std::string_view type) noexcept {
  // Of two statuses of one type the last one is theirs.
  const auto found = std::find_if(error_rows.rbegin(), error_rows.rend(),
                                  [&](const error_row& row) { return row.type == type; });
  return found == error_rows.rend() ? 0 : found->status;
}

void append_error(std::string& out, unsigned status, std::string_view message,
                  std::string_view request_id) {
  append_json_string(out += R"({"type":"error","error":{"type":)", error_type_of(status));
  append_json_string(out += R"(,"message":)", message);
  out += '}';
  if (!request_id.empty())
    append_json_string(out += R"(,"request_id":)", request_id);
  out += '}';
}

void append_error_of(std::string& out, unsigned status, std::string_view body,
                     std::string_view request_id) {
  append_error(out, status, message_in(body), request_id);
}

std::string openai_error_of(std::string_view body) {
  if (const auto told = told_error_in(body, true))
    return told->body;
  return make_told_error(message_in(body), {}, 0).body;
}

} // namespace synapse::http::anthropic
