#include "http/dashboard/gate/login_pages.hpp"

namespace synapse::api {

namespace {
std::string page(std::string_view title, std::string_view body) {
  std::string text{"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
                   "<link rel=\"icon\" href=\"/favicon.ico\" type=\"image/svg+xml\">"
                   "<link rel=\"stylesheet\" href=\"/dashboard/login.css\"><title>"};
  text.append(title).append(" · Synapse</title></head><body><main>").append(body);
  return text.append("</main></body></html>\n");
}

void append_text(std::string& out, std::string_view text) {
  for (const char c : text)
    switch (c) {
    case '<':
      out += "&lt;";
      break;
    case '&':
      out += "&amp;";
      break;
    default:
      out += c;
    }
}
} // namespace

std::string login_page(std::string_view problem) {
  std::string body{"<script src=\"/dashboard/login.js\" defer></script>"
                   "<h1>Synapse</h1><form method=\"post\" action=\"/dashboard/login\">"};
  if (!problem.empty()) {
    body += "<p class=\"problem\" role=\"alert\">";
    append_text(body, problem);
    body += "</p>";
  }
  body += "<label for=\"access_token\">Access token</label>"
          "<input id=\"access_token\" name=\"access_token\" type=\"password\" "
          "autocomplete=\"current-password\" required autofocus>"
          "<button type=\"submit\">Log in</button></form>";
  return page("Log in", body);
}

std::string closed_page(std::string_view reason) {
  std::string body{"<h1>Synapse</h1><p class=\"problem\" role=\"alert\">The dashboard is closed: "};
  append_text(body, reason);
  body +=
      ".</p><p>How, where the gateway runs:</p>"
      "<pre>export SYNAPSE_DASHBOARD_ACCESS_TOKEN=$(openssl rand -hex 32)\n"
      "echo $SYNAPSE_DASHBOARD_ACCESS_TOKEN</pre>"
      "<p>or, for the package, the same variable in <code>/etc/default/synapse-gateway</code> and "
      "<code>systemctl restart synapse-gateway</code>. Then this page asks for the token. The "
      "<a href=\"/docs\">API documentation</a> needs none.</p>";
  return page("Closed", body);
}

std::string unbuilt_page() {
  return page("Dashboard", "<h1>Synapse</h1><p>The gateway runs; its dashboard has not been built. "
                           "Building it needs Node.js 18 or newer, npm and, once, a network:</p>"
                           "<pre>apt-get install nodejs npm\nmake dashboard</pre>"
                           "<p>Then start the gateway again. Until then there is the "
                           "<a href=\"/docs\">API documentation</a>.</p>");
}

std::string_view login_script() {
  // What follows # never reaches the gateway; a redirect inherits it from the request's address
  // (RFC 9110 section 10.2.2), and that is the form's.
  return R"(const form = document.querySelector('form');
if (form && location.hash.startsWith('#/')) form.action = '/dashboard/login' + location.hash;
)";
}

std::string_view icon() {
  return R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="4" fill="#1f62d8"/><path d="M4 5l4 3-4 3M8 8h4" stroke="#fff" stroke-width="1.6" fill="none" stroke-linecap="round" stroke-linejoin="round"/></svg>
)";
}

std::string_view login_style() {
  return R"(:root{color-scheme:light dark;--back:#f6f7f9;--card:#fff;--text:#1a1d21;--line:#c6ccd4;
--main:#1f5fbf;--on-main:#fff;--bad:#a3161f}
@media (prefers-color-scheme:dark){:root{--back:#101317;--card:#181c22;--text:#e6e9ee;
--line:#3a424d;--main:#7ab0ff;--on-main:#0b1220;--bad:#ff9a9f}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--back);
color:var(--text);font:16px/1.5 system-ui,sans-serif}
main{width:min(26rem,calc(100vw - 2rem));padding:2rem;background:var(--card);
border:1px solid var(--line);border-radius:12px}
h1{margin:0 0 1rem;font-size:1.25rem}
form{display:grid;gap:.6rem}
input,button{font:inherit;padding:.6rem .75rem;border-radius:8px;border:1px solid var(--line)}
input{background:var(--back);color:inherit}
button{background:var(--main);color:var(--on-main);border-color:var(--main);cursor:pointer}
:focus-visible{outline:3px solid var(--main);outline-offset:2px}
.problem{margin:0;color:var(--bad)}
a{color:var(--main)}
pre{overflow:auto;padding:.75rem;border:1px solid var(--line);border-radius:8px}
)";
}

} // namespace synapse::api
