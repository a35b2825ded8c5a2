#include "app/observation/dashboard_setup.hpp"

#include "config/values/networks.hpp"
#include "http/core/request/host_name.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <string_view>

namespace synapse::app {

namespace {
namespace fs = std::filesystem;

constexpr std::string_view installed_at = "share/synapse/dashboard";

bool is_loopback(const std::string& host) {
  boost::system::error_code ec;
  const auto address = boost::asio::ip::make_address(host, ec);
  return ec ? host == "localhost" : address.is_loopback();
}

/// `bin/synapse` is installed beside `share/`.
fs::path beside_program() {
  std::error_code ec;
  const auto program = fs::read_symlink("/proc/self/exe", ec);
  return program.parent_path().parent_path() / installed_at;
}

} // namespace

api::dashboard_gate_options gate_options(const config::settings& settings) {
  api::dashboard_gate_options options;
  options.token = settings.process.dashboard_access_token;
  options.cookie_name = settings.process.dashboard_cookie_name;
  options.cookie_secure = settings.process.dashboard_cookie_secure;
  options.loopback = is_loopback(settings.listener.host);
  options.proxies = config::networks_of(settings.process.trusted_proxies);
  return options;
}

fs::path dashboard_directory(const config::process_settings& process) {
  return process.dashboard_dir.empty() ? beside_program() : fs::path{process.dashboard_dir};
}

void tell_gate(const api::dashboard_gate& gate, const config::settings& settings,
               spdlog::logger& say) {
  if (gate.has_token())
    return;
  const auto& names = settings.listener.hosts;
  const auto named = std::find_if(names.begin(), names.end(),
                                  [](const auto& name) { return !http::is_loopback_host(name); });
  if (gate.is_open() && named == names.end()) // as it is meant to be on a machine of one's own
    say.info(
        "the dashboard is open to everybody on this machine, and through a reverse proxy on it "
        "to everybody: SYNAPSE_DASHBOARD_ACCESS_TOKEN is not set");
  else
    say.warn("the dashboard is closed: {}, and SYNAPSE_DASHBOARD_ACCESS_TOKEN is not set",
             !settings.process.trusted_proxies.empty() ? "SYNAPSE_TRUSTED_PROXIES names proxies"
             : gate.is_open()                          ? "listener.hosts names " + *named
                              : settings.listener.host + " is no loopback address");
}

} // namespace synapse::app
