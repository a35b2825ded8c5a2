#include "telemetry/log_redactor.hpp"

#include "telemetry/secret_scanner.hpp"
#include "telemetry/text_escape.hpp"

#include <cstdint>
#include <ctime>
#include <regex>
#include <utility>

namespace synapse::telemetry {

namespace {

constexpr std::size_t max_pattern_bytes = 1024;
/// Processor time that one pattern may take to find its matches in a line that has some.
constexpr std::int64_t max_search_ns = 50'000'000;

/// The library's default matcher calls itself once per character (a long line ends the stack) and
/// can take exponential time; the polynomial one does neither, at the price of back-references.
std::regex compile(const std::string& pattern) {
  auto flags = std::regex::ECMAScript | std::regex::icase | std::regex::nosubs;
#ifdef __GLIBCXX__
  flags |= std::regex_constants::__polynomial;
#endif
  return std::regex(pattern, flags);
}

/// A search tries every position in turn, which takes quadratic time for many a harmless pattern
/// (`\w+@\w+` on a long word). So a single pass tells first whether there is anything to be found.
struct extra_pattern {
  explicit extra_pattern(const std::string& text)
      : here(compile(text)), anywhere(compile("[^]*?(?:" + text + ")")) {}
  std::regex here;
  std::regex anywhere;
};

std::string_view trimmed(std::string_view text) {
  auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos)
    return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::int64_t thread_time_ns() {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return std::int64_t(used.tv_sec) * 1'000'000'000 + used.tv_nsec;
}

/// Matches of one pattern in one text, from left to right.
class match_finder {
public:
  using position = std::string::const_iterator;
  match_finder(position begin, position end, const extra_pattern& pattern)
      : begin_(begin), end_(end), pattern_(pattern), give_up_at_(thread_time_ns() + max_search_ns) {
  }

  /// The next match at or after `from` that is not empty; an empty range at the end if there is
  /// none. When time is up, all that is left counts as a match: it may hold a secret.
  std::pair<position, position> next(position from) const {
    std::smatch match;
    if (!std::regex_search(from, end_, match, pattern_.anywhere, flags(from)))
      return {end_, end_};
    for (unsigned tries = 1; from != end_; ++from, ++tries) {
      if (std::regex_search(from, end_, match, pattern_.here, flags(from)) && match.length() > 0)
        return {from, match[0].second};
      if (tries % 64 == 0 && thread_time_ns() > give_up_at_)
        break;
    }
    return {from, end_};
  }

private:
  std::regex_constants::match_flag_type flags(position at) const {
    auto flags = std::regex_constants::match_continuous;
    return at == begin_ ? flags : flags | std::regex_constants::match_prev_avail;
  }

  position begin_;
  position end_;
  const extra_pattern& pattern_;
  std::int64_t give_up_at_;
};

/// Replaces what `pattern` matches in `line` from offset `from` on.
void replace_matches(std::string& line, std::size_t from, const extra_pattern& pattern) {
  auto rest = line.cbegin() + static_cast<std::ptrdiff_t>(from);
  match_finder finder(rest, line.cend(), pattern);
  std::string replaced;
  try {
    while (rest != line.cend()) {
      auto [begin, end] = finder.next(rest);
      replaced.append(rest, begin);
      if (begin != end)
        replaced += log_redactor::mask;
      rest = end;
    }
  } catch (const std::regex_error&) {
    replaced += log_redactor::mask; // the matcher gave up: the rest may hold a secret
  }
  line.replace(from, std::string::npos, replaced);
}

} // namespace

struct log_redactor::patterns {
  std::vector<extra_pattern> all;
};

log_redactor::log_redactor(std::string_view extra_patterns, std::size_t max_bytes)
    : max_bytes_(max_bytes) {
  for (unsigned number = 1; !extra_patterns.empty(); ++number) {
    auto end = std::min(extra_patterns.find("||"), extra_patterns.size());
    auto pattern = trimmed(extra_patterns.substr(0, end));
    extra_patterns.remove_prefix(std::min(end + 2, extra_patterns.size()));
    if (pattern.starts_with("(?i)")) // written for other engines; case is ignored anyway
      pattern.remove_prefix(4);
    if (pattern.empty())
      continue;
    auto refuse = [&](std::string_view why) {
      problems_.push_back("pattern " + std::to_string(number) + ": " + std::string(why));
    };
    if (pattern.size() > max_pattern_bytes) {
      refuse("longer than 1024 bytes");
      continue;
    }
    try {
      extra_pattern compiled{std::string(pattern)};
      if (std::regex_match("", compiled.here)) {
        refuse("matches the empty text");
        continue;
      }
      if (!patterns_)
        patterns_ = std::make_unique<patterns>();
      patterns_->all.push_back(std::move(compiled));
    } catch (const std::regex_error& error) {
      refuse(error.what());
    }
  }
}

log_redactor::~log_redactor() = default;
log_redactor::log_redactor(log_redactor&&) noexcept = default;
log_redactor& log_redactor::operator=(log_redactor&&) noexcept = default;

void log_redactor::redact(std::string_view line, std::string& out) const {
  auto kept = utf8_prefix(line, max_bytes_);
  auto start = out.size();
  std::size_t done = 0;
  while (auto secret = find_secret(kept, done)) {
    out.append(kept, done, secret->begin - done).append(mask);
    done = secret->end;
  }
  out.append(kept, done);
  if (patterns_)
    for (const auto& pattern : patterns_->all)
      replace_matches(out, start, pattern);
  if (kept.size() < line.size())
    out.append(" [cut, ").append(std::to_string(line.size() - kept.size())).append(" bytes more]");
}

std::string log_redactor::redact(std::string_view line) const {
  std::string out;
  redact(line, out);
  return out;
}

} // namespace synapse::telemetry
