#include "http/dialects/ollama/draft.hpp"

#include "http/core/local_reply.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace synapse::http::ollama {

using namespace std::string_view_literals;

namespace {
constexpr std::array member_names{"audio"sv,
                                  "best_of"sv,
                                  "chat_template_kwargs"sv,
                                  "dimensions"sv,
                                  "echo"sv,
                                  "encoding_format"sv,
                                  "frequency_penalty"sv,
                                  "function_call"sv,
                                  "functions"sv,
                                  "input"sv,
                                  "logit_bias"sv,
                                  "logprobs"sv,
                                  "max_completion_tokens"sv,
                                  "max_tokens"sv,
                                  "messages"sv,
                                  "min_p"sv,
                                  "modalities"sv,
                                  "n"sv,
                                  "parallel_tool_calls"sv,
                                  "prediction"sv,
                                  "presence_penalty"sv,
                                  "prompt"sv,
                                  "reasoning"sv,
                                  "reasoning_effort"sv,
                                  "repeat_last_n"sv,
                                  "repeat_penalty"sv,
                                  "repetition_penalty"sv,
                                  "response_format"sv,
                                  "seed"sv,
                                  "service_tier"sv,
                                  "stop"sv,
                                  "store"sv,
                                  "stream"sv,
                                  "suffix"sv,
                                  "temperature"sv,
                                  "think"sv,
                                  "tool_choice"sv,
                                  "tools"sv,
                                  "top_k"sv,
                                  "top_logprobs"sv,
                                  "top_p"sv,
                                  "typical_p"sv,
                                  "verbosity"sv,
                                  "web_search_options"sv};
static_assert(member_names.size() == static_cast<std::size_t>(member::count_));

/// What changes nothing about an answer, or is the gateway's: not worth a word.
constexpr std::array silent_names{"model"sv,
                                  "stream_options"sv,
                                  "synapse"sv,
                                  "user"sv,
                                  "metadata"sv,
                                  "prompt_cache_key"sv,
                                  "prompt_cache_retention"sv,
                                  "safety_identifier"sv};

/// The server has nothing like them, and an answer without is one all the same.
constexpr std::array lost_members{member::logit_bias, member::prediction,   member::service_tier,
                                  member::store,      member::top_logprobs, member::verbosity};

/// The name that stands for all that nobody here knows: a client's own text is no good for a head.
constexpr std::string_view unknown_name = "unknown_fields";

template <std::size_t N>
std::size_t index_in(const std::array<std::string_view, N>& names, std::string_view name) {
  return static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
}

/// Whether a keep_alive is a number of seconds, which is not to be written as a text.
bool is_seconds(std::string_view text) noexcept {
  std::int64_t unused = 0;
  const auto* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, unused);
  return read.ec == std::errc{} && read.ptr == end;
}
} // namespace

std::string_view to_string(member which) noexcept {
  const auto index = static_cast<std::size_t>(which);
  return index < member_names.size() ? member_names[index] : std::string_view{};
}

draft::draft(std::string_view body, const call_settings& settings) : settings_(settings) {
  out_.reserve(body.size() + 256);
  bool unknown = false;
  std::string plain;
  detail::json_cursor cursor(body);
  cursor.members([&](byte_range quoted, std::uint32_t) {
    auto name = quoted.of(body);
    const auto value = cursor.value().of(body);
    if (name.find('\\') == std::string_view::npos) {
      name = name.size() < 2 ? std::string_view{} : name.substr(1, name.size() - 2);
    } else {
      plain.clear();
      detail::append_unescaped(plain, name);
      name = plain;
    }
    // A repeated one: the last counts.
    if (const auto at = index_in(member_names, name); at < member_names.size())
      values_[at] = value == "null" ? std::string_view{} : value;
    else if (index_in(silent_names, name) == silent_names.size())
      unknown = unknown || is_said(value);
  });
  if (unknown)
    lose(unknown_name);
  for (const auto which : lost_members)
    if (is_said((*this)[which]))
      lose(to_string(which));
}

member draft::first_of(std::initializer_list<member> names) const noexcept {
  auto found = member::count_;
  for (const auto which : names) {
    found = which;
    if (!(*this)[which].empty())
      break;
  }
  return found;
}

bool draft::refuse(member which, std::string message) {
  return refuse(std::string{to_string(which)}, std::move(message));
}

bool draft::read(member which, bool& to) {
  return request_draft::read(to_string(which), (*this)[which], to);
}

bool draft::is_one(member which) {
  const auto value = (*this)[which];
  if (value.empty() || integer_of(value) == 1)
    return true;
  return refuse(which, "has to be 1: this backend gives one answer at a time");
}

std::string& draft::add(std::string_view name) {
  out_ += out_.empty() ? '{' : ',';
  out_ += '"';
  out_ += name;
  out_ += "\":";
  return out_;
}

native_request draft::finish(std::string_view path) {
  out_ += '}';
  native_call call;
  call.path = path;
  return settle(std::move(call), std::move(out_));
}

void add_constants(draft& to) {
  const auto keep_alive = to.settings().keep_alive;
  if (is_seconds(keep_alive))
    to.add("keep_alive") += keep_alive;
  else if (!keep_alive.empty())
    append_json_string(to.add("keep_alive"), keep_alive);
  to.add("truncate") += "false";
}

} // namespace synapse::http::ollama
