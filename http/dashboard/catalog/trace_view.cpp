#include "http/dashboard/catalog/trace_view.hpp"

#include "routing/failure/verdict_words.hpp"
#include "routing/journey/moved.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace synapse::api {

namespace {
using json = nlohmann::ordered_json;
using telemetry::trace_end;

template <class Enum>
Enum bounded(std::uint32_t value, std::size_t count) {
  return static_cast<Enum>(value < count ? value : 0);
}

/// "it does not take the gateway's key", or "busy" where there is no more to say.
std::string_view failure_words(const telemetry::traced_attempt& one) {
  const auto words = words_of(bounded<routing::trouble>(one.trouble, routing::trouble_count));
  return words.empty() ? to_string(bounded<routing::disposition>(one.disposition, 10)) : words;
}

std::string_view outcome_words(const telemetry::traced_attempt& one) {
  switch (one.end) {
  case trace_end::good:
    return "answered";
  case trace_end::left:
    return "the client left";
  case trace_end::full:
    return "not asked: it had no room";
  case trace_end::shut:
    return "not asked: it was out of service";
  case trace_end::failed:
  case trace_end::broken:
    break;
  }
  return failure_words(one);
}

/// Where the request went from there.
std::string_view next_words(const telemetry::traced_attempt& one, bool is_same) {
  if (!one.went_on)
    return {};
  const auto why = to_string(bounded<routing::moved>(one.moved, routing::moved_count));
  return !why.empty() ? why : is_same ? "again" : "beside";
}

json describe(const telemetry::traced_attempt& one, std::string_view next) {
  return {{"deployment", one.deployment.view()},
          {"end", to_string(one.end)},
          {"outcome", outcome_words(one)},
          {"row", one.row == 0 ? json(nullptr) : json(one.row)},
          {"status", one.status == 0 ? json(nullptr) : json(one.status)},
          {"ms", static_cast<double>(one.took_us) / 1000},
          {"next", next.empty() ? json(nullptr) : json(next)}};
}
} // namespace

traces_by_number read_traces(const std::vector<const telemetry::trace_ring*>& rings) {
  std::vector<telemetry::request_trace> known;
  for (const auto* ring : rings)
    ring->copy_to(known);
  traces_by_number result;
  for (const auto& one : known)
    result.emplace(one.number, one);
  return result;
}

json describe_attempts(const telemetry::finished_request& one, const traces_by_number& traces) {
  auto result = json::array();
  if (one.trace == 0) {
    if (one.deployment.empty())
      return result;
    telemetry::traced_attempt only;
    only.deployment.assign(one.deployment.view());
    only.status = one.status;
    only.took_us = static_cast<std::uint32_t>(
        std::clamp<std::int64_t>((one.duration_ns - one.overhead_ns) / 1000, 0, 4'000'000'000));
    result.push_back(describe(only, {}));
    return result;
  }
  const auto found = traces.find(one.trace);
  if (found == traces.end())
    return nullptr;
  const auto& all = found->second;
  const auto kept = std::min<std::size_t>(all.count, all.most);
  for (std::size_t i = 0; i < kept; ++i) {
    const bool is_same =
        i + 1 < kept && all.attempts[i].deployment.view() == all.attempts[i + 1].deployment.view();
    result.push_back(describe(all.attempts[i], next_words(all.attempts[i], is_same)));
  }
  return result;
}

} // namespace synapse::api
