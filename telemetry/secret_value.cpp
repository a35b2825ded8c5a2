#include "telemetry/secret_value.hpp"

#include "telemetry/scan_text.hpp"

#include <algorithm>
#include <array>

namespace synapse::telemetry::scan {

namespace {

/// A name followed by `=` or `:` begins at `index`: what is before it ends a value. A name is
/// looked for within 64 characters, so that a long line costs no more than its length.
bool pair_begins_at(std::string_view line, std::size_t index) {
  auto name_end = index;
  while (name_end - index < 64 && (is_name_char(at(line, name_end)) || at(line, name_end) == '.'))
    ++name_end;
  return name_end > index && (at(line, name_end) == '=' || at(line, name_end) == ':');
}

/// Does a value without quotes end before the character at `index`? Punctuation belongs to the
/// value (passwords hold anything) unless what follows shows that the value is over.
bool ends_bare_value(std::string_view line, std::size_t index) {
  char c = line[index];
  char next = at(line, index + 1);
  if (is_blank(c))
    return true;
  if (c == '&')
    return pair_begins_at(line, index + 1);
  if (c == ',' || c == ';')
    return is_blank(next) || is_quote(next) || next == '{' || pair_begins_at(line, index + 1);
  if (c == '\\' && is_quote(next))
    return true;
  if (is_closer(c))
    return is_blank(next) || is_closer(next) || next == ',' || next == ';' || next == ':' ||
           next == '.' || next == '\\';
  return false;
}

} // namespace

std::size_t bare_end(std::string_view line, std::size_t begin) {
  auto end = begin;
  while (end < line.size() && !ends_bare_value(line, end))
    ++end;
  return end;
}

quotation quote_at(std::string_view line, std::size_t index) {
  if (is_quote(at(line, index)))
    return {1, line[index]};
  if (at(line, index) == '\\' && is_quote(at(line, index + 1)))
    return {2, line[index + 1]};
  return {};
}

namespace {

/// Words that end in `;` and the one after them: `a=b; c=d`.
std::size_t cookie_end(std::string_view line, std::size_t begin) {
  auto end = begin;
  for (;;) {
    while (end < line.size() && !is_blank(line[end]))
      ++end;
    if (end == begin || line[end - 1] != ';' || skip_blanks(line, end) == line.size())
      break;
    begin = end = skip_blanks(line, end);
  }
  while (end > begin && (is_closer(line[end - 1]) || line[end - 1] == ','))
    --end;
  return end;
}

/// The end of a bracketed value, with its brackets; the end of the line when they do not match.
std::size_t bracket_end(std::string_view line, std::size_t begin) {
  int depth = 0;
  for (auto end = begin; end < line.size(); ++end) {
    if (line[end] == '{' || line[end] == '[')
      ++depth;
    else if ((line[end] == '}' || line[end] == ']') && --depth == 0)
      return end + 1;
  }
  return line.size();
}

/// Where the text within quotes ends, `begin` being behind the opening one.
std::size_t quoted_end(std::string_view line, std::size_t begin, quotation quote) {
  for (auto end = begin; end < line.size(); ++end) {
    if (quote.length == 2 && line[end] == '\\' && at(line, end + 1) == quote.mark)
      return end;
    if (quote.length == 1 && line[end] == quote.mark)
      return end;
    if (line[end] == '\\')
      ++end; // the escaped character
  }
  return line.size();
}

/// Where the credentials within `[begin, limit)` begin: behind a scheme that has one word of them;
/// `begin` when there is no such scheme, for then all may be secret.
std::size_t credentials_begin(std::string_view line, std::size_t begin, std::size_t limit) {
  static constexpr std::array<std::string_view, 6> schemes{"bearer", "basic",     "token",
                                                           "apikey", "negotiate", "key"};
  auto word = begin;
  while (word < limit && !is_blank(line[word]))
    ++word;
  auto scheme = line.substr(begin, word - begin);
  bool known = std::ranges::any_of(schemes, [&](std::string_view name) {
    return name.size() == scheme.size() && stands_at(scheme, 0, name);
  });
  auto credentials = skip_blanks(line, word);
  return known && credentials < limit ? credentials : begin;
}

} // namespace

secret_range value_range(std::string_view line, std::size_t begin, value_kind kind) {
  if (auto quote = quote_at(line, begin); quote.length > 0) {
    begin += quote.length;
    auto end = quoted_end(line, begin, quote);
    if (kind == value_kind::authorization)
      begin = credentials_begin(line, begin, end);
    return {begin, end};
  }
  if (kind == value_kind::authorization) {
    auto end = std::min(line.find('\n', begin), line.size());
    auto credentials = credentials_begin(line, begin, end);
    return credentials > begin ? value_range(line, credentials, value_kind::plain)
                               : secret_range{begin, end};
  }
  if (at(line, begin) == '{' || at(line, begin) == '[')
    return {begin, bracket_end(line, begin)};
  if (kind == value_kind::cookie)
    return {begin, cookie_end(line, begin)};
  return {begin, bare_end(line, begin)};
}

} // namespace synapse::telemetry::scan
