#include "backends/faults/faults.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace synapse::backends {

namespace {

using fault_json = nlohmann::ordered_json;
using fault_ms = std::chrono::milliseconds;

constexpr std::int64_t longest_span_ms = 86'400'000;
constexpr std::size_t largest_fault_body = 64 * 1024;
constexpr std::array fault_kinds{"status", "hang", "refuse", "cut", "html"};
constexpr std::array fault_members{"status", "hang", "refuse", "cut",         "html", "for",
                                   "times",  "path", "body",   "retry_after", "ok"};

template <class T>
std::optional<T> whole_number(const fault_json& value, T least, T most) {
  if (!value.is_number_integer())
    return std::nullopt;
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(most))
    return std::nullopt;
  auto number = value.get<std::int64_t>();
  if (number < static_cast<std::int64_t>(least) || number > static_cast<std::int64_t>(most))
    return std::nullopt;
  return static_cast<T>(number);
}

response html_page() {
  response page;
  page.content_type = "text/html";
  page.body = "<!DOCTYPE html>\n<html><head><title>Welcome</title></head>"
              "<body><h1>It works!</h1></body></html>\n";
  return page;
}

std::string read_status(const fault_json& body, fault& into) {
  auto status = whole_number<int>(body["status"], 200, 599);
  if (!status)
    return "'status' is a number from 200 to 599";
  if (!body.contains("body")) {
    into.plan.status = *status;
    return {};
  }
  response answer;
  answer.status = *status;
  bool text = body["body"].is_string();
  answer.content_type = text ? "text/plain; charset=utf-8" : "application/json";
  answer.body = text ? body["body"].get<std::string>()
                     : body["body"].dump(-1, ' ', false, fault_json::error_handler_t::replace);
  if (answer.body.size() > largest_fault_body)
    return "'body' has more than 64 KiB";
  into.plan.answer = std::move(answer);
  return {};
}

std::string read_kind(const fault_json& body, fault& into) {
  if (into.kind == "status")
    return read_status(body, into);
  if (into.kind == "cut") {
    auto events = whole_number<std::uint64_t>(body["cut"], 0, 1'000'000);
    if (!events)
      return "'cut' is a number of events up to 1000000";
    into.plan.cut_after_events = *events;
    return {};
  }
  if (body[into.kind] != true)
    return "'" + into.kind + "' can only be true";
  if (into.kind == "html")
    into.plan.answer = html_page();
  else if (into.kind == "refuse")
    into.plan.close_at_once = true;
  else {
    // With an answer of its own, so that the server does not begin to work.
    into.plan.answer = response{};
    into.plan.hang_before_head = true;
  }
  return {};
}

std::string read_retry_after(const fault_json& body, fault& into) {
  auto seconds = whole_number<std::int64_t>(body["retry_after"], 0, 86'400);
  if (!seconds || into.kind != "status")
    return "'retry_after' is a number of seconds, with a status";
  into.plan.retry_after = std::chrono::seconds(*seconds);
  return {};
}

std::string read_limits(const fault_json& body, fault& into) {
  if (body.contains("for")) {
    const auto& span = body["for"];
    if (span.is_string())
      into.duration = parse_span(span.get_ref<const std::string&>());
    else if (auto seconds = whole_number<std::int64_t>(span, 0, longest_span_ms / 1000))
      into.duration = std::chrono::seconds(*seconds);
    if (!into.duration)
      return "'for' is a text like \"10s\" or a number of seconds, up to a day";
  }
  if (body.contains("times")) {
    into.times = whole_number<std::uint64_t>(body["times"], 1, 1'000'000'000);
    if (!into.times)
      return "'times' is a number from 1";
  }
  if (body.contains("path")) {
    if (!body["path"].is_string())
      return "'path' is a text";
    into.path_prefix = body["path"].get<std::string>();
  }
  return body.contains("retry_after") ? read_retry_after(body, into) : std::string();
}

response switch_answer(const fault_json& body, int status = 200) {
  response out;
  out.status = status;
  out.content_type = "application/json";
  out.body = body.dump(-1, ' ', false, fault_json::error_handler_t::replace) + "\n";
  return out;
}

} // namespace

std::optional<fault_ms> parse_span(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, std::int64_t>, 4> units{
      {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}}};
  std::int64_t count = 0;
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (code != std::errc{} || count < 0)
    return std::nullopt;
  auto unit = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const auto& [name, factor] : units)
    if (unit == name && count <= longest_span_ms / factor)
      return fault_ms(count * factor);
  return std::nullopt;
}

std::optional<fault> parse_fault(std::string_view text, std::string& problem) {
  auto body = fault_json::parse(text, nullptr, false);
  if (!body.is_object()) {
    problem = "expected a JSON object, e.g. {\"status\": 500, \"for\": \"10s\"}";
    return std::nullopt;
  }
  fault out;
  for (const auto& [name, value] : body.items()) {
    if (std::find(fault_members.begin(), fault_members.end(), name) == fault_members.end())
      problem = "unknown member '" + name + "'";
    if (std::find(fault_kinds.begin(), fault_kinds.end(), name) == fault_kinds.end())
      continue;
    if (!out.kind.empty())
      problem = "'" + out.kind + "' and '" + name + "' at once";
    out.kind = name;
  }
  if (problem.empty() && out.kind.empty())
    problem = "expected one of status, hang, refuse, cut, html, ok";
  if (problem.empty())
    problem = read_kind(body, out);
  if (problem.empty())
    problem = read_limits(body, out);
  return problem.empty() ? std::optional(std::move(out)) : std::nullopt;
}

void fault_switch::forget_if_over(time_point now) {
  if (set_ && (now >= until_ || (set_->times && done_ >= *set_->times)))
    set_.reset();
}

response fault_switch::state(time_point now) const {
  fault_json body = {{"fault", nullptr}};
  if (set_) {
    body["fault"] = set_->kind;
    body["path"] = set_->path_prefix;
    body["answered"] = done_;
    if (until_ != time_point::max())
      body["left_ms"] = std::chrono::duration_cast<fault_ms>(until_ - now).count();
  }
  return switch_answer(body);
}

fault_switch::outcome fault_switch::control(const request& in, time_point now) {
  forget_if_over(now);
  if (in.method == "GET")
    return {state(now), false};
  if (in.method != "POST")
    return {switch_answer({{"error", "GET or POST"}}, 405), false};
  auto body = fault_json::parse(in.body, nullptr, false);
  if (body.is_object() && body.contains("ok") && body.size() == 1) {
    set_.reset();
    return {state(now), true};
  }
  std::string problem;
  auto wanted = parse_fault(in.body, problem);
  if (!wanted)
    return {switch_answer({{"error", problem}}, 400), false};
  until_ = wanted->duration ? now + *wanted->duration : time_point::max();
  set_ = std::move(wanted);
  done_ = 0;
  return {state(now), false};
}

std::optional<misbehavior_plan> fault_switch::take(std::string_view path, time_point now) {
  forget_if_over(now);
  if (!set_ || !path.starts_with(set_->path_prefix))
    return std::nullopt;
  ++done_;
  return set_->plan;
}

} // namespace synapse::backends
