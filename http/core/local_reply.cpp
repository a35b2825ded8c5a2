#include "http/core/local_reply.hpp"

#include "http/core/head/status.hpp"

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

error_dialect dialect_of(std::string_view path) noexcept {
  return path.starts_with("/v1") && (path.size() == 3 || path[3] == '/') ? error_dialect::openai
                                                                         : error_dialect::plain;
}

void append_error_body(std::string& out, error_dialect dialect, response_detail detail,
                       std::string_view message, std::string_view label, std::string_view param) {
  const detail_info& row = info(detail);
  if (message.empty())
    message = row.message;
  if (dialect == error_dialect::openai) {
    out.append("{\"error\":{\"message\":");
    append_json_string(out, message);
    out.append(",\"type\":");
    append_json_string(out, row.type.empty() ? "server_error" : row.type);
    out.append(",\"param\":");
    append_string_or_null(out, param);
    out.append(",\"code\":");
    append_string_or_null(out, row.code);
    out.append("}}");
    return;
  }
  out.append("{\"detail\":");
  append_json_string(out, message);
  if (label.empty())
    label = row.label;
  if (!label.empty()) {
    out.append(",\"error\":");
    append_json_string(out, label);
  }
  out += '}';
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
  append_error_body(body, dialect, detail, message, label);
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
