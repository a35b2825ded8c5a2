#include "http/api/request/head_checks.hpp"

#include "http/core/body/multipart.hpp"
#include "http/core/head/field.hpp"
#include "http/core/request/request_origin.hpp"

#include <string_view>

namespace synapse::api {

using http::response_detail;

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
} // namespace

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

} // namespace synapse::api
