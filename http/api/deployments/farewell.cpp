// What the client is told when no deployment is left.
#include "http/api/deployments/deployment_targets.hpp"
#include "http/api/request/field_fault.hpp"
#include "http/core/json/json_body.hpp"
#include "http/core/local_reply.hpp"
#include "http/proxy/downstream/error_answer.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <utility>

namespace synapse::api {

using http::response_detail;
using proxy::onward;

namespace {
constexpr std::int64_t second = 1'000'000'000;

std::string_view sentence_of(routing::trouble what) {
  using t = routing::trouble;
  switch (what) {
  case t::unreachable:
    return "they could not be reached";
  case t::name_unknown:
    return "their host names do not resolve";
  case t::tls:
    return "no secure connection could be made";
  case t::timeout:
    return "they did not answer in time";
  case t::reset:
    return "they closed the connection";
  case t::rate_limited:
    return "they limit the rate of requests";
  case t::key_refused:
    return "they do not take the gateway's key";
  case t::unpaid:
    return "their account is used up";
  case t::forbidden:
    return "they refuse access";
  case t::model_missing:
    return "they have not got the model";
  case t::out_of_memory:
    return "they are out of memory";
  case t::unhealthy:
    return "their health check fails";
  default:
    return "they failed repeatedly";
  }
}

/// "chat, completions"
std::string kinds_text(std::uint16_t kinds) {
  std::string text;
  for (const auto what : config::all_capabilities)
    if ((kinds & config::capability_set::bit(what)) != 0)
      text += (text.empty() ? "" : ", ") + std::string{to_string(what)};
  return text;
}

response_detail detail_of(const routing::verdict& last) {
  using answer = routing::last_answer;
  switch (last.answer) {
  case answer::unavailable:
    return response_detail::upstream_connection_failure;
  case answer::gateway_timeout:
    return response_detail::response_timeout;
  case answer::backend_auth:
    return response_detail::backend_auth;
  case answer::model_loading:
    return response_detail::model_loading;
  case answer::context_length_exceeded:
    return response_detail::context_length_exceeded;
  case answer::model_not_found:
    return response_detail::model_not_found;
  case answer::not_supported:
    return response_detail::not_supported;
  case answer::rate_limited:
    return response_detail::deployments_full;
  default:
    return response_detail::upstream_error;
  }
}
} // namespace

/// Of a Retry-After: at least 1, whatever the clock says.
unsigned deployment_targets::seconds_until(std::int64_t at) const {
  const auto left = at - net::io_thread::recent();
  return at == 0 || left <= 0
             ? 1U
             : static_cast<unsigned>(std::min<std::int64_t>((left + second - 1) / second, 3600));
}

std::string deployment_targets::why_shut(const routing::farewell& why) const {
  return "all deployments of '" + wish_.name->settings->name +
         "' are out of service: " + std::string{sentence_of(why.shut_by)};
}

/// Of a request that no deployment can be asked for.
refusal deployment_targets::why_unfit() const {
  auto result = unfit_.front().second;
  if (unfit_.size() == 1)
    return result;
  result.message = "no deployment of '" + wish_.name->settings->name + "' can do this";
  result.list.clear();
  for (const auto& [which, why] : unfit_) {
    result.message +=
        (&which == &unfit_.front().first ? ": " : "; ") + which->settings->id + ": " + why.message;
    if (why.field != result.field)
      result.field.clear();
  }
  return result;
}

void deployment_targets::sign() {
  if (ex_.begun() || std::exchange(signed_, true))
    return;
  if (begun_)
    write_fields(told_fields_, ex_.record().attempts);
  else if (told_fields_.empty())
    told_fields_ = "X-Synapse-Attempts: 0\r\n";
  ex_.add_to_answer(told_fields_);
}

net::task<onward> deployment_targets::tell_end() {
  using cause = routing::farewell::cause;
  const auto why = journey_.farewell(net::io_thread::recent());
  const auto& name = wish_.name->settings->name;
  if (why.why == cause::failed)
    co_return co_await tell_last(why);
  if (ex_.record().attempts == 0)
    told_fields_.clear(); // none of them was asked
  sign();
  // Where another one could do it were it there, that is what has to be said.
  const bool others =
      why.why != cause::shut || why.retry_at != 0 || why.shut_by != routing::trouble::none;
  if (!unfit_.empty() && !others) {
    auto unfit = why_unfit();
    co_await refuse(ex_, std::move(unfit));
    co_return onward::ended;
  }
  refusal said{response_detail::bad_request, {}, "model"};
  switch (why.why) {
  case cause::wrong_kind:
    said.message = "the model '" + name + "' does not do " +
                   std::string{to_string(wish_.routing.what)} + "; it is there for " +
                   kinds_text(wish_.name->kinds);
    break;
  case cause::no_tags:
    said.message = "no deployment of the model '" + name + "' has the tags that are asked for";
    break;
  case cause::unknown_id:
    said.message =
        "the model '" + name + "' has no deployment '" + std::string{wish_.routing.pinned} + "'";
    break;
  default:
    break;
  }
  if (!said.message.empty()) {
    co_await refuse(ex_, std::move(said));
    co_return onward::ended;
  }
  auto detail = response_detail::no_healthy_upstream;
  std::string message;
  if (why.why == cause::full) {
    detail = response_detail::deployments_full;
    message = "all deployments of '" + name + "' are at their limits";
  } else if (why.why == cause::deadline) {
    detail = response_detail::total_timeout;
    message = "no deployment of '" + name + "' answered within the time limit of the request";
  } else {
    message = why_shut(why);
  }
  std::optional<unsigned> again;
  if (why.why != cause::deadline)
    again = seconds_until(why.retry_at);
  co_await proxy::reply_or_end(ex_, detail, message, again);
  co_return onward::ended;
}

/// What a backend has said in a dialect that is none of the client's.
net::task<void> deployment_targets::tell_read() {
  proxy::collected_answer said;
  said.status = read_->status;
  if (last_answer_ != nullptr)
    said.retry_after = last_answer_->retry_after;
  http::append_json_string(said.body += R"({"detail":)",
                           "deployment " + at_id_ + ": " + read_->text);
  said.body += '}';
  sign();
  co_await proxy::pass_on_error(ex_, said, {}, read_->field);
}

/// The words of the last attempt, with the status that they deserve.
net::task<onward> deployment_targets::tell_last(const routing::farewell& why) {
  const auto& last = why.last;
  const auto* answer = last_answer_;
  const bool as_it_came = last.answer == routing::last_answer::as_it_came;
  if (answer != nullptr && as_it_came && !answer->within_success && !own_words_)
    co_return onward::none; // head and all
  if (read_ && as_it_came && !ex_.begun()) {
    co_await tell_read();
    co_return onward::ended;
  }
  const bool plain = answer != nullptr && as_it_came && !read_;
  if (plain && ex_.begun()) {
    co_await proxy::end_begun_stream(ex_, *answer);
    co_return onward::ended;
  }
  if (plain && own_words_) { // its form of errors is not the client's
    sign();
    co_await proxy::pass_on_error(ex_, *answer, {});
    co_return onward::ended;
  }
  if (plain && http::inspect_json(answer->body).ok()) {
    const unsigned status = last.status != 0 ? last.status : answer->status;
    sign();
    co_await ex_.reply(status >= 400 && status <= 599 ? status : 502, "application/json",
                       answer->body);
    ex_.record().detail = response_detail::upstream_error;
    co_return onward::ended;
  }
  const auto deadline = wish_.routing.deadline;
  auto detail = detail_of(last);
  if (why.why == routing::farewell::cause::deadline ||
      (deadline != 0 && net::io_thread::recent() >= deadline))
    detail = response_detail::total_timeout;
  const auto status = http::info(detail).status;
  std::optional<unsigned> again;
  if (status == 503 || status == 429)
    again = seconds_until(why.retry_at);
  const auto message = "deployment " + at_id_ + ": " + last_error_;
  sign();
  co_await proxy::reply_or_end(ex_, detail, message, again);
  co_return onward::ended;
}

} // namespace synapse::api
