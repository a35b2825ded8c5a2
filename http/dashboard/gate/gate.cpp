#include "http/dashboard/gate/gate.hpp"

#include "http/core/request/client_address.hpp"
#include "http/core/request/host_name.hpp"
#include "http/core/request/request_origin.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>
#include <utility>

namespace synapse::api {

namespace {
using http::known_field;

constexpr std::size_t max_ended = 10'000;
constexpr std::string_view cookie_version = "v1.";
constexpr std::string_view key_purpose = "synapse dashboard session v1";

std::int64_t seconds_of(dashboard_gate::time_point time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

std::string hex(const unsigned char* bytes, std::size_t size) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < size; ++i) {
    text += digits[bytes[i] >> 4];
    text += digits[bytes[i] & 15];
  }
  return text;
}

std::string hmac(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(),
           &size) == nullptr)
    throw std::runtime_error("HMAC-SHA256 failed");
  return hex(digest.data(), size);
}

/// Takes the same time wherever two texts differ. Digests of both are compared, so that not even
/// their lengths show.
bool same_secret(std::string_view key, std::string_view a, std::string_view b) {
  const auto x = hmac(key, a);
  const auto y = hmac(key, b);
  return CRYPTO_memcmp(x.data(), y.data(), x.size()) == 0;
}

bool is_safe(http::verb method) {
  return method == http::verb::get || method == http::verb::head || method == http::verb::options;
}

std::string_view field_named(const http::request_head& head, std::string_view name) {
  for (const auto& field : head.fields)
    if (http::iequals(field.name, name))
      return field.value;
  return {};
}

/// The values of a cookie: a browser sends several of one name when their paths differ.
template <class Use>
void for_each_cookie(const http::request_head& head, std::string_view name, Use use) {
  for (const auto& field : head.fields) {
    if (field.id != known_field::cookie)
      continue;
    auto rest = field.value;
    while (!rest.empty()) {
      const auto end = rest.find(';');
      auto pair = rest.substr(0, end);
      rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
      while (pair.starts_with(' '))
        pair.remove_prefix(1);
      if (pair.starts_with(name) && pair.size() > name.size() && pair[name.size()] == '=')
        use(pair.substr(name.size() + 1));
    }
  }
}

std::string_view bearer_of(const http::request_head& head) {
  auto value = head.fields.value_of(known_field::authorization);
  constexpr std::string_view scheme = "bearer ";
  if (value.size() <= scheme.size() || !http::iequals(value.substr(0, scheme.size()), scheme))
    return {};
  value.remove_prefix(scheme.size());
  while (value.starts_with(' '))
    value.remove_prefix(1);
  return value;
}

/// Fields by which proxies show themselves, besides those with ids of their own.
bool tells_of_proxy(const http::request_head& head) {
  constexpr std::array<std::string_view, 6> others{"x-real-ip",      "x-client-ip",
                                                   "true-client-ip", "cf-connecting-ip",
                                                   "cdn-loop",       "x-original-host"};
  constexpr std::string_view family = "x-forwarded";
  for (const auto& field : head.fields) {
    switch (field.id) {
    case known_field::forwarded:
    case known_field::via:
    case known_field::x_forwarded_for:
    case known_field::x_forwarded_host:
    case known_field::x_forwarded_proto:
      return true;
    case known_field::other:
      break;
    default:
      continue;
    }
    if (http::iequals(field.name.substr(0, family.size()), family) ||
        std::any_of(others.begin(), others.end(),
                    [&](std::string_view name) { return http::iequals(field.name, name); }))
      return true;
  }
  return false;
}
} // namespace

std::optional<std::string> form_value(std::string_view text, std::string_view name) {
  const auto nibble = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  const auto decoded = [&](std::string_view part) {
    std::string result;
    for (std::size_t i = 0; i < part.size(); ++i) {
      if (part[i] == '+') {
        result += ' ';
      } else if (part[i] == '%' && i + 2 < part.size() && nibble(part[i + 1]) >= 0 &&
                 nibble(part[i + 2]) >= 0) {
        result += static_cast<char>(nibble(part[i + 1]) * 16 + nibble(part[i + 2]));
        i += 2;
      } else {
        result += part[i];
      }
    }
    return result;
  };
  while (!text.empty()) {
    const auto end = text.find('&');
    const auto pair = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    const auto equals = pair.find('=');
    if (decoded(pair.substr(0, equals)) == name)
      return equals == std::string_view::npos ? std::string{} : decoded(pair.substr(equals + 1));
  }
  return {};
}

dashboard_gate::dashboard_gate(dashboard_gate_options options)
    : options_(std::move(options)), failures_(options_.failures) {
  if (options_.token)
    key_ = hmac(*options_.token, key_purpose);
}

std::string dashboard_gate::sign(std::string_view text) const {
  return hmac(key_, text);
}

bool dashboard_gate::is_open_to(const http::request_head& head, bool named) const {
  return is_open() && !named && head.minor > 0 && http::is_loopback_host(head.host) &&
         !tells_of_proxy(head);
}

config::ip_address dashboard_gate::client_of(const http::request_head& head,
                                             std::string_view peer) const {
  return http::client_address(head, http::peer_address(peer), options_.proxies);
}

dashboard_gate::verdict dashboard_gate::check(const http::request_head& head, std::string_view peer,
                                              time_point now, bool named) {
  if (!options_.token) {
    if (!is_open_to(head, named))
      return verdict::closed;
  } else if (const auto bearer = bearer_of(head); !bearer.empty()) {
    return login(bearer, client_of(head, peer), now); // no browser adds that by itself
  } else if (!session_of(head, now)) {
    return verdict::unauthorized;
  }
  if (is_safe(head.method_id))
    return verdict::allowed;
  http::arrival how;
  how.trusted = config::contains(options_.proxies, http::peer_address(peer));
  if (field_named(head, "X-Synapse-Dashboard").empty() ||
      http::initiator_of(head, how) == http::initiator::foreign)
    return verdict::cross_site;
  return verdict::allowed;
}

dashboard_gate::verdict dashboard_gate::login(std::string_view token,
                                              const config::ip_address& client, time_point now) {
  if (!options_.token)
    return verdict::closed;
  const bool right = same_secret(key_, token, *options_.token);
  const std::lock_guard lock{mutex_};
  if (failures_.wait_of(client, now).count() > 0)
    return verdict::limited;
  if (right)
    return verdict::allowed;
  failures_.note(client, now);
  return verdict::unauthorized;
}

std::chrono::seconds dashboard_gate::wait_of(const config::ip_address& client, time_point now) {
  const std::lock_guard lock{mutex_};
  return failures_.wait_of(client, now);
}

std::string dashboard_gate::session_cookie(time_point now) const {
  std::array<unsigned char, 16> random;
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1)
    throw std::runtime_error("no random numbers");
  auto value = std::string{cookie_version} + std::to_string(seconds_of(now + options_.lifetime)) +
               "." + hex(random.data(), random.size());
  value += "." + sign(value);
  return "Set-Cookie: " + options_.cookie_name + "=" + value +
         "; Path=/; HttpOnly; SameSite=Strict; Max-Age=" +
         std::to_string(options_.lifetime.count()) + (options_.cookie_secure ? "; Secure" : "") +
         "\r\n";
}

std::string dashboard_gate::no_cookie() const {
  return "Set-Cookie: " + options_.cookie_name + "=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0" +
         (options_.cookie_secure ? "; Secure" : "") + "\r\n";
}

std::optional<dashboard_gate::session> dashboard_gate::read_cookie(std::string_view value,
                                                                   time_point now) {
  // v1.EXPIRY.NUMBER.SIGNATURE
  const auto last = value.rfind('.');
  if (!value.starts_with(cookie_version) || last == std::string_view::npos)
    return {};
  const auto text = value.substr(0, last);
  const auto signature = sign(text);
  const auto given = value.substr(last + 1);
  if (given.size() != signature.size() ||
      CRYPTO_memcmp(given.data(), signature.data(), signature.size()) != 0)
    return {};
  session result;
  const auto rest = text.substr(cookie_version.size());
  const auto [stop, problem] =
      std::from_chars(rest.data(), rest.data() + rest.size(), result.expires);
  if (problem != std::errc{} || result.expires <= seconds_of(now))
    return {};
  result.number = std::string{stop, rest.data() + rest.size()};
  const std::lock_guard lock{mutex_};
  if (ended_.contains(result.number))
    return {};
  return result;
}

std::optional<dashboard_gate::session> dashboard_gate::session_of(const http::request_head& head,
                                                                  time_point now) {
  std::optional<session> result;
  if (options_.token)
    for_each_cookie(head, options_.cookie_name, [&](std::string_view value) {
      if (!result)
        result = read_cookie(value, now);
    });
  return result;
}

void dashboard_gate::end_session(const http::request_head& head, time_point now) {
  auto ending = session_of(head, now);
  if (!ending)
    return;
  const std::lock_guard lock{mutex_};
  if (ended_.size() >= max_ended)
    std::erase_if(ended_, [&](const auto& one) { return one.second <= seconds_of(now); });
  if (ended_.size() < max_ended)
    ended_.emplace(std::move(ending->number), ending->expires);
}

bool dashboard_gate::needs_session(const http::request_head& head) const {
  return options_.token && bearer_of(head).empty();
}

std::optional<dashboard_gate::time_point>
dashboard_gate::session_end(const http::request_head& head, time_point now) {
  const auto found = session_of(head, now);
  if (!found)
    return {};
  return time_point{std::chrono::seconds{found->expires}};
}

} // namespace synapse::api
