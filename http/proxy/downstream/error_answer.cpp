#include "http/proxy/downstream/error_answer.hpp"

#include "http/core/body/sse.hpp"
#include "http/core/json/json_text.hpp"
#include "http/proxy/downstream/downstream_writer.hpp"

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include <charconv>

namespace synapse::proxy {

using http::response_detail;
using json = nlohmann::ordered_json;

namespace {
/// Enough for any message that is meant for people.
constexpr std::size_t max_error_text = 1000;

/// An error within a stream of events, which has OpenAI's envelope where its dialect has none for
/// that.
std::string event_body(server::exchange& ex, response_detail detail, std::string_view message) {
  const auto dialect = ex.errors() == http::error_dialect::anthropic
                           ? http::error_dialect::anthropic
                           : http::error_dialect::openai;
  std::string body;
  http::append_error_body(body, dialect, detail, message, {}, {}, ex.id());
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

net::task<void> end_with_event(server::exchange& ex, const std::string& error,
                               response_detail detail) {
  std::string event;
  if (ex.errors() == http::error_dialect::anthropic)
    http::append_named_event(event, "error", error);
  else
    http::append_data_event(event, error);
  downstream_writer down{ex, nullptr};
  if (!down.send(event, false))
    co_await down.drained();
  ex.record().detail = detail;
  ex.abort();
}
} // namespace

net::task<void> reply_or_end(server::exchange& ex, response_detail detail, std::string_view message,
                             std::optional<unsigned> retry_after, std::string_view label) {
  if (ex.begun()) {
    const auto body = event_body(ex, detail, message);
    co_await end_with_event(ex, body, detail);
  } else {
    co_await ex.reply_error(detail, message, retry_after, {}, label);
  }
}

net::task<void> end_begun_stream(server::exchange& ex, const collected_answer& answer) {
  // The backend's own words where they are an error of the form that streams carry.
  const auto said = http::parse_json(answer.body);
  if (said.is_object() && said.contains("error") && ex.errors() != http::error_dialect::anthropic) {
    const auto body = http::dump(said);
    co_await end_with_event(ex, body, response_detail::upstream_stream_error);
    co_return;
  }
  const auto body = event_body(ex, response_detail::upstream_error, sentence_of(answer));
  co_await end_with_event(ex, body, response_detail::upstream_error);
}

std::string sentence_of(const collected_answer& answer) {
  auto text = shortened(message_in(http::parse_json(answer.body), answer.body));
  return text.empty() ? "it answered with status " + std::to_string(answer.status) : text;
}

net::task<void> pass_on_error(server::exchange& ex, const collected_answer& answer,
                              std::string_view label, std::string_view param) {
  const auto status = client_status(answer.status);
  const auto detail = detail_of_status(status);
  const auto body = http::parse_json(answer.body);
  auto message = shortened(message_in(body, answer.body));
  if (message.empty())
    message = "the backend answered with status " + std::to_string(answer.status);
  spdlog::warn("request {}: backend {} answered {}: {}", ex.id(), ex.record().backend,
               answer.status, message);
  std::string fields;
  if (status == 503 || (status == 429 && !answer.retry_after.empty()))
    fields = "Retry-After: " + std::to_string(seconds_of(answer.retry_after).value_or(1)) + "\r\n";
  std::string text;
  if (const auto dialect = ex.errors(); dialect != http::error_dialect::plain) {
    http::error_words words;
    words.status = status;
    words.message = message;
    words.type = status < 500 ? "invalid_request_error" : "server_error";
    words.param = status < 500 ? param : std::string_view{};
    words.code = status < 500 ? std::string_view{} : http::to_string(detail);
    words.request_id = ex.id();
    http::append_error_body(text, dialect, words);
  } else {
    json envelope;
    // A list of faults stays what it is: clients look into it.
    const bool list = body.is_object() && body.contains("detail") && body["detail"].is_array();
    envelope["detail"] = list ? body["detail"] : json(message);
    envelope["error"] = label;
    text = http::dump(envelope);
  }
  co_await ex.reply(status, "application/json", text, fields);
  ex.record().detail = detail;
}

} // namespace synapse::proxy
