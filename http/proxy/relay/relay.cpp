#include "http/proxy/relay/relay.hpp"

#include "http/core/head/field.hpp"
#include "http/proxy/downstream/error_answer.hpp"
#include "http/proxy/media_type.hpp"

namespace synapse::proxy {

namespace {
/// Larger than any error of a model server; what is larger is passed on as it comes.
constexpr std::int64_t max_held = 64 * 1024;

/// An answer to the client's own request that streams OpenAI's chunks, and can be read.
bool is_watched_stream(const call& of, const http::response_head& answer) {
  return of.options.openai_stream && answer.status == 200 && of.ex.method() != http::verb::head &&
         has_type(answer.fields.value_of(http::known_field::content_type), "text/event-stream") &&
         !answer.fields.has(http::known_field::content_encoding);
}

/// Types under which servers send JSON, event streams and pages that say what is wrong. What calls
/// itself something else is not looked at.
bool may_be_text(std::string_view type) {
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' '))
    type.remove_suffix(1);
  const auto ends = [&](std::string_view with) {
    return type.size() >= with.size() &&
           http::iequals(type.substr(type.size() - with.size()), with);
  };
  return type.empty() || has_type(type, "text/") || ends("/json") || ends("+json");
}

/// Its 200 has to prove to be an answer.
bool is_judged(const call& of, const http::response_head& answer) {
  const auto* coding = answer.fields.find(http::known_field::content_encoding);
  return of.options.openai_answer && answer.status == 200 && of.ex.method() != http::verb::head &&
         (coding == nullptr || http::iequals(coding->value, "identity")) &&
         may_be_text(answer.fields.value_of(http::known_field::content_type));
}

/// An answer that is no success, to a client that has the head of an event stream already.
net::task<step> collect_after_head(call& of, upstream_request& from) {
  const auto how = co_await collect(of, from);
  if (how != step::done)
    co_return how;
  of.count_stream_end(telemetry::stream_end::upstream_error);
  co_await break_off(of, http::response_detail::upstream_error,
                     of.named(sentence_of(of.collected)));
  of.end = forward_end::replied;
  co_return how;
}
} // namespace

net::task<step> relay(call& of, upstream_request& from) {
  const auto& answer = from.answer();
  const bool good = answer.status / 100 == 2;
  if (of.options.request != nullptr && of.options.translator == nullptr)
    return collect(of, from);
  if (of.options.translator != nullptr) {
    if (good)
      return relay_translated(of, from);
    return of.down.begun() && !of.options.elsewhere_decides ? collect_after_head(of, from)
                                                            : collect(of, from);
  }
  if (of.options.elsewhere != nullptr && answer.status >= 400 &&
      (answer.content_length <= max_held || of.options.elsewhere_decides))
    return collect(of, from);
  if (is_watched_stream(of, answer))
    return relay_event_stream(of, from);
  if (is_judged(of, answer))
    return relay_judged(of, from);
  // A client that was promised a stream gets no head any more.
  return of.down.begun() ? collect(of, from) : relay_raw(of, from);
}

} // namespace synapse::proxy
