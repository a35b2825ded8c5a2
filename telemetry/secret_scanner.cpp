#include "telemetry/secret_scanner.hpp"

#include "config/credential_fields.hpp"
#include "telemetry/scan_text.hpp"
#include "telemetry/secret_value.hpp"

#include <algorithm>
#include <array>

namespace synapse::telemetry {

namespace {

using namespace scan;

enum class mark_kind {
  name,          ///< a name may end in this word, also in its plural
  token,         ///< only in the singular: tokens are counted all over the place
  key,           ///< only behind words that make it a secret key
  cookie,        ///< as name; its value may go on behind `;`
  authorization, ///< as name; its value has a scheme
  bearer,
  shape ///< how keys of a kind begin, whatever stands before them
};

struct mark {
  std::string_view word;
  mark_kind kind;
};

constexpr std::array<mark, 17> marks{{{"aiza", mark_kind::shape},
                                      {"authorization", mark_kind::authorization},
                                      {"bearer", mark_kind::bearer},
                                      {"cookie", mark_kind::cookie},
                                      {"credential", mark_kind::name},
                                      {"eyj", mark_kind::shape},
                                      {"gsk_", mark_kind::shape},
                                      {"hf_", mark_kind::shape},
                                      {"key", mark_kind::key},
                                      {"passphrase", mark_kind::name},
                                      {"passwd", mark_kind::name},
                                      {"password", mark_kind::name},
                                      {"pwd", mark_kind::name},
                                      {"secret", mark_kind::name},
                                      {"sk-", mark_kind::shape},
                                      {"token", mark_kind::token},
                                      {"xai-", mark_kind::shape}}};

/// Shorter ones, or such without a digit, are words.
constexpr std::size_t min_shape = 16;

constexpr std::array<std::string_view, 7> key_words{"api",     "access",     "secret", "private",
                                                    "signing", "encryption", "master"};

/// Does the text end in what stands before "key" in one of the fields that carry credentials?
bool ends_as_credential_field(std::string_view before) {
  return std::ranges::any_of(config::credential_field_names, [&](std::string_view name) {
    constexpr std::string_view key = "-key";
    if (!name.ends_with(key))
      return false;
    name.remove_suffix(key.size());
    name.remove_prefix(name.rfind('-') + 1); // npos + 1 is 0
    return before.size() >= name.size() && stands_at(before, before.size() - name.size(), name);
  });
}

/// Words between a name and its value in sentences: "incorrect API key provided: x".
constexpr std::array<std::string_view, 6> linking_words{"provided", "given",    "supplied",
                                                        "sent",     "received", "used"};

/// Names of measured or special tokens, which are no secrets.
constexpr std::array<std::string_view, 8> harmless_tokens{"first", "per", "bos", "eos",
                                                          "pad",   "unk", "sep", "mask"};

bool counts_here(std::string_view line, std::size_t index, mark_kind kind) {
  auto before = line.substr(0, index);
  if (kind == mark_kind::bearer || kind == mark_kind::shape)
    return before.empty() || !is_name_char(before.back());
  if (kind != mark_kind::key && kind != mark_kind::token)
    return true;
  if (!before.empty() && (before.back() == '_' || before.back() == '-' || before.back() == ' '))
    before.remove_suffix(1);
  return kind == mark_kind::key
             ? ends_with_any(before, key_words) || ends_as_credential_field(before)
             : !ends_with_any(before, harmless_tokens);
}

/// The length of a blank, also in the two ways URLs write it; 0 when there is none.
std::size_t blank_length(std::string_view line, std::size_t index) {
  if (index >= line.size())
    return 0;
  if (is_blank(line[index]) || line[index] == '+')
    return 1;
  return stands_at(line, index, "%20") ? 3 : 0;
}

/// What follows `Bearer`.
std::optional<secret_range> after_bearer(std::string_view line, std::size_t index) {
  auto begin = index;
  if (at(line, begin) == ':' || at(line, begin) == '=')
    ++begin;
  while (auto length = blank_length(line, begin))
    begin += length;
  if (begin == index)
    return {};
  auto range = value_range(line, begin, value_kind::plain);
  return range.end > range.begin ? std::optional(range) : std::nullopt;
}

/// Was the name that ends before `index` given as a command line's option?
bool is_option(std::string_view line, std::size_t index) {
  auto begin = index;
  while (begin > 0 && index - begin < 64 && is_name_char(line[begin - 1]))
    --begin;
  return stands_at(line, begin, "--");
}

/// Steps over a linking word; the same place when there is none.
std::size_t skip_linking_word(std::string_view line, std::size_t index) {
  const auto begin = skip_blanks(line, index);
  for (const auto word : linking_words)
    if (begin > index && stands_at(line, begin, word) &&
        !is_name_char(at(line, begin + word.size())))
      return begin + word.size();
  return index;
}

/// A key that begins at `index` with a prefix of `prefix` bytes.
std::optional<secret_range> key_of_shape(std::string_view line, std::size_t index,
                                         std::size_t prefix) {
  auto end = index + prefix;
  bool has_digit = false;
  for (; is_name_char(at(line, end)) || at(line, end) == '.'; ++end)
    has_digit = has_digit || (line[end] >= '0' && line[end] <= '9');
  while (line[end - 1] == '.') // of the sentence
    --end;
  if (end - index < min_shape || !has_digit)
    return {};
  return secret_range{index, end};
}

/// Steps over what stands between a name and its value; `npos` when this is no pair.
std::size_t skip_separator(std::string_view line, std::size_t name_end) {
  auto quote = quote_at(line, name_end);
  if (quote.length == 0 && stands_at(line, name_end, "%22"))
    quote.length = 3;
  auto index = skip_blanks(line, name_end + quote.length);
  if (stands_at(line, index, "%3d") || stands_at(line, index, "%3a"))
    return index + 3;
  auto separator = index;
  while (index < line.size() && index - separator < 3 &&
         (line[index] == '=' || line[index] == ':' || (line[index] == '>' && index > separator)))
    ++index;
  if (index > separator)
    return skip_blanks(line, index);
  if (quote.length > 0 && at(line, index) == ',') { // ("name", "value")
    index = skip_blanks(line, index + 1);
    return quote_at(line, index).length > 0 ? index : npos;
  }
  return quote.length == 0 && index > name_end && is_option(line, name_end) ? index : npos;
}

/// What follows a name that ends before `index`.
std::optional<secret_range> after_name(std::string_view line, std::size_t index, mark_kind kind) {
  if (kind != mark_kind::token && lower(at(line, index)) == 's')
    ++index;
  while (at(line, index) >= '0' && at(line, index) <= '9')
    ++index;
  if (is_name_char(at(line, index)))
    return {};
  if (kind == mark_kind::key || kind == mark_kind::token)
    index = skip_linking_word(line, index);
  auto begin = skip_separator(line, index);
  if (const auto quoted = skip_blanks(line, index); begin == npos && kind == mark_kind::key &&
                                                    quoted > index &&
                                                    quote_at(line, quoted).length > 0)
    begin = quoted; // API key 'x' is wrong
  if (begin == npos || begin >= line.size())
    return {};
  auto value = kind == mark_kind::cookie          ? value_kind::cookie
               : kind == mark_kind::authorization ? value_kind::authorization
                                                  : value_kind::plain;
  auto range = value_range(line, begin, value);
  return range.end > range.begin ? std::optional(range) : std::nullopt;
}

/// The user part of a URL whose `://` stands at `index`.
std::optional<secret_range> user_part(std::string_view line, std::size_t index) {
  if (index == 0 || !is_name_char(line[index - 1]))
    return {};
  auto begin = index + 3;
  auto end = std::min(line.find_first_of("/?# \t\r\n\"'<>", begin), line.size());
  auto authority = line.substr(begin, end - begin);
  auto at_sign = authority.rfind('@');
  if (at_sign == npos) {
    // A slash in the password, which should have been escaped: the port is no number then.
    auto port = authority.substr(std::min(authority.rfind(':'), authority.size() - 1) + 1);
    bool numeric = std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; });
    if (authority.find(':') == npos || authority.ends_with(']') || (numeric && !port.empty()))
      return {};
    auto part = line.substr(0, begin + std::min<std::size_t>(256, line.size() - begin));
    authority = line.substr(begin, bare_end(part, begin) - begin);
    at_sign = authority.rfind('@');
    if (at_sign == npos)
      return {};
  }
  return at_sign > 0 ? std::optional(secret_range{begin, begin + at_sign}) : std::nullopt;
}

std::optional<secret_range> secret_at(std::string_view line, std::size_t index) {
  if (line[index] == ':')
    return stands_at(line, index, "://") ? user_part(line, index) : std::nullopt;
  for (const auto& [word, kind] : marks) {
    if (!stands_at(line, index, word) || !counts_here(line, index, kind))
      continue;
    auto end = index + word.size();
    auto range = kind == mark_kind::bearer  ? after_bearer(line, end)
                 : kind == mark_kind::shape ? key_of_shape(line, index, word.size())
                                            : after_name(line, end, kind);
    if (range)
      return range;
  }
  return {};
}

/// Whether a mark may begin with a character: rules out most positions with one look-up.
constexpr auto begins_mark = [] {
  std::array<bool, 256> table{};
  table[':'] = true;
  for (const auto& mark : marks) {
    table[static_cast<unsigned char>(mark.word[0])] = true;
    table[static_cast<unsigned char>(mark.word[0] - 32)] = true;
  }
  return table;
}();

} // namespace

std::optional<secret_range> find_secret(std::string_view line, std::size_t from) {
  for (auto index = from; index < line.size(); ++index)
    if (begins_mark[static_cast<unsigned char>(line[index])])
      if (auto range = secret_at(line, index))
        return range;
  return {};
}

} // namespace synapse::telemetry
