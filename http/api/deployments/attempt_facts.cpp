#include "http/api/deployments/attempt_facts.hpp"

#include <charconv>

namespace synapse::api {

namespace {
using proxy::mishap;
using event = routing::attempt_end;

/// Before anything of the answer was the client's.
event event_of(mishap what) {
  switch (what) {
  case mishap::connect_timeout:
    return event::connect_timeout;
  case mishap::connect_failure:
    return event::refused;
  case mishap::tls_failure:
    return event::tls_failed;
  case mishap::reset_before_answer:
  case mishap::reset_within_head:
    return event::reset_before_answer;
  case mishap::request_not_taken:
  case mishap::response_timeout:
  case mishap::total_timeout_silent:
  case mishap::silence_within_answer:
  case mishap::total_timeout_answering:
    return event::head_timeout;
  case mishap::deadline_passed:
    return event::deadline_gone;
  case mishap::no_first_token:
    return event::first_token_timeout;
  case mishap::stream_truncated:
    return event::ended_before_content;
  default:
    return event::malformed_body;
  }
}

event event_after_commit(mishap what) {
  switch (what) {
  case mishap::silence_within_answer:
  case mishap::total_timeout_answering:
    return event::idle_after_commit;
  case mishap::error_in_stream:
    return event::error_after_commit;
  default:
    return event::cut_after_commit;
  }
}

/// Seconds, as nearly all say it; a date is read as nothing.
std::int64_t retry_after_ms(std::string_view value) {
  std::int64_t seconds = 0;
  const auto read = std::from_chars(value.data(), value.data() + value.size(), seconds);
  const bool whole = read.ec == std::errc{} && read.ptr == value.data() + value.size();
  return whole && seconds > 0 && seconds < 1'000'000 ? seconds * 1000 : 0;
}

bool is_page(std::string_view body) {
  const auto begin = body.find_first_not_of(" \t\r\n");
  return begin != std::string_view::npos && body[begin] == '<';
}
} // namespace

routing::failure_facts facts_of(const proxy::miss& what) {
  routing::failure_facts facts;
  if (what.answer != nullptr) {
    facts.status = static_cast<std::uint16_t>(what.answer->status);
    facts.words = what.answer->body;
    facts.html = is_page(what.answer->body);
    facts.retry_after_ms = retry_after_ms(what.answer->retry_after);
    if (what.answer->within_success)
      facts.place = routing::error_place::body;
  } else if (what.denied == actors::deny_reason::no_address) {
    facts.what = event::name_unknown;
  } else if (what.failed != nullptr) {
    facts.what = event_of(what.failed->what);
    facts.replayable = what.lost.repeatable;
    // Words of a page that came with a good status.
    facts.words = what.failed->message;
  }
  return facts;
}

std::optional<routing::failure_facts> facts_of(actors::model_denial why) {
  using denial = actors::model_denial;
  routing::failure_facts facts;
  switch (why) {
  case denial::unknown_model:
    facts.status = 404;
    facts.words = "model not found";
    return facts;
  case denial::load_failed:
  case denial::load_timeout:
    facts.status = 500;
    facts.words = "the model could not be loaded";
    return facts;
  case denial::router_unavailable:
    facts.what = event::refused;
    return facts;
  case denial::router_error:
    facts.what = event::malformed_body;
    return facts;
  default:
    return {};
  }
}

routing::failure_facts facts_of(const proxy::mishap_row& what) {
  routing::failure_facts facts;
  facts.what = event_after_commit(what.what);
  return facts;
}

} // namespace synapse::api
