/// @file
/// Where a request of a catalog's name has been: for the list of finished requests, for the log and
/// for metrics.
#pragma once

#include "http/server/exchange/exchange.hpp"
#include "routing/failure/verdict.hpp"
#include "routing/journey/moved.hpp"
#include "routing/names/name_table.hpp"
#include "telemetry/request_trace.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace synapse::api {

/// Takes no memory for a request whose first deployment answers well. Of one request, on its
/// thread; what it has seen is remembered when it ends.
class attempt_trace {
public:
  /// @param asked the name; both outlive this.
  attempt_trace(server::exchange& exchange, const routing::model_name& asked);
  attempt_trace(const attempt_trace&) = delete;
  attempt_trace& operator=(const attempt_trace&) = delete;
  ~attempt_trace();

  /// How an attempt went. @param took ns
  struct ending {
    telemetry::trace_end end = telemetry::trace_end::good;
    std::int64_t took = 0;
    unsigned status = 0;                      ///< of its answer; 0: there was none
    const routing::verdict* judged = nullptr; ///< null: nothing was wrong
    std::string_view words = {};              ///< what was wrong, for people
  };
  void ended(const routing::deployment& at, const ending& how);
  /// It was not asked. @param full it has no room, else it is out of service
  void not_asked(const routing::deployment& at, bool full);
  /// It is asked next, or first of all.
  void going(const routing::deployment& to, routing::moved why);
  /// Nobody is left to ask.
  void nowhere();

private:
  telemetry::request_trace& trace();
  void note(std::string_view to, std::string_view why);

  server::exchange& ex_;
  const routing::model_name& asked_;
  std::unique_ptr<telemetry::request_trace> trace_; ///< null: all went plainly so far
  const routing::deployment* from_ = nullptr;       ///< that was asked last
  routing::moved why_ = routing::moved::no;         ///< it was asked there
  std::string reason_;                              ///< why it is left
  bool is_clients_fault_ = false;                   ///< that reason
};

} // namespace synapse::api
