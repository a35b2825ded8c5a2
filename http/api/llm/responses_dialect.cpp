#include "http/api/llm/responses_dialect.hpp"

#include "http/api/api_handlers.hpp"
#include "http/dialects/openai/responses/request.hpp"
#include "http/dialects/openai/responses/stream_answer.hpp"
#include "http/dialects/openai/responses/whole_answer.hpp"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <string>
#include <variant>

namespace synapse::api {

namespace responses = http::openai::responses;

namespace {
std::int64_t now_in_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}
} // namespace

std::optional<refusal> responses_dialect::read(std::string_view body,
                                               const http::json_inspection& /*seen*/,
                                               std::string& into) {
  if (!responses::previous_response_of(body).empty())
    return refusal{http::response_detail::bad_request,
                   "nothing is kept of responses: send the conversation as `input`",
                   "previous_response_id"};
  auto made = responses::request_of(body);
  if (auto* wrong = std::get_if<http::unfit>(&made))
    return refusal_of(std::move(*wrong));
  auto& call = std::get<responses::chat_call>(made);
  if (call.background)
    return refusal{http::response_detail::bad_request, "responses are made while the client waits",
                   "background"};
  into = std::move(call.body);
  stream_ = call.stream;
  lose(call.lossy);
  // Of letters and digits, as their ids are.
  frame_.unique = ex_.id();
  std::erase_if(frame_.unique, [](unsigned char c) { return std::isalnum(c) == 0; });
  frame_.created = now_in_seconds();
  frame_.now = now_in_seconds;
  frame_.request = std::move(call.request);
  return {};
}

std::unique_ptr<http::answer_translator> responses_dialect::answer() {
  if (stream_)
    return std::make_unique<responses::stream_answer>(frame_,
                                                      ex_.settings().limits.max_stream_event_bytes);
  return std::make_unique<responses::whole_answer>(frame_);
}

net::task<void> create_response(server::exchange& exchange) {
  if (exchange.routes()->site_for_path(exchange.path())) {
    co_await pass_through(exchange);
    co_return;
  }
  responses_dialect dialect{exchange};
  co_await forward_in_dialect(exchange, dialect);
}

} // namespace synapse::api
