#include "http/core/request/credentials.hpp"

#include "config/credential_fields.hpp"
#include "http/core/head/head_parts.hpp"
#include "http/core/head/scan.hpp"

#include <openssl/crypto.h>

#include <utility>

namespace synapse::http {

namespace {

using detail::bit;

/// Shorter secrets are looked for nowhere: they would be found in half of all sentences.
constexpr std::size_t min_masked = 6;
constexpr std::string_view mask = "[REDACTED]";

/// The time tells nothing but whether the lengths are the same.
bool same_secret(std::string_view given, std::string_view secret) noexcept {
  return !secret.empty() && given.size() == secret.size() &&
         CRYPTO_memcmp(given.data(), secret.data(), secret.size()) == 0;
}

bool is_secret(const own_credentials& own, std::string_view given) noexcept {
  return same_secret(given, own.token) || same_secret(given, own.accepted);
}

/// What follows the scheme of `Bearer x`; empty when there is none.
std::string_view behind_scheme(std::string_view value) noexcept {
  const auto space = value.find(' ');
  return space == std::string_view::npos ? std::string_view{} : detail::trim(value.substr(space));
}

struct pair {
  std::string_view whole; ///< without blanks around it
  std::string_view name;
  std::string_view value; ///< without its quotes; the whole pair where there is no `=`
};

pair split(std::string_view text) noexcept {
  pair result{detail::trim(text), {}, {}};
  const auto equals = result.whole.find('=');
  if (equals == std::string_view::npos) {
    result.value = result.whole;
    return result;
  }
  result.name = detail::trim(result.whole.substr(0, equals));
  result.value = detail::trim(result.whole.substr(equals + 1));
  if (result.value.size() > 1 && result.value.front() == '"' && result.value.back() == '"')
    result.value = result.value.substr(1, result.value.size() - 2);
  return result;
}

/// Calls `use(pair)` for the parts of a text until it returns false.
template <class Use>
void for_each_pair(std::string_view text, char separator, Use use) {
  for (;;) {
    const auto end = text.find(separator);
    if (!use(split(text.substr(0, end))) || end == std::string_view::npos)
      return;
    text.remove_prefix(end + 1);
  }
}

bool is_own_cookie(const own_credentials& own, const pair& cookie) noexcept {
  return (!own.cookie.empty() && cookie.name == own.cookie) || is_secret(own, cookie.value) ||
         is_secret(own, behind_scheme(cookie.value));
}

int digit_of(char c) noexcept {
  if (detail::is_digit(c))
    return c - '0';
  const char lower = detail::to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// Whether form-urlencoded text stands for `secret`, in constant time but for the length.
bool decodes_to(std::string_view text, std::string_view secret) noexcept {
  unsigned difference = 0;
  std::size_t length = 0;
  for (std::size_t i = 0; i < text.size(); ++i, ++length) {
    int byte = text[i] == '+' ? ' ' : static_cast<unsigned char>(text[i]);
    if (text[i] == '%' && i + 2 < text.size() && digit_of(text[i + 1]) >= 0 &&
        digit_of(text[i + 2]) >= 0) {
      byte = digit_of(text[i + 1]) * 16 + digit_of(text[i + 2]);
      i += 2;
    }
    if (length < secret.size())
      difference |= static_cast<unsigned>(
          byte ^ static_cast<int>(static_cast<unsigned char>(secret[length])));
  }
  return !secret.empty() && length == secret.size() && difference == 0;
}

bool is_own_parameter(const own_credentials& own, const pair& parameter) noexcept {
  return decodes_to(parameter.value, own.token) || decodes_to(parameter.value, own.accepted);
}

void replace_all(std::string& text, std::string_view secret) {
  if (secret.size() < min_masked)
    return;
  for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) {
    text.replace(at, secret.size(), mask);
    at += mask.size();
  }
}

} // namespace

const std::uint64_t credential_fields = [] {
  std::uint64_t set = 0;
  for (const auto name : config::credential_field_names)
    set |= bit(identify_field(name));
  return set;
}();

bool holds_own(const own_credentials& own, const field& credential) noexcept {
  if (credential.id != known_field::cookie)
    return is_secret(own, credential.value) || is_secret(own, behind_scheme(credential.value));
  bool found = false;
  for_each_pair(credential.value, ';',
                [&](const pair& cookie) { return !(found = is_own_cookie(own, cookie)); });
  return found;
}

void append_other_cookies(std::string& out, std::string_view value, const own_credentials& own) {
  bool first = true;
  for_each_pair(value, ';', [&](const pair& cookie) {
    if (cookie.whole.empty() || is_own_cookie(own, cookie))
      return true;
    if (!std::exchange(first, false))
      out.append("; ");
    out.append(cookie.whole);
    return true;
  });
}

bool query_holds_own(const own_credentials& own, std::string_view query) noexcept {
  bool found = false;
  if (!query.empty() && (!own.token.empty() || !own.accepted.empty()))
    for_each_pair(query, '&', [&](const pair& parameter) {
      return !(found = is_own_parameter(own, parameter));
    });
  return found;
}

void append_other_parameters(std::string& out, std::string_view query, const own_credentials& own) {
  bool first = true;
  for_each_pair(query, '&', [&](const pair& parameter) {
    if (is_own_parameter(own, parameter))
      return true;
    if (!std::exchange(first, false))
      out += '&';
    out.append(parameter.whole);
    return true;
  });
}

bool sets_cookie(std::string_view set_cookie, std::string_view name) noexcept {
  auto text = set_cookie.substr(0, set_cookie.find(';'));
  // A cookie without a name comes back as its value alone, which then has the look of a pair.
  while (!text.empty() && (text.front() == '=' || detail::is_space(text.front())))
    text.remove_prefix(1);
  return !name.empty() && split(text).name == name;
}

void mask_credentials(std::string& text, const request_head& head,
                      std::span<const std::string_view> further) {
  for (const auto secret : further)
    replace_all(text, secret);
  if (!head.fields.has_any(credential_fields))
    return;
  for (const field& f : head.fields) {
    if ((credential_fields & bit(f.id)) == 0)
      continue;
    replace_all(text, f.value);
    if (f.id != known_field::cookie)
      replace_all(text, behind_scheme(f.value));
    else
      for_each_pair(f.value, ';', [&](const pair& cookie) {
        replace_all(text, cookie.value);
        return true;
      });
  }
}

} // namespace synapse::http
