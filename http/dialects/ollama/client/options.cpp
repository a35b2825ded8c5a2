// How a text is to be made: what Ollama's requests say about it, and what OpenAI's clients, and
// those of the servers that speak its form, call that.
#include "http/dialects/ollama/client/draft.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace synapse::http::ollama::client {

namespace {
enum class kind : std::uint8_t { number, integer, length, stop, lost };

struct option {
  std::string_view place; ///< with `options.` before its name
  std::string_view chat;  ///< the member of a chat; empty: its own name
  kind what;

  std::string_view name() const noexcept { return place.substr(8); }
  std::string_view member() const noexcept { return chat.empty() ? name() : chat; }
};

/// Those that OpenAI's form has not got are llama.cpp's and vLLM's there, under the same names.
constexpr std::array options{option{"options.temperature", "", kind::number},
                             option{"options.top_p", "", kind::number},
                             option{"options.min_p", "", kind::number},
                             option{"options.typical_p", "", kind::number},
                             option{"options.presence_penalty", "", kind::number},
                             option{"options.frequency_penalty", "", kind::number},
                             option{"options.repeat_penalty", "", kind::number},
                             option{"options.top_k", "", kind::integer},
                             option{"options.repeat_last_n", "", kind::integer},
                             option{"options.seed", "", kind::integer},
                             option{"options.num_predict", "max_tokens", kind::length},
                             option{"options.stop", "", kind::stop},
                             option{"options.num_ctx", "", kind::lost},
                             option{"options.num_keep", "", kind::lost},
                             option{"options.num_batch", "", kind::lost},
                             option{"options.num_gpu", "", kind::lost},
                             option{"options.main_gpu", "", kind::lost},
                             option{"options.num_thread", "", kind::lost},
                             option{"options.use_mmap", "", kind::lost},
                             option{"options.use_mlock", "", kind::lost},
                             option{"options.numa", "", kind::lost},
                             option{"options.low_vram", "", kind::lost},
                             option{"options.draft_num_predict", "", kind::lost},
                             option{"options.penalize_newline", "", kind::lost},
                             option{"options.mirostat", "", kind::lost},
                             option{"options.mirostat_eta", "", kind::lost},
                             option{"options.mirostat_tau", "", kind::lost},
                             option{"options.tfs_z", "", kind::lost}};

constexpr std::string_view unknown_option = "options.unknown";

bool put_number(draft& to, const option& which, std::string_view value) {
  if (!detail::number_of(value))
    return to.refuse(std::string{which.place}, "has to be a number");
  to.add(which.member()) += value;
  // vLLM and SGLang know it by another name, and each server leaves aside the one it does not know.
  if (which.name() == "repeat_penalty")
    to.add("repetition_penalty") += value;
  return true;
}

/// 0 and less are no limit there, which is said by saying nothing.
bool put_integer(draft& to, const option& which, std::string_view value) {
  const auto number = detail::integer_of(value);
  if (!number)
    return to.refuse(std::string{which.place}, "has to be a whole number");
  if (which.what != kind::length || *number > 0)
    to.add(which.member()) += std::to_string(*number);
  return true;
}

/// An empty text, which every text contains, would end an answer before it begins.
bool put_stop(draft& to, const option& which, std::string_view value) {
  std::string list;
  const auto take = [&](std::string_view one) {
    if (detail::is_text(one))
      (list += list.empty() ? '[' : ',') += one;
    return one.starts_with('"');
  };
  const bool good = value.starts_with('[') ? detail::each_of(value, take) : take(value);
  if (!good)
    return to.refuse(std::string{which.place}, "has to be a list of strings");
  if (!list.empty())
    to.add("stop") += list += ']';
  return true;
}

bool put_option(draft& to, const option& which, std::string_view value) {
  switch (which.what) {
  case kind::number:
    return put_number(to, which, value);
  case kind::integer:
  case kind::length:
    return put_integer(to, which, value);
  case kind::stop:
    return put_stop(to, which, value);
  case kind::lost:
    break;
  }
  if (detail::is_said(value))
    to.lose(which.place);
  return true;
}

/// Nanoseconds, roughly, and the sign of a duration such as `1h30m` or `-1m`.
struct duration {
  bool good = false;
  bool zero = true;
};
duration read_duration(std::string_view text) {
  duration result;
  if (text.starts_with('-') || text.starts_with('+'))
    text.remove_prefix(1);
  if (text == "0")
    return {true, true};
  constexpr std::array<std::string_view, 8> units{"ns", "us", "\xC2\xB5s", "\xCE\xBCs",
                                                  "ms", "s",  "m",         "h"};
  while (!text.empty()) {
    double amount = 0;
    const auto* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, amount, std::chars_format::fixed);
    if (read.ec != std::errc{} || text.front() == '-')
      return {};
    text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
    const auto* unit =
        std::find_if(units.begin(), units.end(), [&](auto one) { return text.starts_with(one); });
    if (unit == units.end())
      return {};
    text.remove_prefix(unit->size());
    result.zero = result.zero && amount == 0;
    result.good = true;
  }
  return result;
}

struct effort {
  std::string_view native;
  std::string_view asked;
};
constexpr std::array efforts{effort{"low", "\"low\""}, effort{"medium", "\"medium\""},
                             effort{"high", "\"high\""}, effort{"max", "\"xhigh\""}};
} // namespace

bool add_options(draft& to, std::string_view from) {
  if (!from.empty() && !from.starts_with('{'))
    return to.refuse("options", "has to be an object");
  // Of a repeated name the last one counts.
  std::array<std::string_view, options.size()> values{};
  detail::json_cursor cursor(from);
  if (cursor.peek() == '{')
    cursor.members([&](byte_range name, std::uint32_t) {
      const auto value = cursor.value().of(from);
      const auto* found = std::find_if(options.begin(), options.end(), [&](const option& one) {
        return detail::says(name.of(from), one.name());
      });
      if (found != options.end())
        values[static_cast<std::size_t>(found - options.begin())] =
            value == "null" ? std::string_view{} : value;
      else if (detail::is_said(value))
        to.lose(unknown_option);
    });
  for (std::size_t i = 0; i < options.size(); ++i)
    if (!values[i].empty() && !put_option(to, options[i], values[i]))
      return false;
  return true;
}

bool add_format(draft& to, std::string_view format) {
  if (format.empty() || format == "\"\"")
    return true;
  auto& out = to.add("response_format");
  if (format.starts_with('{'))
    ((out += R"({"type":"json_schema","json_schema":{"name":"answer","schema":)") += format) +=
        "}}";
  else if (detail::says(format, "json"))
    out += R"({"type":"json_object"})";
  else
    return to.refuse("format", "has to be json, or a JSON schema as an object");
  return true;
}

/// Servers of open models have two words for it: how much, and for templates that know no measure
/// whether at all.
bool add_think(draft& to, std::string_view think) {
  if (think.empty())
    return true;
  if (think == "true" || think == "false") {
    to.add("reasoning_effort") += think == "true" ? "\"medium\"" : "\"none\"";
    ((to.add("chat_template_kwargs") += R"({"enable_thinking":)") += think) += '}';
    return true;
  }
  const auto* found = std::find_if(efforts.begin(), efforts.end(), [&](const effort& one) {
    return detail::says(think, one.native);
  });
  if (found == efforts.end())
    return to.refuse("think", "has to be true, false, low, medium, high or max");
  to.add("reasoning_effort") += found->asked;
  return true;
}

bool is_keep_alive(std::string_view value) {
  return value.starts_with('"') ? read_duration(detail::unquoted(value)).good
                                : detail::number_of(value).has_value();
}

bool is_zero(std::string_view keep_alive) {
  if (!keep_alive.starts_with('"'))
    return detail::number_of(keep_alive) == 0.0;
  const auto read = read_duration(detail::unquoted(keep_alive));
  return read.good && read.zero;
}

} // namespace synapse::http::ollama::client
