#include "http/dialects/openai/chat_stream.hpp"

#include "http/core/head/scan.hpp"
#include "http/core/json/json_parser.hpp"

#include <algorithm>
#include <charconv>

namespace synapse::http {
namespace {

namespace dom = simdjson::dom;

bool is_json_space(char c) noexcept {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

std::string_view trim(std::string_view s) noexcept {
  while (!s.empty() && is_json_space(s.front()))
    s.remove_prefix(1);
  while (!s.empty() && is_json_space(s.back()))
    s.remove_suffix(1);
  return s;
}

/// Positions in `s` from `from` on where one of the keys the watch cares about, or an escaped
/// character, may begin: `"fi`, `"er`, `"us`, `"in` or `\u`. Returns s.size() if there is none.
std::size_t find_candidate(std::string_view s, std::size_t from) noexcept {
  const char* p = s.data();
  const std::size_t n = s.size();
  std::size_t i = from;
#if defined(__SSE2__)
  const auto equal = [](__m128i x, char c) { return _mm_cmpeq_epi8(x, _mm_set1_epi8(c)); };
  for (; n - i >= 18; i += 16) {
    const __m128i a = detail::load16(p + i);
    const __m128i b = detail::load16(p + i + 1);
    const __m128i c = detail::load16(p + i + 2);
    const __m128i keys = _mm_or_si128(_mm_or_si128(_mm_and_si128(equal(b, 'f'), equal(c, 'i')),
                                                   _mm_and_si128(equal(b, 'e'), equal(c, 'r'))),
                                      _mm_or_si128(_mm_and_si128(equal(b, 'u'), equal(c, 's')),
                                                   _mm_and_si128(equal(b, 'i'), equal(c, 'n'))));
    const __m128i hit = _mm_or_si128(_mm_and_si128(equal(a, '"'), keys),
                                     _mm_and_si128(equal(a, '\\'), equal(b, 'u')));
    if (const int mask = _mm_movemask_epi8(hit); mask != 0)
      return i + static_cast<unsigned>(std::countr_zero(static_cast<unsigned>(mask)));
  }
#endif
  for (; i + 2 < n; ++i)
    if (p[i] == '"' || (p[i] == '\\' && p[i + 1] == 'u'))
      return i;
  return n;
}

/// What follows a key that ends before `rest`: its value's text, or nothing if this was no key.
std::string_view value_after(std::string_view rest) noexcept {
  rest = trim(rest);
  if (rest.empty() || rest.front() != ':')
    return {};
  return trim(rest.substr(1));
}

bool is_text(dom::element e) noexcept {
  std::string_view s;
  return e.get(s) == simdjson::SUCCESS && !s.empty();
}

/// A value that says something: not null, not false, not an empty string, array or object.
bool is_present(dom::element e) noexcept {
  switch (e.type()) {
  case dom::element_type::NULL_VALUE:
    return false;
  case dom::element_type::BOOL:
    return bool(e.get_bool().value_unsafe());
  case dom::element_type::STRING:
    return is_text(e);
  case dom::element_type::ARRAY:
    return e.get_array().value_unsafe().size() > 0;
  case dom::element_type::OBJECT:
    return e.get_object().value_unsafe().size() > 0;
  default:
    return true;
  }
}

/// Members of a delta that say who speaks, not what.
bool is_label(std::string_view key) noexcept {
  constexpr std::array<std::string_view, 6> labels{"role", "name",  "id",
                                                   "type", "index", "channel"};
  return std::find(labels.begin(), labels.end(), key) != labels.end();
}

/// `delta` of a chat chunk. Servers have ever new names for what a model says (`thinking`,
/// `images`, `annotations`): whatever is no label is content.
bool has_content(dom::object delta) noexcept {
  for (const dom::key_value_pair member : delta)
    if (!is_label(member.key) && is_present(member.value))
      return true;
  return false;
}

struct choice_facts {
  std::uint64_t index = 0;
  bool content = false;
  bool finished = false;
};

choice_facts read_choice(dom::object choice) noexcept {
  choice_facts out;
  for (const dom::key_value_pair member : choice) {
    dom::object delta;
    if (member.key == "index")
      out.index = member.value.is_uint64() ? member.value.get_uint64().value_unsafe() : 0;
    else if (member.key == "finish_reason")
      out.finished = is_present(member.value);
    else if (member.key == "text")
      out.content = out.content || is_text(member.value);
    else if ((member.key == "delta" || member.key == "message") &&
             member.value.get(delta) == simdjson::SUCCESS)
      out.content = out.content || has_content(delta);
  }
  return out;
}

std::int64_t count_of(dom::object usage, std::string_view key, std::int64_t before) noexcept {
  std::int64_t n = 0;
  return usage[key].get(n) == simdjson::SUCCESS && n >= 0 ? n : before;
}

/// The HTTP status an error object names, or 0. Some servers write it as text.
unsigned status_in(dom::object error) noexcept {
  for (const char* key : {"code", "status", "status_code"}) {
    std::int64_t n = 0;
    std::string_view text;
    if (error[key].get(text) == simdjson::SUCCESS)
      std::from_chars(text.data(), text.data() + text.size(), n);
    else if (error[key].get(n) != simdjson::SUCCESS)
      continue;
    if (n >= 400 && n <= 599)
      return static_cast<unsigned>(n);
  }
  return 0;
}

} // namespace

struct chat_stream_watch::parsed {
  bool error = false;
  bool any_choice = false;
  bool content = false;
  bool finish = false;
  bool usage = false;
  bool progress = false;
};

struct chat_stream_watch::document {
  dom::object top;
};

bool chat_stream_watch::seen(std::uint64_t index) const noexcept {
  return index >= max_choices || (seen_[index / 64] >> (index % 64) & 1) != 0;
}

void chat_stream_watch::note_choice(std::uint64_t index, bool is_finished) noexcept {
  if (index >= max_choices)
    return;
  const std::uint64_t bit = std::uint64_t{1} << (index % 64);
  if ((seen_[index / 64] & bit) == 0) {
    seen_[index / 64] |= bit;
    ++choices_seen_;
  }
  if (is_finished && (finished_[index / 64] & bit) == 0) {
    finished_[index / 64] |= bit;
    ++choices_finished_;
  }
}

/// Whether an event after the first content has to be parsed. A quote inside a JSON string is
/// escaped, so `"finish_reason"` followed by a colon can only be a key; a hit merely leads to the
/// parser, which knows whether it is the right one.
bool chat_stream_watch::needs_parsing(std::string_view data) const noexcept {
  if (data.front() != '{' || data.back() != '}')
    return true;
  for (std::size_t i = find_candidate(data, 0); i < data.size(); i = find_candidate(data, i + 1)) {
    const std::string_view rest = data.substr(i);
    if (rest.front() == '\\') {
      // An ASCII character written as an escape could be part of a key.
      if (rest.size() > 4 && rest.substr(2, 2) == "00" && rest[4] >= '2' && rest[4] <= '7')
        return true;
      continue;
    }
    if (rest.starts_with("\"index\"")) {
      const std::string_view value = value_after(rest.substr(7));
      std::uint64_t index = 0;
      const auto r = std::from_chars(value.data(), value.data() + value.size(), index);
      if (r.ec == std::errc{} && !seen(index))
        return true;
    } else if (rest.starts_with("\"finish_reason\"")) {
      const std::string_view value = value_after(rest.substr(15));
      if (!value.empty() && !value.starts_with("null"))
        return true;
    } else if (rest.starts_with("\"usage\"")) {
      const std::string_view value = value_after(rest.substr(7));
      if (!value.empty() && !value.starts_with("null"))
        return true;
    } else if (rest.starts_with("\"error\"")) {
      // Also as a value: `"object":"error"`.
      if (!value_after(rest.substr(7)).starts_with("null"))
        return true;
    }
  }
  return false;
}

chat_event chat_stream_watch::on_event(const sse_event& event) {
  if (!event.stray.empty())
    stray_seen_ = true;
  if (!event.has_data)
    return chat_event::other;
  const chat_event kind = on_data(event.data);
  if (event.type != "error" || kind == chat_event::error)
    return kind;
  if (!error_seen_)
    error_message_.assign(event.data);
  error_seen_ = true;
  return chat_event::error;
}

chat_event chat_stream_watch::on_data(std::string_view data) {
  data = trim(data);
  if (data.empty())
    return chat_event::other;
  ++events_;
  if (data == "[DONE]") {
    done_seen_ = true;
    return chat_event::done;
  }
  if (content_seen_ && !needs_parsing(data))
    return chat_event::content;
  return parse(data);
}

void chat_stream_watch::note_error(const document& error) {
  if (error_seen_)
    return;
  error_seen_ = true;
  std::string_view message;
  if (error.top["message"].get(message) == simdjson::SUCCESS)
    error_message_.assign(message);
  error_status_ = status_in(error.top);
}

/// llama.cpp's own counts: they come with the last choice of every stream, a usage only when it is
/// asked for. What is in its cache already does not count as read there, but does in a usage.
void chat_stream_watch::note_timings(const document& timings) {
  if (usage_seen_)
    return;
  const auto read = count_of(timings.top, "prompt_n", -1);
  if (read >= 0)
    prompt_tokens_ = read + count_of(timings.top, "cache_n", 0);
  completion_tokens_ = count_of(timings.top, "predicted_n", completion_tokens_);
}

chat_stream_watch::parsed chat_stream_watch::read(const document& doc) {
  parsed facts;
  for (const dom::key_value_pair member : doc.top) {
    dom::array choices;
    dom::object object;
    std::string_view text;
    if (member.key == "choices" && member.value.get(choices) == simdjson::SUCCESS) {
      for (const dom::element element : choices) {
        dom::object choice;
        if (element.get(choice) != simdjson::SUCCESS)
          continue;
        const choice_facts c = read_choice(choice);
        note_choice(c.index, c.finished);
        facts.any_choice = true;
        facts.content = facts.content || c.content;
        facts.finish = facts.finish || c.finished;
      }
    } else if (member.key == "usage" && member.value.get(object) == simdjson::SUCCESS) {
      facts.usage = usage_seen_ = true;
      prompt_tokens_ = count_of(object, "prompt_tokens", prompt_tokens_);
      completion_tokens_ = count_of(object, "completion_tokens", completion_tokens_);
    } else if (member.key == "prompt_progress") {
      facts.progress = facts.progress || is_present(member.value);
    } else if (member.key == "timings" && member.value.get(object) == simdjson::SUCCESS) {
      note_timings({object});
    } else if (member.key == "error" && member.value.get(object) == simdjson::SUCCESS) {
      facts.error = true;
      note_error({object});
    } else if (member.key == "error" && is_text(member.value)) {
      facts.error = true;
      if (!error_seen_)
        error_message_.assign(member.value.get_string().value_unsafe());
      error_seen_ = true;
    } else if (member.key == "object" && member.value.get(text) == simdjson::SUCCESS &&
               text == "error") { // the flat form
      facts.error = true;
      note_error(doc);
    }
  }
  content_seen_ = content_seen_ || facts.content || facts.finish;
  progress_seen_ = progress_seen_ || facts.progress;
  return facts;
}

chat_event chat_stream_watch::parse(std::string_view data) {
  detail::borrowed_parser parser;
  dom::element root;
  if (parser.parse(data, false, root) != simdjson::SUCCESS) {
    ++malformed_;
    content_seen_ = true; // whoever waits for something to show has something to show
    return chat_event::malformed;
  }
  dom::object top;
  if (root.get(top) != simdjson::SUCCESS)
    return chat_event::other;
  const parsed facts = read(document{top});
  if (facts.error)
    return chat_event::error;
  if (facts.finish)
    return chat_event::finish;
  if (facts.content)
    return chat_event::content;
  if (facts.progress)
    return chat_event::progress;
  if (facts.any_choice)
    return chat_event::role_only;
  return facts.usage ? chat_event::usage : chat_event::other;
}

chat_end chat_stream_watch::at_end() const noexcept {
  if (error_seen_)
    return chat_end::error_reported;
  if (done_seen_)
    return content_seen_ ? chat_end::complete : chat_end::truncated;
  if (finished())
    return chat_end::finished_without_done;
  return events_ == 0 && !stray_seen_ ? chat_end::empty : chat_end::truncated;
}

bool is_whole_at_end(const sse_event& last) {
  return last.stray.empty() &&
         (!last.has_data || last.data == "[DONE]" || inspect_json(last.data).ok());
}

std::string_view to_string(chat_event e) noexcept {
  switch (e) {
  case chat_event::content:
    return "content";
  case chat_event::role_only:
    return "role_only";
  case chat_event::progress:
    return "progress";
  case chat_event::finish:
    return "finish";
  case chat_event::usage:
    return "usage";
  case chat_event::done:
    return "done";
  case chat_event::error:
    return "error";
  case chat_event::malformed:
    return "malformed";
  case chat_event::other:
    return "other";
  }
  return "other";
}

std::string_view to_string(chat_end e) noexcept {
  switch (e) {
  case chat_end::complete:
    return "complete";
  case chat_end::finished_without_done:
    return "finished_without_done";
  case chat_end::truncated:
    return "truncated";
  case chat_end::error_reported:
    return "error_reported";
  case chat_end::empty:
    return "empty";
  }
  return "truncated";
}

} // namespace synapse::http
