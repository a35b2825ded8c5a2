#include "backends/server/misbehavior.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace synapse::backends {

namespace {

using ms = std::chrono::milliseconds;
using plan = misbehavior_plan;

enum class value_kind { none, optional, required };

struct item {
  std::string_view name;
  value_kind kind;
  std::int64_t fallback;
  std::int64_t smallest;
  std::int64_t largest;
  std::string_view meaning;
  void (*apply)(plan&, std::int64_t);
};

constexpr std::int64_t many = 1'000'000'000;

std::uint64_t count(std::int64_t value) {
  return static_cast<std::uint64_t>(value);
}

// The one list of what can go wrong: parser and help both read it.
const std::array items{
    item{"refuse", value_kind::optional, 1000, 1, many, "ms the listener stays closed",
         [](plan& p, std::int64_t v) { p.refuse = ms(v); }},
    item{"loading", value_kind::none, 0, 0, 0, "503 as while a model loads",
         [](plan& p, std::int64_t) { p.loading = true; }},
    item{"status", value_kind::required, 0, 200, 599, "status to answer with an error object",
         [](plan& p, std::int64_t v) { p.status = static_cast<int>(v); }},
    item{"html-502", value_kind::none, 0, 0, 0, "502 with an HTML page",
         [](plan& p, std::int64_t) { p.html_502 = true; }},
    item{"text-500", value_kind::none, 0, 0, 0, "500 as plain text: Internal Server Error",
         [](plan& p, std::int64_t) { p.text_500 = true; }},
    item{"lose-references", value_kind::none, 0, 0, 0, "forgets uploaded voices before it answers",
         [](plan& p, std::int64_t) { p.lose_references = true; }},
    item{"synthesis-delay", value_kind::required, 0, 0, many, "ms more for the speech of a text",
         [](plan& p, std::int64_t v) { p.synthesis_delay = ms(v); }},
    item{"load-delay", value_kind::required, 0, 0, many, "ms more for loading the speech model",
         [](plan& p, std::int64_t v) { p.load_delay = ms(v); }},
    item{"broken-audio", value_kind::none, 0, 0, 0, "200 with audio that no decoder reads",
         [](plan& p, std::int64_t) { p.broken_audio = true; }},
    item{"slow-head", value_kind::required, 0, 0, many, "ms before the head",
         [](plan& p, std::int64_t v) { p.slow_head = ms(v); }},
    item{"slow-body", value_kind::required, 0, 0, many, "ms before every event or piece",
         [](plan& p, std::int64_t v) { p.slow_body = ms(v); }},
    item{"hang-before-head", value_kind::none, 0, 0, 0, "never answers",
         [](plan& p, std::int64_t) { p.hang_before_head = true; }},
    item{"hang-after-head", value_kind::none, 0, 0, 0, "stops after the head",
         [](plan& p, std::int64_t) { p.hang_after_head = true; }},
    item{"hang-mid-stream", value_kind::optional, 2, 0, many, "events before it stops",
         [](plan& p, std::int64_t v) { p.hang_after_events = count(v); }},
    item{"reset-before-head", value_kind::none, 0, 0, 0, "RST instead of an answer",
         [](plan& p, std::int64_t) { p.reset_before_head = true; }},
    item{"reset-after-head", value_kind::none, 0, 0, 0, "RST after the head",
         [](plan& p, std::int64_t) { p.reset_after_head = true; }},
    item{"cut", value_kind::required, 0, 0, many, "body bytes before a FIN",
         [](plan& p, std::int64_t v) { p.cut_after_bytes = count(v); }},
    item{"reset", value_kind::required, 0, 0, many, "body bytes before a RST",
         [](plan& p, std::int64_t v) { p.reset_after_bytes = count(v); }},
    item{"cut-clean", value_kind::required, 0, 0, many, "events before a proper chunked end",
         [](plan& p, std::int64_t v) { p.cut_clean_after_events = count(v); }},
    item{"no-done", value_kind::none, 0, 0, 0, "no [DONE], or no event: done",
         [](plan& p, std::int64_t) { p.no_done = true; }},
    item{"no-finish", value_kind::none, 0, 0, 0, "[DONE], but no finish reason",
         [](plan& p, std::int64_t) { p.no_finish = true; }},
    item{"garbage-head", value_kind::none, 0, 0, 0, "bytes that are no HTTP",
         [](plan& p, std::int64_t) { p.garbage_head = true; }},
    item{"garbage-body", value_kind::none, 0, 0, 0, "a body that is no JSON and no SSE",
         [](plan& p, std::int64_t) { p.garbage_body = true; }},
    item{"bad-chunk", value_kind::optional, 1, 0, many, "events before broken chunk framing",
         [](plan& p, std::int64_t v) { p.bad_chunk_after_events = count(v); }},
    item{"malformed-event", value_kind::required, 0, 1, many,
         "number of the event that is cut JSON",
         [](plan& p, std::int64_t v) { p.malformed_event = count(v); }},
    item{"error-event", value_kind::required, 0, 0, many, "events before an error object",
         [](plan& p, std::int64_t v) { p.error_after_events = count(v); }},
    item{"error-200-first", value_kind::none, 0, 0, 0, "200 whose first event is an error",
         [](plan& p, std::int64_t) { p.error_200_first = true; }},
    item{"lie-length", value_kind::required, 0, -many, many, "added to the Content-Length",
         [](plan& p, std::int64_t v) { p.lie_length = v; }},
    item{"double-cl", value_kind::none, 0, 0, 0, "two different Content-Length",
         [](plan& p, std::int64_t) { p.double_length = true; }},
    item{"big-head", value_kind::required, 0, 1, 16'777'216, "bytes of padding headers",
         [](plan& p, std::int64_t v) { p.big_head = count(v); }},
    item{"big-event", value_kind::required, 0, 1, 268'435'456,
         "bytes of padding in the first event",
         [](plan& p, std::int64_t v) { p.big_event = count(v); }},
    item{"crlf-events", value_kind::none, 0, 0, 0, "events end in CR LF",
         [](plan& p, std::int64_t) { p.line_end = "\r\n"; }},
    item{"lf-events", value_kind::none, 0, 0, 0, "events end in LF",
         [](plan& p, std::int64_t) { p.line_end = "\n"; }},
    item{"cr-events", value_kind::none, 0, 0, 0, "events end in CR",
         [](plan& p, std::int64_t) { p.line_end = "\r"; }},
    item{"split-bytes", value_kind::none, 0, 0, 0, "every byte its own write",
         [](plan& p, std::int64_t) { p.split_bytes = true; }},
    item{"close-after", value_kind::none, 0, 0, 0, "closes a kept connection after the answer",
         [](plan& p, std::int64_t) { p.close_after = true; }},
    item{"close-idle", value_kind::required, 0, 0, many, "ms of idleness before it closes",
         [](plan& p, std::int64_t v) { p.close_idle = ms(v); }},
};

bool apply_item(std::string_view text, plan& into, std::string& problem) {
  auto colon = text.find(':');
  auto name = text.substr(0, colon);
  auto found = std::find_if(items.begin(), items.end(),
                            [&](const item& candidate) { return candidate.name == name; });
  if (found == items.end()) {
    problem = "unknown misbehavior '" + std::string(name) + "'";
    return false;
  }
  auto value = found->fallback;
  if (colon == std::string_view::npos) {
    if (found->kind == value_kind::required) {
      problem = "'" + std::string(name) + "' needs a value: " + std::string(found->meaning);
      return false;
    }
  } else {
    auto digits = text.substr(colon + 1);
    if (digits.starts_with('+'))
      digits.remove_prefix(1);
    auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (found->kind == value_kind::none || code != std::errc{} ||
        end != digits.data() + digits.size() || value < found->smallest || value > found->largest) {
      problem = "bad value in '" + std::string(text) + "'";
      return false;
    }
  }
  found->apply(into, value);
  return true;
}

} // namespace

std::optional<misbehavior> parse_misbehavior(std::string_view spec, std::string& problem) {
  misbehavior result;
  if (auto at = spec.find('@'); at != std::string_view::npos) {
    result.path_prefix = spec.substr(at + 1);
    spec = spec.substr(0, at);
  }
  if (spec == "none") {
    result.none = true;
    return result;
  }
  if (spec.empty()) {
    problem = "an empty misbehavior";
    return std::nullopt;
  }
  while (!spec.empty()) {
    auto comma = spec.find(',');
    if (!apply_item(spec.substr(0, comma), result.plan, problem))
      return std::nullopt;
    spec = comma == std::string_view::npos ? std::string_view{} : spec.substr(comma + 1);
  }
  return result;
}

std::string misbehavior_help() {
  std::string out;
  for (const auto& each : items) {
    auto left = std::string(each.name);
    if (each.kind != value_kind::none)
      left += each.kind == value_kind::optional ? "[:N]" : ":N";
    left.resize(std::max<std::size_t>(left.size(), 22), ' ');
    out += "    " + left + " " + std::string(each.meaning) + "\n";
  }
  return out;
}

void misbehavior_book::add(misbehavior what, std::uint64_t times) {
  if (what.none) {
    entries_.clear();
    return;
  }
  entries_.push_back({std::move(what), times, times == 0});
}

std::optional<misbehavior_plan> misbehavior_book::take(std::string_view path) {
  for (auto at = entries_.begin(); at != entries_.end(); ++at) {
    if (!path.starts_with(at->what.path_prefix))
      continue;
    auto plan = at->what.plan;
    if (!at->forever && --at->left == 0)
      entries_.erase(at);
    return plan;
  }
  return std::nullopt;
}

} // namespace synapse::backends
