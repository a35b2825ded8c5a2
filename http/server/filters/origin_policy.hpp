/// @file
/// Which names the gateway answers to, and what pages of other origins may do with it. Pure
/// decisions: no sockets, nothing is allocated.
#pragma once

#include "config/settings.hpp"
#include "config/values/networks.hpp"
#include "http/core/head/head_parser.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::server {

struct route;

/// Where the gateway listens, which does not change while it runs.
struct listening_place {
  bool loopback = false; ///< by its address: reached from this machine only
  std::string host;      ///< as configured
  std::vector<config::network> proxies;
};

/// Two dangers of a gateway without keys. A page that somebody visits can have the browser send
/// requests to it: such a request is refused where it changes something or costs work, unless
/// `cors.origins` names the page's origin; what is answered all the same the page cannot read. And
/// a page whose name was pointed at 127.0.0.1 after it was loaded (DNS rebinding) is same-origin to
/// the browser: on loopback, only loopback names and `listener.hosts` are served.
/// What comes from no browser is not looked at. May be used from any thread.
class origin_policy {
public:
  enum class answer : std::uint8_t {
    serve,
    serve_page, ///< to the page of `origin`, which may read it
    preflight,  ///< tell the browser that a page of `origin` may (Fetch, "CORS-preflight request")
    wrong_name, ///< 421 (RFC 9110 section 15.5.20)
    foreign,    ///< 403
  };
  struct verdict {
    answer what = answer::serve;
    std::string_view origin; ///< points into the head
  };

  explicit origin_policy(listening_place place) : place_(std::move(place)) {}

  /// @param peer address of the connection's other end. @param tls of the connection.
  /// @param matched null: no route takes the request
  verdict judge(const http::request_head& head, std::string_view peer, bool tls,
                const route* matched, const config::settings& settings) const noexcept;

private:
  bool is_served_name(std::string_view authority,
                      const config::listener_settings& listener) const noexcept;

  listening_place place_;
};

} // namespace synapse::server
