#include "http/api/request/refusal.hpp"

#include "http/server/exchange/exchange.hpp"

#include <optional>
#include <utility>

namespace synapse::api {

using http::response_detail;

namespace {
/// The message with the field in front of it, once: a file may be called like its field.
std::string with_field(const refusal& why) {
  const auto prefix = why.field + ": ";
  return why.field.empty() || why.message.starts_with(prefix) ? why.message : prefix + why.message;
}
} // namespace

refusal refusal_of(http::unfit why) {
  return {response_detail::bad_request, std::move(why.message), std::move(why.field)};
}

net::task<void> refuse(server::exchange& ex, refusal why) {
  const auto dialect = ex.errors();
  if (!why.field.empty() && dialect != http::error_dialect::plain) {
    // 400 is what these APIs say to a field that they do not like.
    const auto detail =
        why.detail == response_detail::unprocessable ? response_detail::bad_request : why.detail;
    std::string body;
    http::append_error_body(body, dialect, detail, with_field(why), {}, why.field, ex.id());
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

} // namespace synapse::api
