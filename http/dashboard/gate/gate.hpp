/// @file
/// Who may see the dashboard. Pure decisions: no sockets, and the time is told.
#pragma once

#include "config/values/networks.hpp"
#include "http/core/head/head_parser.hpp"
#include "http/dashboard/gate/failure_ledger.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::api {

struct dashboard_gate_options {
  std::optional<std::string> token; ///< unset: open where `loopback` says so, closed elsewhere
  std::string cookie_name = "synapse_dash_token";
  bool cookie_secure = false;           ///< the cookie goes over TLS only
  bool loopback = true;                 ///< the listener is reached from this machine only
  std::vector<config::network> proxies; ///< trusted ones; with any, others than this machine come
  std::chrono::seconds lifetime{12 * 3600}; ///< of a login
  failure_limits failures;                  ///< wrong tokens, see failure_ledger
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
    closed,       ///< 403: there is no token, and others than this machine may have asked
  };

  explicit dashboard_gate(dashboard_gate_options options);

  /// May this request have what is behind the gate? By `Authorization: Bearer`, by cookie, or
  /// because the gate is open. Requests that may change something and come with a cookie have to
  /// carry the field X-Synapse-Dashboard, which a page of another site cannot send.
  /// @param peer address of the connection's other end
  /// @param named the gateway has other names than those of loopback (`listener.hosts`)
  verdict check(const http::request_head& head, std::string_view peer, time_point now,
                bool named = false);

  /// Compares a token; wrong ones count against the client. @returns allowed, unauthorized,
  /// limited or, where there is no token, closed.
  verdict login(std::string_view token, const config::ip_address& client, time_point now);
  /// Who asks: trusted proxies are looked through.
  config::ip_address client_of(const http::request_head& head, std::string_view peer) const;
  /// How long a client that is `limited` has to wait.
  std::chrono::seconds wait_of(const config::ip_address& client, time_point now);

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
  /// Without a token it lets those in who are on this machine without doubt: the listener is on
  /// loopback, was asked under a loopback name, and nothing tells of a proxy, neither the request
  /// (HTTP/1.0 does: nginx speaks it by default, no browser) nor the configuration. A proxy that
  /// shows itself by none of this cannot be noticed.
  bool is_open_to(const http::request_head& head, bool named) const;
  bool is_open() const noexcept {
    return !options_.token && options_.loopback && options_.proxies.empty();
  }
  const dashboard_gate_options& options() const noexcept { return options_; }

private:
  struct session {
    std::int64_t expires = 0; ///< seconds since 1970
    std::string number;
  };
  std::string sign(std::string_view text) const;
  std::optional<session> session_of(const http::request_head& head, time_point now);
  std::optional<session> read_cookie(std::string_view value, time_point now);

  dashboard_gate_options options_;
  std::string key_;
  std::mutex mutex_; ///< all below
  failure_ledger failures_;
  std::map<std::string, std::int64_t> ended_; ///< numbers of ended sessions, with their expiry
};

/// A value of `application/x-www-form-urlencoded` text, decoded; nothing when it is not there.
std::optional<std::string> form_value(std::string_view text, std::string_view name);

} // namespace synapse::api
