#include "http/api/deployments/attempt_trace.hpp"

#include "http/api/deployments/line_limit.hpp"
#include "routing/failure/verdict_words.hpp"
#include "routing/records/deployment_record.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <limits>

namespace synapse::api {

namespace {
/// Lines about decisions, of each thread.
constexpr unsigned lines_per_second = 20;
constexpr std::size_t most_words = 200;

std::uint32_t in_us(std::int64_t ns) {
  return static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(ns / 1000, 0, std::numeric_limits<std::uint32_t>::max()));
}

/// "hard down, row 13: invalid key"
std::string reason_text(const routing::verdict& judged, std::string_view words) {
  std::string text{to_string(judged.kind)};
  text += (text.empty() ? "row " : ", row ") + std::to_string(judged.row);
  if (!words.empty())
    text.append(": ").append(telemetry::utf8_prefix(words, most_words));
  return text;
}

/// A change of tier or name; those in the same tier are the strategy's business. Another name of
/// the same pattern shows itself by its reason alone.
bool is_fallback(const routing::deployment* from, routing::moved before,
                 const routing::deployment& to, routing::moved why) {
  return why != routing::moved::no &&
         (from == nullptr || from->name != to.name || from->settings->order != to.settings->order ||
          (why != before && why > routing::moved::spill));
}
} // namespace

attempt_trace::attempt_trace(server::exchange& exchange, const routing::model_name& asked)
    : ex_(exchange), asked_(asked) {}

attempt_trace::~attempt_trace() {
  if (from_ != nullptr)
    ex_.record().deployment.assign(from_->settings->id);
  if (!trace_)
    return;
  const auto kept = std::min<std::size_t>(trace_->count, trace_->most);
  if (kept > 0 && trace_->count <= trace_->most) {
    auto& last = trace_->attempts[kept - 1];
    if (last.status == 0 && last.end == telemetry::trace_end::good)
      last.status = static_cast<std::uint16_t>(ex_.record().status);
  }
  trace_->number =
      (std::uint64_t{ex_.owner().io.index() + 1U} << 48U) | (ex_.number() & 0xffff'ffff'ffffU);
  ex_.owner().traces.add(*trace_);
  ex_.record().trace = trace_->number;
}

telemetry::request_trace& attempt_trace::trace() {
  if (!trace_)
    trace_ = std::make_unique<telemetry::request_trace>();
  return *trace_;
}

void attempt_trace::ended(const routing::deployment& at, const ending& how) {
  if (how.end == telemetry::trace_end::good && !trace_)
    return;
  auto& all = trace();
  if (all.count++ >= all.most)
    return;
  auto& one = all.attempts[all.count - 1];
  one.deployment.assign(at.settings->id);
  one.took_us = in_us(how.took);
  one.status = static_cast<std::uint16_t>(how.status);
  one.end = how.end;
  if (how.judged != nullptr) {
    one.row = how.judged->row;
    one.disposition = static_cast<std::uint8_t>(how.judged->kind);
    one.trouble = static_cast<std::uint8_t>(how.judged->cell.why);
    is_clients_fault_ = how.judged->kind == routing::disposition::client_fault;
    reason_ = reason_text(*how.judged, how.words);
  }
  if (how.end == telemetry::trace_end::broken)
    note("nobody, the answer had begun", reason_);
}

void attempt_trace::not_asked(const routing::deployment& at, bool full) {
  ending how;
  how.end = full ? telemetry::trace_end::full : telemetry::trace_end::shut;
  ended(at, how);
  from_ = &at;
  is_clients_fault_ = false;
  reason_ = full ? "it has no room" : "it is out of service";
}

void attempt_trace::going(const routing::deployment& to, routing::moved why) {
  const bool plain = from_ == nullptr && why == routing::moved::no;
  if (!plain) {
    auto& all = trace();
    if (all.count == 0) {
      all.first_moved = static_cast<std::uint32_t>(why);
    } else if (all.count <= all.most) {
      auto& last = all.attempts[all.count - 1];
      last.went_on = true;
      last.moved = static_cast<std::uint8_t>(why);
    }
    if (reason_.empty())
      reason_ = "what comes before it is out of service or full";
    note(to.settings->id, reason_);
  }
  const auto* left = from_ != nullptr             ? from_
                     : asked_.deployments.empty() ? nullptr
                                                  : &asked_.deployments.front();
  if (left != nullptr && is_fallback(from_, why_, to, why))
    ex_.routes()->record(left->place).counts.moved_on(why);
  from_ = &to;
  why_ = why;
}

void attempt_trace::nowhere() {
  if (!is_clients_fault_ && (from_ != nullptr || !reason_.empty()))
    note("nobody, none is left", reason_);
}

/// One line for a decision that was not the plain one.
void attempt_trace::note(std::string_view to, std::string_view why) {
  static thread_local line_limit limit{lines_per_second};
  std::uint64_t left_out = 0;
  if (!limit.allows(net::io_thread::recent(), left_out))
    return;
  const std::string_view from =
      from_ != nullptr ? std::string_view{from_->settings->id} : std::string_view{"first choice"};
  if (left_out == 0)
    spdlog::info("request {}: {}: {} -> {}: {}", ex_.id(), asked_.settings->name, from, to, why);
  else
    spdlog::info("request {}: {}: {} -> {}: {} ({} lines like this were left out)", ex_.id(),
                 asked_.settings->name, from, to, why, left_out);
}

} // namespace synapse::api
