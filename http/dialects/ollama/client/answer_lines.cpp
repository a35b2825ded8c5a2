#include "http/dialects/ollama/client/answer_lines.hpp"

#include "http/core/local_reply.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace synapse::http::ollama::client {

namespace {
void append_digits(std::string& out, std::uint64_t number, std::size_t digits) {
  std::array<char, 20> text{};
  for (auto at = digits; at-- > 0; number /= 10)
    text[at] = static_cast<char>('0' + number % 10);
  out.append(text.data(), digits);
}

/// A count or a duration; those that are zero are left out, as the server does.
void append_measure(std::string& out, std::string_view name, std::int64_t value) {
  if (value <= 0)
    return;
  ((out += ",\"") += name) += "\":";
  append_number(out, static_cast<std::uint64_t>(value));
}

/// Only the length of an answer is told apart there.
std::string_view done_reason(std::string_view finish_reason) noexcept {
  return finish_reason == R"("length")" ? "length" : "stop";
}
} // namespace

void append_time(std::string& out, std::int64_t ns) {
  using namespace std::chrono;
  const auto time = std::max<std::int64_t>(ns, 0);
  const sys_time<nanoseconds> point{nanoseconds{time}};
  const auto day = floor<days>(point);
  const year_month_day date{day};
  const hh_mm_ss<nanoseconds> clock{point - day};
  append_digits(out, static_cast<std::uint64_t>(static_cast<int>(date.year())), 4);
  append_digits(out += '-', static_cast<unsigned>(date.month()), 2);
  append_digits(out += '-', static_cast<unsigned>(date.day()), 2);
  append_digits(out += 'T', static_cast<std::uint64_t>(clock.hours().count()), 2);
  append_digits(out += ':', static_cast<std::uint64_t>(clock.minutes().count()), 2);
  append_digits(out += ':', static_cast<std::uint64_t>(clock.seconds().count()), 2);
  if (const auto rest = clock.subseconds().count(); rest > 0)
    append_digits(out += '.', static_cast<std::uint64_t>(rest), 9);
  out += 'Z';
}

/// Up to what tells whether it is the last one.
void answer_lines::begin(std::string& out, const answer_line& said, std::int64_t now) const {
  append_json_string(out += R"({"model":)", facts_.model);
  append_time(out += R"(,"created_at":")", now);
  out += by_ == route::chat ? R"(","message":{"role":"assistant","content":)" : R"(","response":)";
  out += said.content.empty() ? std::string_view{"\"\""} : said.content;
  if (!said.thinking.empty())
    (out += R"(,"thinking":)") += said.thinking;
  if (by_ != route::chat)
    return;
  if (!said.calls.empty())
    ((out += R"(,"tool_calls":[)") += said.calls) += ']';
  out += '}';
}

void answer_lines::append(std::string& out, const answer_line& said) {
  const auto now = facts_.now();
  if (first_ == 0)
    first_ = now;
  begin(out, said, now);
  out += ",\"done\":false}\n";
}

void answer_lines::append_last(std::string& out, const answer_line& said, const answer_end& end) {
  const auto now = facts_.now();
  begin(out, said, now);
  out += R"(,"done":true)";
  if (!end.finish_reason.empty())
    ((out += R"(,"done_reason":")") += done_reason(end.finish_reason)) += '"';
  append_measure(out, "total_duration", now - facts_.started);
  append_measure(out, "prompt_eval_count", end.prompt_tokens);
  if (first_ != 0)
    append_measure(out, "prompt_eval_duration", first_ - facts_.started);
  append_measure(out, "eval_count", end.completion_tokens);
  if (first_ != 0)
    append_measure(out, "eval_duration", now - first_);
  out += '}';
}

void append_loaded(std::string& out, route by, const load_only& asked, const answer_facts& facts) {
  if (by == route::embeddings) {
    out += R"({"embedding":[]})";
    return;
  }
  append_json_string(out += R"({"model":)", facts.model);
  if (by == route::embed) {
    out += R"(,"embeddings":[]})";
    return;
  }
  append_time(out += R"(,"created_at":")", facts.now());
  out +=
      by == route::chat ? R"(","message":{"role":"assistant","content":""})" : R"(","response":"")";
  out += asked.unload ? R"(,"done":true,"done_reason":"unload"})"
                      : R"(,"done":true,"done_reason":"load"})";
}

} // namespace synapse::http::ollama::client
