#include "http/core/local_reply.hpp"

#include "http/core/head/status.hpp"

#include <algorithm>
#include <array>

namespace synapse::http {
namespace {

void append_line_unless_empty(std::string& out, std::string_view name, std::string_view value) {
  if (!value.empty())
    out.append(name).append(": ").append(value).append("\r\n");
}

void append_string_or_null(std::string& out, std::string_view text) {
  if (text.empty())
    out.append("null");
  else
    append_json_string(out, text);
}

} // namespace

namespace {
/// Whether `path` is `of`, or below it.
bool is_under(std::string_view path, std::string_view of) noexcept {
  return path.starts_with(of) && (path.size() == of.size() || path[of.size()] == '/');
}

/// Ollama's own API; what else there is under /api is the dashboard's.
constexpr std::array<std::string_view, 13> ollama_paths{
    "/api/chat", "/api/generate", "/api/embed",   "/api/embeddings", "/api/tags",
    "/api/show", "/api/ps",       "/api/version", "/api/pull",       "/api/push",
    "/api/copy", "/api/delete",   "/api/create"};

void append_openai_error(std::string& out, const error_words& words) {
  out.append("{\"error\":{\"message\":");
  append_json_string(out, words.message);
  out.append(",\"type\":");
  append_json_string(out, words.type.empty() ? "server_error" : words.type);
  out.append(",\"param\":");
  append_string_or_null(out, words.param);
  out.append(",\"code\":");
  append_string_or_null(out, words.code);
  out.append("}}");
}

void append_anthropic_error(std::string& out, const error_words& words) {
  out.append(R"({"type":"error","error":{"type":")");
  out.append(anthropic_error_type(words.status)).append(R"(","message":)");
  append_json_string(out, words.message);
  out += '}';
  if (!words.request_id.empty()) {
    out.append(R"(,"request_id":)");
    append_json_string(out, words.request_id);
  }
  out += '}';
}

void append_plain_error(std::string& out, const error_words& words) {
  out.append("{\"detail\":");
  append_json_string(out, words.message);
  if (!words.label.empty()) {
    out.append(",\"error\":");
    append_json_string(out, words.label);
  }
  out += '}';
}
} // namespace

error_dialect dialect_of(std::string_view path) noexcept {
  if (is_under(path, "/v1/messages"))
    return error_dialect::anthropic;
  if (is_under(path, "/v1"))
    return error_dialect::openai;
  const bool ollama =
      std::find(ollama_paths.begin(), ollama_paths.end(), path) != ollama_paths.end();
  return ollama ? error_dialect::ollama : error_dialect::plain;
}

std::string_view anthropic_error_type(unsigned status) noexcept {
  switch (status) {
  case 401:
    return "authentication_error";
  case 402:
    return "billing_error";
  case 403:
    return "permission_error";
  case 404:
    return "not_found_error";
  case 413:
    return "request_too_large";
  case 429:
    return "rate_limit_error";
  case 408:
  case 504:
    return "timeout_error";
  case 503:
  case 529:
    return "overloaded_error";
  default:
    return status >= 400 && status < 500 ? "invalid_request_error" : "api_error";
  }
}

void append_error_body(std::string& out, error_dialect dialect, const error_words& words) {
  switch (dialect) {
  case error_dialect::openai:
    append_openai_error(out, words);
    break;
  case error_dialect::anthropic:
    append_anthropic_error(out, words);
    break;
  case error_dialect::ollama:
    out.append("{\"error\":");
    append_json_string(out, words.message);
    out += '}';
    break;
  case error_dialect::plain:
    append_plain_error(out, words);
    break;
  }
}

void append_error_body(std::string& out, error_dialect dialect, response_detail detail,
                       std::string_view message, std::string_view label, std::string_view param,
                       std::string_view request_id) {
  const detail_info& row = info(detail);
  error_words words;
  words.status = row.status == 0 ? 500 : row.status;
  words.message = message.empty() ? row.message : message;
  words.type = row.type;
  words.code = row.code;
  words.param = param;
  words.label = label.empty() ? row.label : label;
  words.request_id = request_id;
  append_error_body(out, dialect, words);
}

void append_reply_head(std::string& out, const reply_head& head) {
  out.append("HTTP/1.1 ");
  append_number(out, head.status);
  out.append(" ").append(reason_phrase(head.status)).append("\r\n");
  append_line_unless_empty(out, "Date", head.date);
  append_line_unless_empty(out, "Content-Type", head.content_type);
  if (head.chunked) {
    out.append("Transfer-Encoding: chunked\r\n");
  } else if (head.content_length) {
    out.append("Content-Length: ");
    append_number(out, *head.content_length);
    out.append("\r\n");
  }
  if (head.retry_after) {
    out.append("Retry-After: ");
    append_number(out, *head.retry_after);
    out.append("\r\n");
  }
  append_line_unless_empty(out, "Allow", head.allow);
  append_line_unless_empty(out, "Accept-Encoding", head.accept_encoding);
  append_line_unless_empty(out, "X-Request-Id", head.request_id);
  if (head.connection == connection_directive::close)
    out.append("Connection: close\r\n");
  else if (head.connection == connection_directive::keep_alive)
    out.append("Connection: keep-alive\r\n");
  out.append(head.extra).append("\r\n");
}

void append_error_reply(std::string& out, error_dialect dialect, response_detail detail,
                        reply_head head, std::string_view message, std::string_view label,
                        bool head_only) {
  std::string body;
  append_error_body(body, dialect, detail, message, label, {}, head.request_id);
  head.status = info(detail).status == 0 ? 500 : info(detail).status;
  head.content_type = "application/json";
  head.content_length = body.size();
  head.chunked = false;
  if (detail == response_detail::unsupported_content_coding)
    head.accept_encoding = "identity";
  append_reply_head(out, head);
  if (!head_only)
    out.append(body);
}

} // namespace synapse::http
