/// @file
/// What stands around every handler.
#pragma once

#include "http/net/task.hpp"

#include <optional>
#include <span>
#include <string_view>

namespace synapse::server {

class exchange;

/// One step around the handlers. Plain functions, on the exchange's thread: what a filter has to
/// remember is in the exchange or its record.
struct filter {
  std::string_view name;
  /// Before the handler. @returns the work of an answer, which stands for the handler and for all
  /// filters behind; nothing: the next one is asked. Null: it only looks at the end.
  std::optional<net::task<void>> (*on_request)(exchange&);
  /// When all is over, whoever has answered: the record is complete. Null: nothing to do.
  void (*on_end)(exchange&);
};

/// All of them, in the order in which they are asked, before and after. Here is where a further one
/// goes: filters.cpp.
std::span<const filter> filters() noexcept;

/// Asks every filter. @returns the answer's work, or nothing: the handler of `matched()` is called.
std::optional<net::task<void>> ask_filters(exchange& current);
/// Tells every filter that the exchange is over.
void tell_filters(exchange& current);

// ---- the filters, by file ----

// request_filters.cpp
/// A connection in a reserved place gets answers to probes only.
std::optional<net::task<void>> keep_for_probes(exchange& current);
/// A path that has no normal form.
std::optional<net::task<void>> check_path(exchange& current);
/// Finds the route; methods that no route ever has are refused.
std::optional<net::task<void>> find_route(exchange& current);
/// A client that asks for another protocol, where the route has none.
std::optional<net::task<void>> check_upgrade(exchange& current);
/// 405 for a path that has other methods, 404 for one that has none.
std::optional<net::task<void>> check_method(exchange& current);

// origin_filter.cpp
/// Names that a listener answers to and pages of other origins, see origin_policy.
std::optional<net::task<void>> check_origin(exchange& current);

// account_filters.cpp
std::optional<net::task<void>> count_begin(exchange& current);
void count_end(exchange& current);
/// A line of the access log, and a row of the dashboard's list of finished requests.
void log_end(exchange& current);

} // namespace synapse::server
