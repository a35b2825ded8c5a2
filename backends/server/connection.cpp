#include "backends/server/connection.hpp"

#include "backends/server/control.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

#include <exception>
#include <utility>

namespace synapse::backends {

namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr std::size_t largest_head = 64 * 1024;
constexpr std::size_t read_ahead = 64 * 1024;
constexpr std::chrono::seconds read_limit{30};

std::string lower(std::string text) {
  for (auto& c : text)
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

request to_request(http::request<http::string_body>&& message) {
  request out;
  auto method = message.method_string();
  out.method.assign(method.data(), method.size());
  parse_target({message.target().data(), message.target().size()}, out);
  for (const auto& field : message)
    out.headers.emplace_back(lower({field.name_string().data(), field.name_string().size()}),
                             std::string(field.value().data(), field.value().size()));
  out.http_1_0 = message.version() == 10;
  out.body = std::move(message.body());
  return out;
}

} // namespace

connection::connection(http_server& server, asio::ip::tcp::socket socket)
    : server_(server), socket_(std::move(socket)), buffer_(4 * read_ahead),
      read_timer_(server.context_), watch_ended_(server.context_),
      idle_limit_(server.service_.profile().idle_timeout) {
  server_.connections_.insert(this);
  ++server_.counters_.connections_opened;
  ++server_.counters_.connections_open;
}

connection::~connection() {
  error_code ignored;
  socket_.close(ignored);
  server_.connections_.erase(this);
  server_.counters_.last_close_ns = exchange::clock::now().time_since_epoch().count();
  --server_.counters_.connections_open;
}

asio::awaitable<void> connection::run(std::shared_ptr<connection> self) {
  try {
    co_await self->serve();
  } catch (const std::exception&) {
    // The socket failed in a way that was not asked about: the connection is over either way.
  }
}

void connection::cut() {
  if (current_)
    current_->client_gone();
  error_code ignored;
  socket_.close(ignored);
}

asio::awaitable<void> connection::serve() {
  for (;;) {
    bool more = co_await wait_for_bytes();
    if (!more)
      co_return;
    request in;
    bool keep_alive = false;
    auto result = co_await read_request(in, keep_alive);
    if (result == read_result::too_large)
      co_await refuse_request(413);
    else if (result == read_result::bad)
      co_await refuse_request(400);
    if (result != read_result::ok)
      co_return;
    ++served_;
    bool go_on = co_await answer(in, keep_alive);
    if (!go_on)
      co_return;
  }
}

asio::awaitable<bool> connection::wait_for_bytes() {
  if (buffer_.size() > 0)
    co_return true;
  arm(idle_limit_);
  auto [code, count] = co_await socket_.async_read_some(buffer_.prepare(4096), quietly);
  disarm();
  buffer_.commit(count);
  co_return !code;
}

asio::awaitable<connection::read_result> connection::read_request(request& into, bool& keep_alive) {
  http::request_parser<http::string_body> parser;
  parser.header_limit(largest_head);
  parser.body_limit(server_.service_.profile().largest_body);
  arm(read_limit);
  auto [code, read] = co_await http::async_read_header(socket_, buffer_, parser, quietly);
  if (!code && parser.get()[http::field::expect] == "100-continue") {
    static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    auto [failed, sent] =
        co_await asio::async_write(socket_, asio::buffer(go_on.data(), go_on.size()), quietly);
    code = failed;
  }
  while (!code && !parser.is_done()) {
    arm(read_limit);
    auto [failed, more] = co_await http::async_read_some(socket_, buffer_, parser, quietly);
    code = failed;
  }
  disarm();
  if (!code) {
    keep_alive = parser.keep_alive();
    into = to_request(parser.release());
    co_return read_result::ok;
  }
  if (code == http::error::body_limit)
    co_return read_result::too_large;
  bool malformed = code.category() == make_error_code(http::error::bad_method).category() &&
                   code != http::error::end_of_stream && code != http::error::partial_message;
  co_return malformed ? read_result::bad : read_result::end;
}

asio::awaitable<void> connection::refuse_request(int status) {
  static const request none;
  exchange::environment env{socket_, server_.service_, server_.counters_, server_.workers_, true};
  exchange out{env, none, std::nullopt};
  auto text = server_.service_.error_answer(status, status == 413 ? "Payload Too Large"
                                                                  : "Invalid request");
  co_await out.reply(std::move(text));
  // What the client is still sending must be read, or the answer is lost to a RST.
  error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  arm(std::chrono::milliseconds(500));
  for (;;) {
    buffer_.clear();
    auto [code, count] = co_await socket_.async_read_some(buffer_.prepare(read_ahead), quietly);
    if (code)
      break;
  }
  disarm();
}

std::optional<misbehavior_plan> connection::plan_for(const request& in) {
  if (in.path.starts_with("/__") || is_switch(in))
    return std::nullopt;
  if (server_.options_.allow_misbehave && !in.header("x-misbehave").empty()) {
    std::string problem;
    auto wanted = parse_misbehavior(in.header("x-misbehave"), problem);
    if (wanted)
      return wanted->none ? std::nullopt : std::optional(wanted->plan);
  }
  auto fault = server_.faults_.take(in.path, exchange::clock::now());
  return fault ? fault : server_.book_.take(in.path);
}

// Whoever is not on this machine finds no switch.
bool connection::is_switch(const request& in) const {
  error_code code;
  return in.path == fault_switch::path && server_.takes_faults() &&
         socket_.remote_endpoint(code).address().is_loopback() && !code;
}

asio::awaitable<bool> connection::answer(const request& in, bool keep_alive) {
  const auto& profile = server_.service_.profile();
  auto& counters = server_.counters_;
  bool last = profile.requests_per_connection != 0 && served_ >= profile.requests_per_connection;
  exchange::environment env{socket_, server_.service_, counters, server_.workers_,
                            !keep_alive || last};
  exchange out{env, in, plan_for(in)};
  if (out.refuse_wanted()) {
    server_.refuse(*out.refuse_wanted());
    co_return false;
  }
  ++counters.requests_started;
  auto since = exchange::clock::now();
  current_ = &out;
  watch_stop_ = false;
  watch(out);
  co_await dispatch(in, out);
  co_await stop_watching();
  current_ = nullptr;
  if (out.gone() && !out.complete())
    ++counters.requests_canceled;
  else
    ++counters.requests_finished;
  log(in, out, since);
  idle_limit_ = out.idle_wanted().value_or(profile.idle_timeout);
  co_return !out.must_close() && !out.will_close() && !out.gone();
}

asio::awaitable<void> connection::dispatch(const request& in, exchange& out) {
  std::string problem;
  try {
    if (server_.options_.allow_misbehave && in.path.starts_with("/__"))
      co_return co_await control(in, out);
    if (is_switch(in))
      co_return co_await switch_fault(in, out);
    if (out.plan().close_at_once)
      co_return;
    auto forced = out.forced_answer();
    if (forced) {
      co_await out.reply(std::move(*forced));
      co_return;
    }
    co_await server_.service_.handle(in, out);
  } catch (const std::exception& error) {
    problem = error.what();
  }
  if (!problem.empty() && !out.started()) {
    auto text = server_.service_.error_for(in, 500, problem);
    co_await out.reply(std::move(text));
  }
}

asio::awaitable<void> connection::control(const request& in, exchange& out) {
  auto text = control_answer(in, server_.misbehaviors(), server_.counters_);
  if (text.refuse)
    server_.refuse(*text.refuse);
  co_await out.reply(std::move(text.answer));
}

asio::awaitable<void> connection::switch_fault(const request& in, exchange& out) {
  auto done = server_.faults_.control(in, exchange::clock::now());
  if (done.restored)
    server_.service_.restore();
  co_await out.reply(std::move(done.answer));
}

void connection::watch(exchange& out) {
  if (buffer_.size() >= read_ahead || !socket_.is_open())
    return;
  watching_ = true;
  socket_.async_read_some(buffer_.prepare(4096),
                          [self = shared_from_this(), &out](error_code code, std::size_t count) {
                            self->buffer_.commit(count);
                            self->watching_ = false;
                            if (self->watch_stop_)
                              self->watch_ended_.cancel();
                            else if (code)
                              out.client_gone();
                            else
                              self->watch(out);
                          });
}

asio::awaitable<void> connection::stop_watching() {
  watch_stop_ = true;
  if (!watching_)
    co_return;
  error_code ignored;
  socket_.cancel(ignored);
  while (watching_) {
    watch_ended_.expires_at(exchange::clock::time_point::max());
    co_await watch_ended_.async_wait(quietly);
  }
}

void connection::arm(std::chrono::milliseconds limit) {
  read_timer_.expires_after(limit);
  // The number tells a handler that was queued already from the one that is meant.
  read_timer_.async_wait([self = weak_from_this(), number = ++arm_number_](error_code code) {
    auto alive = self.lock();
    error_code ignored;
    if (!code && alive && alive->arm_number_ == number)
      alive->socket_.close(ignored);
  });
}

void connection::disarm() {
  ++arm_number_;
  read_timer_.cancel();
}

void connection::log(const request& in, const exchange& out,
                     exchange::clock::time_point since) const {
  if (!server_.options_.log)
    return;
  std::chrono::duration<double, std::milli> taken = exchange::clock::now() - since;
  auto end = out.complete() ? "" : out.gone() ? " client gone" : " broken off";
  server_.options_.log(std::string(server_.service_.name()) + " " + in.method + " " + in.target +
                       " " + std::to_string(taken.count()) + " ms" + end);
}

} // namespace synapse::backends
