#include "http/api/request/refusal.hpp"

#include "http/core/body/multipart.hpp"
#include "http/core/head/field.hpp"
#include "http/core/json/json_body.hpp"
#include "http/core/request/request_origin.hpp"
#include "telemetry/gateway_metrics.hpp"

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace synapse::api {

using http::response_detail;
using json = nlohmann::ordered_json;

namespace {
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

} // namespace

net::task<void> refuse(server::exchange& ex, refusal why) {
  const bool openai = ex.errors() == http::error_dialect::openai;
  if (!why.field.empty() && openai) {
    // 400 is what OpenAI says to a field it does not like.
    const auto detail =
        why.detail == response_detail::unprocessable ? response_detail::bad_request : why.detail;
    std::string body;
    http::append_error_body(body, http::error_dialect::openai, detail, with_field(why), {},
                            why.field);
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

} // namespace synapse::api
