#include "http/core/head/scan.hpp"
#include "http/server/exchange/exchange.hpp"
#include "http/server/filters/filter.hpp"
#include "http/server/filters/origin_policy.hpp"

#include <algorithm>
#include <string>

namespace synapse::server {

namespace {
using http::response_detail;

/// What clients of ours read besides the fields that a page may always read.
constexpr std::string_view readable_fields =
    "Access-Control-Expose-Headers: X-Request-Id, X-Synapse-Backend, X-Should-Retry, Retry-After, "
    "Content-Disposition\r\n";
/// Where the browser does not say which fields it means.
constexpr std::string_view usual_fields =
    "Authorization, Content-Type, X-Api-Key, X-Request-Id, X-Synapse-Wait, OpenAI-Organization, "
    "OpenAI-Project";
constexpr std::string_view remembered = "Access-Control-Max-Age: 600\r\n";

/// Names with commas and blanks between: nothing else of what a client sends is repeated.
bool is_list_of_tokens(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c == ',' || c == ' ' || http::detail::is_token_char(static_cast<unsigned char>(c));
  });
}

std::string_view asked_for(const exchange& current, std::string_view field,
                           std::string_view otherwise) {
  const auto* found = current.head().fields.find(field);
  if (found == nullptr || found->value.empty() || !is_list_of_tokens(found->value))
    return otherwise;
  return found->value;
}

/// Answers for the backends, too: none of them is asked whom the gateway serves.
net::task<void> answer_preflight(exchange& current, std::string allow) {
  std::string fields{"Access-Control-Allow-Methods: "};
  if (allow.empty())
    allow = asked_for(current, "Access-Control-Request-Method", "GET");
  fields.append(allow).append("\r\nAccess-Control-Allow-Headers: ");
  fields.append(asked_for(current, "Access-Control-Request-Headers", usual_fields)).append("\r\n");
  // Chromium asks so before a page of the internet reaches into a private network.
  if (current.head().fields.find("Access-Control-Request-Private-Network") != nullptr)
    fields.append("Access-Control-Allow-Private-Network: true\r\n");
  fields.append(remembered);
  co_await current.reply(204, {}, {}, fields);
}

} // namespace

std::optional<net::task<void>> check_origin(exchange& current) {
  const auto* policy = current.owner().origins;
  if (policy == nullptr)
    return {};
  const auto verdict = policy->judge(current.head(), current.client_ip(), current.over_tls(),
                                     current.matched(), current.settings());
  // The same answer is another one to a page of another origin, also for a cache in between.
  if (!current.settings().cors.origins.empty())
    current.add_to_answer("Vary: Origin\r\n");
  using answer = origin_policy::answer;
  switch (verdict.what) {
  case answer::serve:
    return {};
  case answer::serve_page:
  case answer::preflight:
    // Never with credentials: keys come in fields, and the only cookie is the dashboard's.
    current.add_to_answer("Access-Control-Allow-Origin: ");
    current.add_to_answer(verdict.origin);
    current.add_to_answer("\r\n");
    current.add_to_answer(readable_fields);
    if (verdict.what == answer::serve_page)
      return {};
    return answer_preflight(current, current.allowed());
  case answer::wrong_name:
    return current.reply_error(response_detail::misdirected_request);
  case answer::foreign:
    return current.reply_error(response_detail::origin_refused);
  }
  return {};
}

} // namespace synapse::server
