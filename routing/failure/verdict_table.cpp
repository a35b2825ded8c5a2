#include "routing/failure/verdict_table.hpp"

#include <cstddef>

namespace synapse::routing {

namespace {
namespace failure_table {

constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t minute = 60 * second;

using kind = disposition;
using reply = last_answer;

constexpr cell_effect no_cell{};

constexpr cell_effect counts(cell_scope scope, trouble why) {
  return {scope, cell_harm::counts, why, 0, 0, 0};
}

constexpr cell_effect shuts(cell_scope scope, trouble why, std::int64_t first,
                            std::int64_t longest) {
  return {scope, cell_harm::shuts, why, first, longest, 0};
}

constexpr cell_effect backend_counts(trouble why) {
  return counts(cell_scope::backend, why);
}

constexpr cell_effect deployment_counts(trouble why) {
  return counts(cell_scope::deployment, why);
}

constexpr cell_effect deployment_shuts(trouble why, std::int64_t first, std::int64_t longest) {
  return shuts(cell_scope::deployment, why, first, longest);
}

constexpr cell_effect until_healthy = {
    cell_scope::backend, cell_harm::shuts_until_healthy, trouble::unhealthy, 0, 0, 0};

/// What the client is told, and with which status.
struct told {
  last_answer answer = reply::nothing;
  std::uint16_t status = 0;
};

struct line {
  situation what;
  std::uint8_t row;
  disposition disp;
  remedy next;
  cell_effect cell;
  told client;
  side_effects also{};
};

/// What only says that an attempt is over, and refusals, use up no attempt of the request.
constexpr bool counts_as_attempt(const line& of) {
  return of.disp != kind::none && of.disp != kind::hard_down && of.disp != kind::rate_limit &&
         of.disp != kind::busy && of.next != remedy::same_without_extras;
}

constexpr verdict verdict_of(const line& of) {
  verdict result;
  result.row = of.row;
  result.kind = of.disp;
  result.next = of.next;
  result.wait = of.next == remedy::other_or_same ? second / 2 : 0;
  result.cell = of.cell;
  result.counts_as_attempt = counts_as_attempt(of);
  result.answer = of.client.answer;
  result.status = of.client.status;
  result.also = of.also;
  return result;
}

constexpr side_effects no_capability{.capability_no = true};
constexpr side_effects new_models{.rediscover = true};
constexpr side_effects gone_from_memory{.not_loaded = true};
constexpr side_effects fewer_permits{.halve_permits = true};
constexpr side_effects warned{.warn_truncated = true};

constexpr told as_it_came{reply::as_it_came, 0};
constexpr told unavailable{reply::unavailable, 503};
constexpr told bad_gateway{reply::bad_gateway, 502};
constexpr told gateway_timeout{reply::gateway_timeout, 504};
constexpr told too_many{reply::rate_limited, 429};
constexpr told no_such_model{reply::model_not_found, 404};
constexpr told too_long{reply::context_length_exceeded, 400};

using s = situation;
using k = kind;
using r = remedy;
using t = trouble;

// Row 28, a backend whose health is good while its answers hang, has no line: each of these is
// row 7 or 8, and good health shuts no cell's eyes to them.
constexpr line lines[] = {
    {s::good_answer, 0, k::success, r::nothing, no_cell, as_it_came},
    {s::refused, 1, k::transient, r::other_or_same, backend_counts(t::unreachable), unavailable},
    {s::name_unknown, 2, k::transient, r::other, backend_counts(t::name_unknown), unavailable},
    {s::tls_failed, 3, k::hard_down, r::other,
     shuts(cell_scope::backend, t::tls, 5 * minute, 5 * minute), bad_gateway},
    {s::connect_timeout, 4, k::transient, r::other, backend_counts(t::timeout), gateway_timeout},
    {s::stale_connection, 5, k::none, r::same_at_once, no_cell, {}},
    {s::reset_before_answer, 6, k::transient, r::other, deployment_counts(t::reset), bad_gateway},
    {s::head_timeout, 7, k::transient, r::other, deployment_counts(t::timeout), gateway_timeout},
    {s::first_token_timeout, 8, k::transient, r::other, deployment_counts(t::timeout),
     gateway_timeout},
    {s::idle_after_commit,
     9,
     k::transient,
     r::nothing,
     deployment_counts(t::timeout),
     {reply::error_event, 0}},
    {s::client_fault, 10, k::client_fault, r::nothing, no_cell, as_it_came},
    {s::client_fault_elsewhere, 10, k::client_fault, r::other, no_cell, as_it_came},
    {s::unknown_field, 11, k::client_fault, r::same_without_extras, no_cell, as_it_came},
    {s::context_exceeded, 12, k::context, r::larger_context, no_cell, too_long},
    {s::our_key_refused,
     13,
     k::hard_down,
     r::other,
     deployment_shuts(t::key_refused, 5 * minute, 60 * minute),
     {reply::backend_auth, 502}},
    {s::client_key_refused, 14, k::client_fault, r::nothing, no_cell, as_it_came},
    {s::unpaid, 15, k::hard_down, r::other, deployment_shuts(t::unpaid, 30 * minute, 30 * minute),
     bad_gateway},
    {s::moderated, 16, k::policy, r::policy_fallback, no_cell, as_it_came},
    {s::forbidden, 17, k::hard_down, r::other, deployment_counts(t::forbidden), bad_gateway},
    {s::model_missing, 18, k::hard_down, r::other,
     deployment_shuts(t::model_missing, minute, minute), no_such_model, new_models},
    {s::model_missing_by_400, 18, k::hard_down, r::other, no_cell, no_such_model, new_models},
    {s::route_missing,
     19,
     k::hard_down,
     r::other,
     deployment_counts(t::route_missing),
     {reply::not_supported, 501},
     no_capability},
    {s::request_timeout, 20, k::transient, r::other, deployment_counts(t::timeout),
     gateway_timeout},
    {s::slots_pinned, 21, k::busy, r::other, no_cell, unavailable},
    {s::too_large, 22, k::client_fault, r::larger_limit, no_cell, as_it_came},
    {s::rate_limited_until, 23, k::rate_limit, r::other_or_same,
     deployment_shuts(t::rate_limited, 0, 0), too_many},
    {s::rate_limited, 24, k::rate_limit, r::other,
     deployment_shuts(t::rate_limited, second, 30 * second), too_many},
    {s::server_error, 25, k::transient, r::other, deployment_counts(t::server_error), as_it_came},
    {s::out_of_memory, 26, k::transient, r::other,
     deployment_shuts(t::out_of_memory, 30 * second, 30 * second), unavailable, gone_from_memory},
    {s::engine_dead, 27, k::hard_down, r::other, until_healthy, unavailable},
    {s::proxy_page, 29, k::transient, r::other, backend_counts(t::proxy_error), bad_gateway},
    {s::loading, 30, k::loading, r::other_or_wait, no_cell, {reply::model_loading, 503}},
    {s::overloaded, 31, k::busy, r::other, no_cell, unavailable, fewer_permits},
    {s::wrong_content_type, 32, k::transient, r::other, deployment_counts(t::bad_answer),
     bad_gateway},
    {s::malformed_body, 33, k::transient, r::other, deployment_counts(t::bad_answer), bad_gateway},
    {s::ended_before_content, 36, k::transient, r::other, deployment_counts(t::cut), bad_gateway},
    {s::cut_after_commit,
     37,
     k::transient,
     r::nothing,
     deployment_counts(t::cut),
     {reply::error_event, 0}},
    {s::error_after_commit,
     38,
     k::transient,
     r::nothing,
     deployment_counts(t::server_error),
     {reply::passed_on, 0}},
    {s::ended_without_done, 39, k::success, r::nothing, no_cell, {reply::end_added, 0}},
    {s::policy_refused, 40, k::policy, r::policy_fallback, no_cell, as_it_came},
    {s::limit_full, 41, k::none, r::other, no_cell, too_many},
    {s::queue_too_long, 42, k::none, r::next_tier, no_cell, {}},
    {s::all_cells_open, 43, k::none, r::nothing, no_cell, unavailable},
    {s::deadline_gone, 44, k::none, r::nothing, no_cell, gateway_timeout},
    {s::client_left, 45, k::none, r::nothing, no_cell, {reply::client_left, 499}},
    {s::truncated, 46, k::success, r::nothing, no_cell, as_it_came, warned},
};

struct table {
  verdict of[static_cast<std::size_t>(situation::count_)];
};

constexpr table make_table() {
  table result{};
  for (const auto& each : lines)
    result.of[static_cast<std::size_t>(each.what)] = verdict_of(each);
  return result;
}

constexpr bool is_in_order() {
  std::size_t place = 0;
  for (const auto& each : lines)
    if (static_cast<std::size_t>(each.what) != place++)
      return false;
  return place == static_cast<std::size_t>(situation::count_);
}
static_assert(is_in_order(), "each situation has its line");

constexpr table verdicts = make_table();

} // namespace failure_table
} // namespace

const verdict& line_of(situation what) noexcept {
  const auto place = static_cast<std::size_t>(what);
  return failure_table::verdicts.of[what < situation::count_ ? place : 0];
}

} // namespace synapse::routing
