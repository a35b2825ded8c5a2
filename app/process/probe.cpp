#include "app/process/probe.hpp"

#include "config/values/values.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include <optional>

namespace synapse::app {

namespace {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using clock = std::chrono::steady_clock;

/// More than any status line has: a peer that sends more without an end of line speaks no HTTP.
constexpr std::size_t longest_line = 1024;

/// "" or why there is no answer; with a `status` when the peer speaks HTTP.
struct outcome {
  bool connected = false;
  std::optional<unsigned> status;
  std::string problem;
};

std::optional<unsigned> status_of(std::string_view line) {
  if (!line.starts_with("HTTP/1.") || line.size() < 12 || line[8] != ' ')
    return {};
  const auto code = config::parse_count(line.substr(9, 3));
  return code ? std::optional{static_cast<unsigned>(*code)} : std::nullopt;
}

class question {
public:
  question(clock::time_point due, std::string_view path)
      : due_(due), request_("GET " + std::string{path} +
                            " HTTP/1.1\r\nHost: localhost\r\nUser-Agent: synapse-probe\r\n"
                            "Connection: close\r\n\r\n") {}

  outcome ask(const tcp::endpoint& to, bool tls) {
    outcome result;
    asio::ssl::stream<tcp::socket> stream{io_, context_};
    auto ec = run([&](auto done) { stream.next_layer().async_connect(to, done); });
    if (ec)
      return failed(std::move(result), "cannot connect", ec);
    result.connected = true;
    if (tls) {
      ec = run([&](auto done) { stream.async_handshake(asio::ssl::stream_base::client, done); });
      if (ec)
        return failed(std::move(result), "the TLS handshake failed", ec);
      return converse(stream, std::move(result));
    }
    return converse(stream.next_layer(), std::move(result));
  }

private:
  /// Starts an operation and waits for it. One that is not done in time is never completed: nothing
  /// runs afterwards.
  template <class Start>
  error_code run(Start start) {
    error_code result = asio::error::timed_out;
    start([&result](error_code ec, auto&&...) { result = ec; });
    io_.restart();
    io_.run_until(due_);
    return result;
  }

  template <class Stream>
  outcome converse(Stream& stream, outcome result) {
    auto ec = run([&](auto done) { asio::async_write(stream, asio::buffer(request_), done); });
    if (ec)
      return failed(std::move(result), "cannot send the request", ec);
    std::string line;
    ec = run([&](auto done) {
      asio::async_read_until(stream, asio::dynamic_buffer(line, longest_line), "\r\n", done);
    });
    if (ec && ec != asio::error::not_found)
      return failed(std::move(result), "no answer", ec);
    result.status = status_of(line);
    if (!result.status)
      result.problem = "the answer is not HTTP";
    else if (*result.status != 200)
      result.problem = "answered " + std::to_string(*result.status);
    return result;
  }

  static outcome failed(outcome result, const std::string& what, const error_code& ec) {
    result.problem =
        what + (ec == asio::error::timed_out ? std::string{" in time"} : ": " + ec.message());
    return result;
  }

  clock::time_point due_;
  std::string request_;
  asio::io_context io_;
  asio::ssl::context context_{asio::ssl::context::tls_client};
};

/// Where a gateway that listens on `host` can be reached from beside it.
std::optional<asio::ip::address> address_of(const std::string& host, error_code& ec) {
  auto address = asio::ip::make_address(host, ec);
  if (ec) {
    asio::io_context io;
    tcp::resolver resolver{io};
    const auto found = resolver.resolve(host, "", ec);
    if (ec || found.empty())
      return {};
    address = found.begin()->endpoint().address();
  }
  if (!address.is_unspecified())
    return address;
  if (address.is_v6())
    return asio::ip::address_v6::loopback();
  return asio::ip::address_v4::loopback();
}
} // namespace

std::string probe(const config::listener_settings& at, std::string_view path,
                  std::chrono::milliseconds limit) {
  const auto due = clock::now() + limit;
  const auto place = config::host_port{at.host, at.port}.to_string() + ": ";
  if (at.port == 0)
    return place + "with port 0 nobody knows which port was taken";
  error_code ec;
  const auto address = address_of(at.host, ec);
  if (!address)
    return place + "cannot find the address: " + (ec ? ec.message() : "there is none");
  const tcp::endpoint to{*address, at.port};
  const auto first = question{due, path}.ask(to, at.tls.enabled());
  // Whether the listener speaks TLS was decided when the gateway started. The file may say
  // something else by now, or have a mistake in it, which the running gateway does not care about.
  if (first.connected && !first.status) {
    const auto second = question{due, path}.ask(to, !at.tls.enabled());
    if (second.status)
      return second.problem.empty() ? "" : place + std::string{path} + " " + second.problem;
  }
  if (first.problem.empty())
    return {};
  return place + (first.status ? std::string{path} + " " : "") + first.problem;
}

} // namespace synapse::app
