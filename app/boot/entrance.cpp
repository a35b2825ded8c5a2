#include "app/boot/entrance.hpp"

#include "config/values/networks.hpp"

#include <cstdio>
#include <fstream>

namespace synapse::app {

namespace asio = boost::asio;
using boost::system::error_code;

entrance::entrance(const config::settings& first, spdlog::logger& say)
    : first_(first), say_(say), certificate_(first.listener.tls) {}

bool entrance::read_certificate() {
  if (!first_.listener.tls.enabled())
    return true;
  std::string problem;
  tls_ = certificate_.read(problem);
  if (!tls_)
    say_.critical("listener: {}", problem);
  return tls_ != nullptr;
}

std::optional<asio::ip::address> entrance::address() const {
  const auto& host = first_.listener.host;
  error_code ec;
  const auto address = asio::ip::make_address(host, ec);
  if (!ec)
    return address;
  asio::io_context context;
  asio::ip::tcp::resolver resolver{context};
  const auto found = resolver.resolve(host, "", ec);
  if (!ec && !found.empty())
    return found.begin()->endpoint().address();
  say_.critical("cannot listen on {}: {}", host, ec ? ec.message() : "no address");
  return std::nullopt;
}

/// SO_REUSEPORT would let a second gateway of the same user share the port silently.
bool entrance::port_is_free() const {
  const auto& to = first_.listener;
  if (to.port == 0)
    return true;
  error_code ec;
  const auto address = asio::ip::make_address(to.host, ec);
  if (ec)
    return true; // a name: bind() will see
  asio::io_context context;
  asio::ip::tcp::acceptor probe{context};
  probe.open(asio::ip::tcp::endpoint{address, to.port}.protocol(), ec);
  probe.set_option(asio::socket_base::reuse_address(true), ec);
  probe.bind({address, to.port}, ec);
  if (ec)
    say_.critical("cannot listen on {}:{}: {}", to.host, to.port, ec.message());
  return !ec;
}

bool entrance::bind(engine& machine, server::connection_limits& limits) {
  if (!port_is_free())
    return false;
  const auto where = address();
  if (!where)
    return false;
  const auto& to = first_.listener;
  const auto bound = config::parse_address(where->to_string());
  origins_.emplace(server::listening_place{bound && bound->is_loopback(), to.host,
                                           config::networks_of(first_.process.trusted_proxies)});
  const auto count = machine.threads().size();
  const auto reserved = (first_.limits.reserved_connections + count - 1) / count;
  port_ = to.port;
  for (const auto& t : machine.threads()) {
    error_code ec;
    t->work.origins = &*origins_;
    t->listener = std::make_unique<server::listener>(
        t->work, limits, net::tcp::endpoint{*where, port_}, to.backlog, reserved, ec);
    if (ec) {
      say_.critical("cannot listen on {}:{}: {}", to.host, port_, ec.message());
      return false;
    }
    port_ = t->listener->port();
  }
  return true;
}

void entrance::open(engine& machine) {
  machine.on_each_thread([tls = tls_](thread_parts& t) { t.listener->start(tls); });
}

void entrance::renew_certificate(engine& machine, const config::settings& now, bool always) {
  std::string problem;
  const auto context = certificate_.renewed(now.listener.tls, always, problem);
  if (!problem.empty())
    say_.error("{}; the old certificate stays in use", problem);
  if (!context)
    return;
  machine.on_each_thread([context](thread_parts& t) { t.listener->renew_certificate(context); });
  say_.info("listener certificate renewed");
}

std::string entrance::url() const {
  const auto& name = first_.listener.host;
  const auto host = name.find(':') == std::string::npos ? name : "[" + name + "]";
  return std::string{tls_ ? "https" : "http"} + "://" + host + ":" + std::to_string(port_);
}

bool write_port_file(const std::string& path, std::uint16_t port) {
  const auto fresh = path + ".new";
  std::ofstream file{fresh};
  file << port << '\n';
  file.close();
  return file && std::rename(fresh.c_str(), path.c_str()) == 0;
}

} // namespace synapse::app
