#include "routing/failure/disposition.hpp"

#include "routing/failure/error_words.hpp"
#include "routing/failure/verdict_table.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>

namespace synapse::routing {

namespace {

using topic = error_topic;

constexpr std::int64_t ns_per_ms = 1'000'000;
/// A single deployment's own pause is worth waiting for up to this.
constexpr std::int64_t longest_wait_ms = 5000;

/// An error that names no status has one by its words; the first that fits.
struct status_by_words {
  topic about;
  std::uint16_t status;
};
constexpr status_by_words statuses_by_words[] = {
    {topic::context, 400},         {topic::policy, 400},        {topic::unpaid, 429},
    {topic::rate_limited, 429},    {topic::overloaded, 503},    {topic::key_refused, 401},
    {topic::forbidden, 403},       {topic::model_missing, 404}, {topic::not_found, 404},
    {topic::loading, 503},         {topic::engine_dead, 500},   {topic::out_of_memory, 500},
    {topic::invalid_request, 400},
};

bool is_error_status(std::uint16_t status) noexcept {
  return status >= 400 && status < 600;
}

std::uint16_t status_of(const failure_facts& facts, const error_words& words) noexcept {
  if (facts.place == error_place::status || is_error_status(facts.status))
    return facts.status;
  const auto* found = std::ranges::find_if(
      statuses_by_words, [&](const status_by_words& each) { return words.are_about(each.about); });
  return found == std::end(statuses_by_words) ? 500 : found->status;
}

/// 400, 422 and the statuses that have no row of their own.
situation of_bad_request(const failure_facts& facts, const error_words& words) noexcept {
  if (facts.status == 422 && words.are_about(topic::validation))
    return words.are_about(topic::batch_too_large) ? situation::too_large
                                                   : situation::context_exceeded;
  if (words.are_about(topic::unknown_field) && !facts.repeated)
    return situation::unknown_field;
  if (words.are_about(topic::not_loaded))
    return situation::loading;
  if (words.are_about(topic::model_missing))
    return situation::model_missing_by_400;
  if (words.are_about(topic::incapable))
    return situation::client_fault_elsewhere;
  return situation::client_fault;
}

/// A voice, a file or a response that the client named is missing through no fault of the backend:
/// what a client can bring about must not shut a deployment for all others.
situation of_not_found(const failure_facts& facts, const error_words& words) noexcept {
  if (words.are_about(topic::reloading))
    return situation::loading;
  if (facts.html || words.empty())
    return situation::route_missing;
  if (words.are_about(topic::client_object))
    return situation::client_fault_elsewhere;
  if (words.are_about(topic::model_missing))
    return situation::model_missing;
  return words.are_about(topic::route_missing) ? situation::route_missing
                                               : situation::client_fault_elsewhere;
}

situation of_forbidden(const failure_facts& facts, const error_words& words) noexcept {
  if (words.are_about(topic::moderation))
    return situation::moderated;
  const bool says_nothing = facts.html || words.empty(); // no key is refused without a word
  return facts.our_key || says_nothing ? situation::forbidden : situation::client_key_refused;
}

situation of_too_many(const failure_facts& facts, const error_words& words) noexcept {
  if (words.are_about(topic::unpaid))
    return facts.our_key ? situation::unpaid : situation::client_key_refused;
  return facts.retry_after_ms > 0 ? situation::rate_limited_until : situation::rate_limited;
}

situation of_client_error(const failure_facts& facts, const error_words& words) noexcept {
  if (words.are_about(topic::context))
    return situation::context_exceeded;
  if (words.are_about(topic::policy))
    return facts.status == 403 ? situation::moderated : situation::policy_refused;
  switch (facts.status) {
  case 401:
    return facts.our_key ? situation::our_key_refused : situation::client_key_refused;
  case 402:
    return facts.our_key ? situation::unpaid : situation::client_key_refused;
  case 403:
    return of_forbidden(facts, words);
  case 404:
    return of_not_found(facts, words);
  case 405:
    return situation::route_missing;
  case 408:
  case 499: // it took itself for left alone
    return situation::request_timeout;
  case 409:
    return situation::slots_pinned;
  case 413:
    return situation::too_large;
  case 424: // TEI's own backend
    return situation::server_error;
  case 429:
    return of_too_many(facts, words);
  default:
    return of_bad_request(facts, words);
  }
}

/// It stands before the backend: what comes within a 200 is not of it.
bool is_proxy_page(const failure_facts& facts, const error_words& words) noexcept {
  return facts.place == error_place::status && (facts.html || words.are_about(topic::proxy_page));
}

std::optional<situation> of_exhaustion(const error_words& words) noexcept {
  if (words.are_about(topic::engine_dead))
    return situation::engine_dead;
  if (words.are_about(topic::out_of_memory))
    return situation::out_of_memory;
  return std::nullopt;
}

situation of_unavailable(const failure_facts& facts, const error_words& words) noexcept {
  if (const auto exhausted = of_exhaustion(words))
    return *exhausted;
  if (words.are_about(topic::loading))
    return situation::loading;
  return is_proxy_page(facts, words) ? situation::proxy_page : situation::overloaded;
}

situation of_internal_error(const failure_facts& facts, const error_words& words) noexcept {
  if (facts.kind != request_kind::chat && words.are_about(topic::input_too_large))
    return situation::context_exceeded;
  if (const auto exhausted = of_exhaustion(words))
    return *exhausted;
  return words.are_about(topic::busy) ? situation::overloaded : situation::server_error;
}

situation of_server_error(const failure_facts& facts, const error_words& words) noexcept {
  switch (facts.status) {
  case 500:
    return of_internal_error(facts, words);
  case 501: // an option that is not there says nothing about the route
    return words.are_about(topic::unimplemented) ? situation::client_fault_elsewhere
                                                 : situation::route_missing;
  case 503:
    return of_unavailable(facts, words);
  case 529:
    return situation::overloaded;
  default:
    if (facts.place == error_place::status && words.empty())
      return situation::proxy_page;
    return is_proxy_page(facts, words) ? situation::proxy_page : situation::server_error;
  }
}

situation of_answer(const failure_facts& facts, const error_words& words) noexcept {
  // vLLM tells of its engine's death within a stream as if it were the client's fault.
  if (facts.place != error_place::status && words.are_about(topic::engine_dead))
    return situation::engine_dead;
  if (facts.status >= 200 && facts.status < 300)
    return facts.truncated ? situation::truncated : situation::good_answer;
  if (!is_error_status(facts.status))
    return situation::malformed_body;
  return facts.status < 500 ? of_client_error(facts, words) : of_server_error(facts, words);
}

struct end_line {
  attempt_end what;
  situation means;
};
constexpr end_line end_lines[] = {
    {attempt_end::answered, situation::malformed_body}, // judged by its status instead
    {attempt_end::refused, situation::refused},
    {attempt_end::name_unknown, situation::name_unknown},
    {attempt_end::tls_failed, situation::tls_failed},
    {attempt_end::connect_timeout, situation::connect_timeout},
    {attempt_end::stale_connection, situation::stale_connection},
    {attempt_end::reset_before_answer, situation::reset_before_answer},
    {attempt_end::head_timeout, situation::head_timeout},
    {attempt_end::first_token_timeout, situation::first_token_timeout},
    {attempt_end::idle_after_commit, situation::idle_after_commit},
    {attempt_end::cut_after_commit, situation::cut_after_commit},
    {attempt_end::error_after_commit, situation::error_after_commit},
    {attempt_end::wrong_content_type, situation::wrong_content_type},
    {attempt_end::malformed_body, situation::malformed_body},
    {attempt_end::ended_before_content, situation::ended_before_content},
    {attempt_end::content_filtered, situation::policy_refused},
    {attempt_end::ended_without_done, situation::ended_without_done},
    {attempt_end::unhealthy, situation::engine_dead},
    {attempt_end::limit_full, situation::limit_full},
    {attempt_end::queue_too_long, situation::queue_too_long},
    {attempt_end::all_cells_open, situation::all_cells_open},
    {attempt_end::deadline_gone, situation::deadline_gone},
    {attempt_end::client_left, situation::client_left},
};

constexpr bool end_lines_are_in_order() {
  std::size_t place = 0;
  for (const auto& each : end_lines)
    if (static_cast<std::size_t>(each.what) != place++)
      return false;
  return place == static_cast<std::size_t>(attempt_end::count_);
}
static_assert(end_lines_are_in_order(), "each end has its line");

situation of_end(const failure_facts& facts) noexcept {
  if (facts.what == attempt_end::stale_connection && (facts.repeated || !facts.replayable))
    return situation::reset_before_answer;
  const auto place = static_cast<std::size_t>(facts.what);
  return facts.what < attempt_end::count_ ? end_lines[place].means : situation::malformed_body;
}

/// It got no further than to the connection, or not even there.
bool never_sent(std::uint8_t row) noexcept {
  return (row >= 1 && row <= 4) || row == 41 || row == 42;
}

void fill_in(verdict& result, const failure_facts& facts) noexcept {
  const auto retry_after_ms =
      std::clamp<std::int64_t>(facts.retry_after_ms, 0, longest_retry_after / ns_per_ms);
  if (result.cell.harm != cell_harm::none)
    result.cell.floor = retry_after_ms * ns_per_ms;
  if (result.row == 23) {
    result.cell.first = result.cell.longest = result.cell.floor;
    result.wait = retry_after_ms <= longest_wait_ms ? retry_after_ms * ns_per_ms : 0;
    result.next = result.wait > 0 ? remedy::other_or_same : remedy::other;
  }
  if (result.answer == last_answer::as_it_came || result.answer == last_answer::end_added)
    result.status = facts.status;
  if (!facts.replayable && !never_sent(result.row)) {
    result.next = remedy::nothing;
    result.wait = 0;
  }
}

} // namespace

verdict judge(const failure_facts& facts) noexcept {
  if (facts.what != attempt_end::answered) {
    verdict result = line_of(of_end(facts));
    fill_in(result, facts);
    return result;
  }
  const error_words words(facts.words);
  failure_facts known = facts;
  known.status = status_of(facts, words);
  verdict result = line_of(of_answer(known, words));
  if (facts.place != error_place::status)
    result.via = facts.place == error_place::body ? 34 : 35;
  fill_in(result, known);
  return result;
}

} // namespace synapse::routing
