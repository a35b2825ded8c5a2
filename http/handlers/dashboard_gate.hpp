/// @file
/// Who may see the dashboard. Pure decisions: no sockets, and the time is told.
#pragma once

#include "http/core/head_parser.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace synapse::handlers {

struct dashboard_gate_options {
  std::optional<std::string> token; ///< unset: open where `loopback` says so, closed elsewhere
  std::string cookie_name = "synapse_dash_token";
  bool cookie_secure = false;               ///< the cookie goes over TLS only
  bool loopback = true;                     ///< the listener is reached from this machine only
  std::chrono::seconds lifetime{12 * 3600}; ///< of a login
  unsigned failures = 10;                   ///< wrong tokens per client address and minute …
  unsigned failures_of_all = 200;           ///< … and of all addresses together
};

/// Sessions are cookies that the gateway has signed: expiry, a random number and an HMAC-SHA256
/// whose key is derived from the token. So every replica with the same token knows them, a restart
/// ends none, and another token ends all. All members may be called from any thread.
class dashboard_gate {
public:
  using time_point = std::chrono::system_clock::time_point;

  enum class verdict : std::uint8_t {
    allowed,
    unauthorized, ///< 401: no token and no cookie, or wrong ones
    limited,      ///< 429: too many wrong tokens
    cross_site,   ///< 403: a page of another site asks the browser to do it
    closed,       ///< 403: there is no token, and others than this machine reach the listener
  };

  explicit dashboard_gate(dashboard_gate_options options);

  /// May this request have what is behind the gate? By `Authorization: Bearer`, by cookie, or
  /// because the gate is open. Requests that may change something and come with a cookie have to
  /// carry the field X-Synapse-Dashboard, which a page of another site cannot send.
  verdict check(const http::request_head& head, std::string_view client_ip, time_point now);

  /// Compares a token; wrong ones count against the address. @returns allowed, unauthorized,
  /// limited or closed.
  verdict login(std::string_view token, std::string_view client_ip, time_point now);

  /// A Set-Cookie field line of a new session, with CRLF. @pre a token is set.
  std::string session_cookie(time_point now) const;
  /// The line that takes it away again.
  std::string no_cookie() const;
  /// Ends the session of this request on this replica before its time.
  void end_session(const http::request_head& head, time_point now);
  /// Whether it is a session that lets this request in: then it may last no longer than that.
  bool needs_session(const http::request_head& head) const;
  /// When the request's session ends; nothing when it has none.
  std::optional<time_point> session_end(const http::request_head& head, time_point now);

  bool has_token() const noexcept { return options_.token.has_value(); }
  bool is_open() const noexcept { return !options_.token && options_.loopback; }
  const dashboard_gate_options& options() const noexcept { return options_; }

private:
  struct session {
    std::int64_t expires = 0; ///< seconds since 1970
    std::string number;
  };
  struct failure_count {
    std::int64_t minute = 0;
    unsigned count = 0;
  };
  std::string sign(std::string_view text) const;
  std::optional<session> session_of(const http::request_head& head, time_point now);
  std::optional<session> read_cookie(std::string_view value, time_point now);
  bool is_limited(const std::string& client, std::int64_t minute);
  void note_failure(const std::string& client, std::int64_t minute);

  dashboard_gate_options options_;
  std::string key_;
  std::mutex mutex_; ///< all below
  std::unordered_map<std::string, failure_count> failures_;
  failure_count failures_of_all_;
  std::map<std::string, std::int64_t> ended_; ///< numbers of ended sessions, with their expiry
};

/// Whether a Host field names this machine itself. A name of somebody else's that resolves to a
/// loopback address does not: a page served under it could read what an open gate gives out.
bool is_local_host(std::string_view host_field);

/// A value of `application/x-www-form-urlencoded` text, decoded; nothing when it is not there.
std::optional<std::string> form_value(std::string_view text, std::string_view name);

} // namespace synapse::handlers
