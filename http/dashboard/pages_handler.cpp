#include "http/api/request/body_reading.hpp"
#include "http/api/request/head_checks.hpp"
#include "http/core/request/host_name.hpp"
#include "http/dashboard/dashboard_handlers.hpp"
#include "http/dashboard/front_end.hpp"
#include "http/dashboard/gate/gate.hpp"
#include "http/dashboard/gate/login_pages.hpp"

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <string>

namespace synapse::api {

namespace {
using http::response_detail;
using verdict = dashboard_gate::verdict;
using clock = std::chrono::system_clock;

constexpr std::size_t max_login_body = 16 * 1024;

/// What every page may do: run and show what comes from here, nothing else.
constexpr std::string_view page_fields =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; media-src 'self' blob:; connect-src 'self'; font-src 'self'; "
    "worker-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Permissions-Policy: microphone=(self), camera=(), geolocation=()\r\n";

bool wants_page(const server::exchange& ex) {
  return ex.method() == http::verb::get &&
         ex.head().fields.value_of(http::known_field::accept).find("text/html") !=
             std::string_view::npos;
}

std::string_view reason_of(verdict what) {
  switch (what) {
  case verdict::limited:
    return "too many wrong tokens from this address: try again after the seconds in Retry-After";
  case verdict::cross_site:
    return "a request that changes something has to carry the field X-Synapse-Dashboard and to "
           "come from the dashboard itself";
  case verdict::closed:
    return "there is no SYNAPSE_DASHBOARD_ACCESS_TOKEN, so the dashboard is there for this machine "
           "alone, under its own name (127.0.0.1 or localhost) and without a proxy: put a token "
           "into "
           "that variable of the gateway's environment (openssl rand -hex 32 makes one) and start "
           "the gateway again";
  default:
    return "the dashboard's token is missing or wrong: Authorization: Bearer, or log in at "
           "/dashboard/login";
  }
}

response_detail detail_of(verdict what) {
  switch (what) {
  case verdict::limited:
    return response_detail::rate_limited;
  case verdict::cross_site:
  case verdict::closed:
    return response_detail::forbidden;
  default:
    return response_detail::unauthorized;
  }
}

bool has_other_names(const config::settings& settings) {
  const auto& hosts = settings.listener.hosts;
  return !std::all_of(hosts.begin(), hosts.end(),
                      [](const auto& name) { return http::is_loopback_host(name); });
}

verdict check(dashboard_gate& gate, server::exchange& ex) {
  return gate.check(ex.head(), ex.client_ip(), clock::now(), has_other_names(ex.settings()));
}

unsigned wait_of(dashboard_gate& gate, const server::exchange& ex) {
  const auto client = gate.client_of(ex.head(), ex.client_ip());
  const auto wait = gate.wait_of(client, clock::now());
  return static_cast<unsigned>(std::max<std::int64_t>(1, wait.count()));
}

net::task<void> reply_page(server::exchange& ex, unsigned status, std::string body,
                           std::string_view more = {}) {
  std::string fields{page_fields};
  fields.append("Cache-Control: no-store\r\n").append(more);
  co_await ex.reply(status, "text/html; charset=utf-8", body, fields);
}

net::task<void> redirect(server::exchange& ex, std::string_view to, std::string_view more = {}) {
  std::string fields{"Location: "};
  fields.append(to).append("\r\nCache-Control: no-store\r\n").append(more);
  co_await ex.reply(303, {}, {}, fields);
}

/// The page that stands in for what its reader may not see: the login, where one can succeed.
std::string page_for(dashboard_gate& gate, verdict what, std::string_view problem) {
  return gate.has_token() ? login_page(problem) : closed_page(reason_of(what));
}

net::task<void> refuse_with_page(dashboard_gate& gate, server::exchange& ex, verdict what,
                                 std::string_view problem) {
  const auto detail = detail_of(what);
  std::string more;
  if (what == verdict::limited)
    more = "Retry-After: " + std::to_string(wait_of(gate, ex)) + "\r\n";
  auto page = page_for(gate, what, problem);
  co_await reply_page(ex, http::info(detail).status, std::move(page), more);
  ex.record().detail = detail;
}

net::task<void> refuse_at_gate(dashboard_gate& gate, server::exchange& ex, verdict what) {
  if (wants_page(ex)) {
    const auto problem = what == verdict::unauthorized ? std::string_view{} : reason_of(what);
    co_await refuse_with_page(gate, ex, what, problem);
    co_return;
  }
  std::optional<unsigned> retry_after;
  if (what == verdict::limited)
    retry_after = wait_of(gate, ex);
  co_await ex.reply_error(detail_of(what), reason_of(what), retry_after);
}

net::task<void> reply_file(server::exchange& ex, const static_file& file, std::string_view caching,
                           std::string_view more) {
  std::string_view if_none_match;
  for (const auto& field : ex.head().fields)
    if (http::iequals(field.name, "If-None-Match"))
      if_none_match = field.value;
  // Weak: the same content in several codings (RFC 9110 section 8.8.3.3).
  std::string fields{"Vary: Accept-Encoding\r\nETag: W/"};
  fields.append(file.etag).append("\r\nCache-Control: ").append(caching).append("\r\n");
  fields.append(more);
  if (etag_matches(if_none_match, file.etag)) {
    co_await ex.reply(304, {}, {}, fields);
    co_return;
  }
  std::string_view body = file.plain;
  switch (choose_coding(ex.head().fields.value_of(http::known_field::accept_encoding), file)) {
  case content_coding::brotli:
    body = file.brotli;
    fields.append("Content-Encoding: br\r\n");
    break;
  case content_coding::gzip:
    body = file.gzip;
    fields.append("Content-Encoding: gzip\r\n");
    break;
  case content_coding::plain:
    break;
  }
  co_await ex.reply(200, file.content_type, body, fields);
}

/// Without a token there is nothing to compare: in is who would be let in anyway.
verdict verdict_on_login(dashboard_gate& gate, server::exchange& ex, const std::string& token) {
  if (gate.has_token())
    return gate.login(token, gate.client_of(ex.head(), ex.client_ip()), clock::now());
  return gate.is_open_to(ex.head(), has_other_names(ex.settings())) ? verdict::allowed
                                                                    : verdict::closed;
}

/// Compares the token and begins a session.
net::task<void> log_in(dashboard_gate& gate, server::exchange& ex, const std::string& token,
                       bool with_page) {
  const auto what = verdict_on_login(gate, ex, token);
  if (what == verdict::allowed) {
    const auto cookie = gate.has_token() ? gate.session_cookie(clock::now()) : std::string{};
    if (with_page)
      co_await redirect(ex, "/dashboard", cookie);
    else
      co_await ex.reply(204, {}, {}, cookie);
    co_return;
  }
  spdlog::warn("request {}: login to the dashboard from {} refused", ex.id(), ex.client_ip());
  if (with_page)
    co_await refuse_with_page(gate, ex, what,
                              what == verdict::unauthorized ? "This token is not the right one."
                                                            : reason_of(what));
  else
    co_await refuse_at_gate(gate, ex, what);
}
} // namespace

net::task<void> behind_gate(dashboard_gate& gate, server::exchange& ex,
                            const server::handler& handle) {
  const auto what = check(gate, ex);
  if (what == verdict::allowed)
    co_await handle(ex);
  else
    co_await refuse_at_gate(gate, ex, what);
}

net::task<void> dashboard_page(const page_services& pages, server::exchange& ex) {
  const auto* index = pages.files == nullptr ? nullptr : pages.files->find("index.html");
  if (index == nullptr) {
    co_await reply_page(ex, 200, unbuilt_page());
    co_return;
  }
  co_await reply_file(ex, *index, "no-cache", page_fields);
}

net::task<void> docs(const page_services& pages, server::exchange& ex) {
  const auto* page = pages.files == nullptr ? nullptr : pages.files->find("docs.html");
  if (page != nullptr) {
    co_await reply_file(ex, *page, "no-cache", page_fields);
    co_return;
  }
  co_await ex.reply(200, "text/html; charset=utf-8", pages.docs,
                    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; "
                    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
                    "X-Content-Type-Options: nosniff\r\n"
                    "Referrer-Policy: no-referrer\r\n"
                    "Cross-Origin-Opener-Policy: same-origin\r\n"
                    "Permissions-Policy: microphone=(), camera=(), geolocation=()\r\n");
}

net::task<void> dashboard_asset(const page_services& pages, server::exchange& ex) {
  const auto name = "assets/" + std::string{ex.parameter("file")};
  const auto* file = pages.files == nullptr ? nullptr : pages.files->find(name);
  if (file == nullptr) {
    co_await ex.reply_error(response_detail::route_not_found, "no such file");
    co_return;
  }
  // Their names change with their content.
  co_await reply_file(ex, *file, "public, max-age=31536000, immutable",
                      "X-Content-Type-Options: nosniff\r\n");
}

net::task<void> dashboard_style(server::exchange& ex) {
  co_await ex.reply(200, "text/css; charset=utf-8", login_style(),
                    "Cache-Control: public, max-age=3600\r\nX-Content-Type-Options: nosniff\r\n");
}

net::task<void> dashboard_login_script(server::exchange& ex) {
  co_await ex.reply(200, "text/javascript; charset=utf-8", login_script(),
                    "Cache-Control: public, max-age=3600\r\nX-Content-Type-Options: nosniff\r\n");
}

net::task<void> dashboard_icon(server::exchange& ex) {
  co_await ex.reply(200, "image/svg+xml", icon(),
                    "Cache-Control: public, max-age=86400\r\nX-Content-Type-Options: nosniff\r\n"
                    "Content-Security-Policy: default-src 'none'\r\n");
}

net::task<void> dashboard_login_page(dashboard_gate& gate, server::exchange& ex) {
  const auto token = form_value(ex.head().query, "access_token");
  if (token) {
    co_await log_in(gate, ex, *token, true);
    co_return;
  }
  const auto what = check(gate, ex);
  if (what == verdict::allowed)
    co_await redirect(ex, "/dashboard");
  else if (what == verdict::closed)
    co_await refuse_with_page(gate, ex, what, {});
  else
    co_await reply_page(ex, 200, login_page({}));
}

net::task<void> dashboard_login(dashboard_gate& gate, server::exchange& ex) {
  const auto type = ex.head().fields.value_of(http::known_field::content_type);
  const bool is_form = type.starts_with("application/x-www-form-urlencoded");
  if (auto why = is_form ? std::nullopt : check_json_head(ex.head())) {
    co_await refuse(ex, std::move(*why));
    co_return;
  }
  const auto state = co_await ex.read_body(max_login_body);
  if (state != server::exchange::body_state::complete) {
    if (auto why = refusal_of(state, max_login_body))
      co_await refuse(ex, std::move(*why));
    else
      note_departure_while_reading(ex);
    co_return;
  }
  std::optional<std::string> token;
  if (is_form) {
    token = form_value(ex.body(), "access_token");
  } else {
    const auto body = nlohmann::json::parse(ex.body(), nullptr, false);
    if (body.is_object())
      if (const auto found = body.find("access_token"); found != body.end() && found->is_string())
        token = found->get<std::string>();
  }
  if (!token) {
    co_await ex.reply_error(response_detail::bad_request,
                            "access_token: is missing (a form field or a JSON key)");
    co_return;
  }
  co_await log_in(gate, ex, *token, is_form);
}

net::task<void> dashboard_logout(dashboard_gate& gate, server::exchange& ex) {
  gate.end_session(ex.head(), clock::now());
  co_await ex.reply(204, {}, {}, gate.no_cookie());
}

} // namespace synapse::api
