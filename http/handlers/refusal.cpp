#include "http/handlers/refusal.hpp"

#include "http/core/chunked.hpp"
#include "http/core/field.hpp"
#include "http/core/json_body.hpp"
#include "http/core/multipart.hpp"
#include "http/core/request_origin.hpp"
#include "http/core/sse.hpp"
#include "telemetry/gateway_metrics.hpp"

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace synapse::handlers {

using http::response_detail;
using json = nlohmann::ordered_json;

namespace {
/// Enough for any message that is meant for people.
constexpr std::size_t max_error_text = 1000;

/// Whether a body of this media type is read as JSON. What is not called JSON a page may have any
/// browser send without being asked before (Fetch, "CORS-safelisted request-header"), so of a
/// browser it is not taken. Elsewhere people send JSON so: `curl -d` says form-urlencoded for
/// whatever it sends, many clients say nothing; the body itself decides then.
bool may_be_json(std::string_view type, bool from_browser) {
  type = type.substr(0, type.find(';'));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t'))
    type.remove_suffix(1);
  if (http::iequals(type, "application/json") || http::iequals(type, "text/json") ||
      (type.size() > 5 && http::iequals(type.substr(type.size() - 5), "+json")))
    return true;
  return !from_browser && (type.empty() || http::iequals(type, "text/plain") ||
                           http::iequals(type, "application/x-www-form-urlencoded"));
}

/// The message with the field in front of it, once: a file may be called like its field.
std::string with_field(const refusal& why) {
  const auto prefix = why.field + ": ";
  return why.field.empty() || why.message.starts_with(prefix) ? why.message : prefix + why.message;
}

std::string openai_body(response_detail detail, std::string_view message, std::string_view param) {
  std::string body;
  http::append_error_body(body, http::error_dialect::openai, detail, message, {}, param);
  return body;
}

/// Not more than is meant for people, and no half of a character.
std::string shortened(std::string text) {
  if (text.size() <= max_error_text)
    return text;
  auto end = max_error_text;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
    --end;
  text.resize(end);
  return text;
}

/// The sentence in a backend's error, whichever envelope it came in; else its text.
std::string message_in(const json& body, const std::string& text) {
  if (body.is_object()) {
    const auto text_at = [](const json& where, const char* key) {
      const auto found = where.find(key);
      return found != where.end() && found->is_string() ? found->get<std::string>() : std::string{};
    };
    for (const char* key : {"detail", "message", "error"})
      if (auto found = text_at(body, key); !found.empty())
        return found;
    if (const auto error = body.find("error"); error != body.end() && error->is_object())
      if (auto found = text_at(*error, "message"); !found.empty())
        return found;
    if (const auto detail = body.find("detail");
        detail != body.end() && detail->is_array() && !detail->empty() && (*detail)[0].is_object())
      if (auto found = text_at((*detail)[0], "msg"); !found.empty())
        return found;
  }
  return text;
}

unsigned client_status(unsigned backend) {
  // The gateway has chosen path and method, and kept the connection: those are not the client's.
  if (backend == 404 || backend == 405 || backend == 407 || backend == 408)
    return 502;
  if (backend >= 400 && backend < 500)
    return backend;
  return backend == 503 || backend == 504 ? backend : 502;
}

response_detail detail_of_status(unsigned status) {
  if (status < 500)
    return response_detail::via_upstream;
  return status == 503   ? response_detail::upstream_unavailable
         : status == 504 ? response_detail::response_timeout
                         : response_detail::upstream_error;
}

/// A number of seconds; a date is not worth the trouble.
std::optional<unsigned> seconds_of(std::string_view text) {
  unsigned value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || read.ec != std::errc{} || read.ptr != text.data() + text.size())
    return {};
  return value;
}
} // namespace

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

net::task<void> refuse(server::exchange& ex, refusal why) {
  const bool openai = http::dialect_of(ex.path()) == http::error_dialect::openai;
  if (!why.field.empty() && openai) {
    // 400 is what OpenAI says to a field it does not like.
    const auto detail =
        why.detail == response_detail::unprocessable ? response_detail::bad_request : why.detail;
    const auto body = openai_body(detail, with_field(why), why.field);
    co_await ex.reply(http::info(detail).status, "application/json", body);
    ex.record().detail = detail;
    co_return;
  }
  if (!why.list.empty()) {
    const auto body = R"({"detail":)" + why.list + '}';
    co_await ex.reply(422, "application/json", body);
    ex.record().detail = why.detail;
    co_return;
  }
  std::optional<unsigned> retry_after;
  if (http::info(why.detail).status == 503)
    retry_after = 1;
  const auto message = with_field(why);
  co_await ex.reply_error(why.detail, message, retry_after);
}

namespace {
net::task<void> end_with_event(server::exchange& ex, const std::string& error,
                               response_detail detail) {
  std::string event;
  http::append_data_event(event, error);
  char chunk_line[20];
  std::array<std::string_view, 3> pieces{event, {}, {}};
  if (!ex.plain_only())
    pieces = {http::chunk_head(event.size(), chunk_line), event, "\r\n"};
  if (!ex.write(pieces))
    co_await ex.finish_write();
  ex.record().detail = detail;
  ex.abort();
}
} // namespace

net::task<void> reply_or_end(server::exchange& ex, response_detail detail, std::string_view message,
                             std::optional<unsigned> retry_after, std::string_view label) {
  if (ex.begun()) {
    const auto body = openai_body(detail, message, {});
    co_await end_with_event(ex, body, detail);
  } else {
    co_await ex.reply_error(detail, message, retry_after, {}, label);
  }
}

net::task<void> end_begun_stream(server::exchange& ex, const collected_answer& answer) {
  // The backend's own words where they are an error of the form that streams carry.
  const auto said = parse_answer(answer.body);
  if (said.is_object() && said.contains("error")) {
    const auto body = dump(said);
    co_await end_with_event(ex, body, response_detail::upstream_stream_error);
    co_return;
  }
  const auto body = openai_body(response_detail::upstream_error, sentence_of(answer), {});
  co_await end_with_event(ex, body, response_detail::upstream_error);
}

std::optional<refusal> check_json_head(const http::request_head& head) {
  if (!may_be_json(head.fields.value_of(http::known_field::content_type),
                   http::is_from_browser(head)))
    return refusal{
        response_detail::unsupported_media_type, "send the request as application/json", {}};
  if (const auto* coding = head.fields.find(http::known_field::content_encoding);
      coding && !http::iequals(coding->value, "identity"))
    return refusal{response_detail::unsupported_content_coding, {}, {}};
  // Bytes that follow all the same would be read as the next request.
  if (!head.chunked && head.content_length < 0)
    return refusal{response_detail::length_required, {}, {}};
  return {};
}

std::optional<refusal> check_length(const http::request_head& head, std::uint64_t max_bytes) {
  if (head.chunked || head.content_length < 0 ||
      static_cast<std::uint64_t>(head.content_length) <= max_bytes)
    return {};
  return refusal{response_detail::body_too_large,
                 "the upload exceeds " + std::to_string(max_bytes) + " bytes",
                 {}};
}

std::optional<refusal> check_form_head(const http::request_head& head, std::uint64_t max_bytes,
                                       std::string& boundary) {
  if (const auto* coding = head.fields.find(http::known_field::content_encoding);
      coding != nullptr && !http::iequals(coding->value, "identity"))
    return refusal{response_detail::unsupported_content_coding, {}, {}};
  auto fault = http::multipart_error::none;
  boundary = http::multipart_boundary(head.fields.value_of(http::known_field::content_type), fault);
  if (fault != http::multipart_error::none)
    return refusal{fault == http::multipart_error::not_form_data
                       ? response_detail::unsupported_media_type
                       : response_detail::bad_request,
                   std::string{http::message_of(fault)},
                   {}};
  if (!head.chunked && head.content_length < 0)
    return refusal{response_detail::length_required, {}, {}};
  return check_length(head, max_bytes);
}

json parse_answer(const std::string& text) {
  // nlohmann/json copies and writes by recursion: depth has to be limited before.
  if (!http::inspect_json(text).ok())
    return {};
  return json::parse(text, nullptr, false);
}

std::optional<refusal> refusal_of(server::exchange::body_state state, std::size_t limit) {
  switch (state) {
  case server::exchange::body_state::too_large:
    return refusal{response_detail::body_too_large,
                   "the request body exceeds " + std::to_string(limit) + " bytes",
                   {}};
  case server::exchange::body_state::malformed:
    return refusal{response_detail::bad_request_body, {}, {}};
  case server::exchange::body_state::timeout:
    return refusal{response_detail::body_timeout, {}, {}};
  default:
    return {};
  }
}

void note_departure_while_reading(server::exchange& ex) {
  if (ex.metrics())
    ex.metrics()->client_disconnects[telemetry::request_phase::reading].increment();
  ex.record().detail = response_detail::client_disconnected;
  ex.record().status = 499;
}

net::task<bool> read_json_object(server::exchange& ex, json& into, std::size_t limit) {
  auto refused = check_json_head(ex.head());
  limit = std::min(limit, ex.settings().limits.max_json_body_bytes);
  if (!refused && !ex.take_body_at_hand(limit)) {
    const auto state = co_await ex.read_body(limit);
    if (state == server::exchange::body_state::gone) {
      note_departure_while_reading(ex);
      co_return false;
    }
    refused = refusal_of(state, limit);
  }
  if (!refused) {
    if (const auto inspected = http::inspect_padded_json(ex.body()); !inspected.ok())
      refused = refusal{response_detail::invalid_json, std::string{inspected.message}, {}};
    else
      into = json::parse(ex.body(), nullptr, false);
    if (!refused && !into.is_object())
      refused = refusal{response_detail::invalid_json, {}, {}};
  }
  if (!refused)
    co_return true;
  co_await refuse(ex, std::move(*refused));
  co_return false;
}

std::string sentence_of(const collected_answer& answer) {
  auto text = shortened(message_in(parse_answer(answer.body), answer.body));
  return text.empty() ? "it answered with status " + std::to_string(answer.status) : text;
}

net::task<void> pass_on_error(server::exchange& ex, const collected_answer& answer,
                              std::string_view label, std::string_view param) {
  const auto status = client_status(answer.status);
  const auto detail = detail_of_status(status);
  const auto body = parse_answer(answer.body);
  auto message = shortened(message_in(body, answer.body));
  if (message.empty())
    message = "the backend answered with status " + std::to_string(answer.status);
  spdlog::warn("request {}: backend {} answered {}: {}", ex.id(), ex.record().backend,
               answer.status, message);
  std::string fields;
  if (status == 503 || (status == 429 && !answer.retry_after.empty()))
    fields = "Retry-After: " + std::to_string(seconds_of(answer.retry_after).value_or(1)) + "\r\n";
  std::string text;
  if (http::dialect_of(ex.path()) == http::error_dialect::openai) {
    json error;
    error["message"] = message;
    error["type"] = status < 500 ? "invalid_request_error" : "server_error";
    error["param"] = param.empty() || status >= 500 ? json() : json(param);
    error["code"] = status < 500 ? json() : json(http::to_string(detail));
    text = dump(json{{"error", error}});
  } else {
    json envelope;
    // A list of faults stays what it is: clients look into it.
    const bool list = body.is_object() && body.contains("detail") && body["detail"].is_array();
    envelope["detail"] = list ? body["detail"] : json(message);
    envelope["error"] = label;
    text = dump(envelope);
  }
  co_await ex.reply(status, "application/json", text, fields);
  ex.record().detail = detail;
}

} // namespace synapse::handlers
